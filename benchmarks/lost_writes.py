"""Acknowledged writes while workers and the database are killed again and again (aim: 0 lost, 0 twice).

Needs a built demo city that may be changed:
``.venv/bin/python benchmarks/lost_writes.py --home /tmp/city [--writes 5000] [--kills 20]``. Clients report hazards and
repeat each request, with the same identifier, until it is acknowledged with 200 or 201. Every other kill takes the
postmaster, the others a worker; both with signal 9, at random moments.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import requests
from own_server import demo_session
from sqlalchemy import text

from gis_app.services.database import opened
from gis_app.settings import Settings
from gis_app.storage.engine import scoped, system_scope

CLIENTS, PORT = 16, 8106
LOGINS = ("gridworker", "village", "township", "dispatcher", "city")
"""Each may send 300 changes a minute to each worker."""
ADDRESS = f"http://127.0.0.1:{PORT}"


@dataclass
class Outcome:
    """What the clients saw."""

    acknowledged: dict[uuid.UUID, str] = field(default_factory=dict)
    refusals: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)


def main() -> None:
    """Serve, write, kill, count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--writes", type=int, default=5000)
    parser.add_argument("--kills", type=int, default=20)
    arguments = parser.parse_args()
    os.environ["JINGWEI_HOME"] = str(arguments.home)
    place, before = _facts()
    server = subprocess.Popen(
        [Path(sys.executable).with_name("jingwei"), "serve", "--port", str(PORT)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    next(line for line in server.stdout if "http://" in line)
    began = time.monotonic()
    outcome, sessions = Outcome(), [demo_session(ADDRESS, arguments.home, login) for login in LOGINS]
    todo = iter(range(arguments.writes))
    clients = [
        threading.Thread(target=_write, args=(todo, place, sessions[number % len(LOGINS)], outcome))
        for number in range(CLIENTS)
    ]
    for client in clients:
        client.start()
    kills = _kill(server, arguments, clients, outcome)
    for client in clients:
        client.join()
    took = time.monotonic() - began
    server.send_signal(signal.SIGTERM)
    server.wait(timeout=60)
    _report(outcome, kills, took=took, before=before)


def _facts() -> tuple[tuple[float, float], int]:
    """Return a place in a village of the demo's grid worker, and how many hazards there are."""
    with opened(Settings.from_environment()) as database, scoped(database.app, system_scope()) as connection:
        query = text("""
        SELECT ST_X(v.label_point), ST_Y(v.label_point) FROM area v JOIN account a ON a.area_id = v.id
        WHERE a.login = 'gridworker'""")
        lon, lat = connection.execute(query).one()
        return (lon, lat), int(connection.execute(text("SELECT count(*) FROM hazard")).scalar_one())


def _write(todo, place: tuple[float, float], session: requests.Session, outcome: Outcome) -> None:
    own = requests.Session()
    own.headers.update(session.headers)
    own.cookies.update(session.cookies)
    chance = random.Random()
    while True:
        with outcome.lock:
            number = next(todo, None)
        if number is None:
            return
        client_id = uuid.uuid4()
        body = {
            "id": str(client_id),
            "category": "fire",
            "severity": "low",
            "discovered_by": "patrol",
            "title": f"第 {number} 条",
            "discovered_at": (datetime.now(UTC) - timedelta(minutes=1)).isoformat(),
            "location": {"lon": place[0], "lat": place[1], "datum": "wgs84"},
        }
        while True:
            try:
                answer = own.post(f"{ADDRESS}/api/hazards", json=body, timeout=20)
            except requests.RequestException as error:
                with outcome.lock:
                    outcome.refusals[type(error).__name__] += 1
                time.sleep(chance.uniform(0.1, 0.5))
                continue
            if answer.status_code in (200, 201):
                # Some answers are lost on their way: those clients send the same again.
                if chance.random() < 0.02:
                    continue
                with outcome.lock:
                    outcome.acknowledged[client_id] = answer.json()["id"]
                break
            with outcome.lock:
                outcome.refusals[str(answer.status_code)] += 1
            time.sleep(chance.uniform(0.1, 0.5))


def _kill(server, arguments, clients, outcome: Outcome) -> Counter[str]:
    """Kill at equal steps of the way, so that each kill falls into the middle of the writing."""
    kills: Counter[str] = Counter()
    for number in range(arguments.kills):
        mark = (number + 0.5 + random.uniform(-0.3, 0.3)) * arguments.writes / arguments.kills
        while len(outcome.acknowledged) < mark and any(client.is_alive() for client in clients):
            time.sleep(0.01)
        if number % 2:
            kills["postmaster"] += _kill_postmaster(arguments.home)
        else:
            os.kill(random.choice(_workers(server.pid)), signal.SIGKILL)
            kills["worker"] += 1
    return kills


def _kill_postmaster(home: Path) -> int:
    while True:
        try:
            pid = int((home / "pgdata" / "postmaster.pid").read_text().split()[0])
            os.kill(pid, signal.SIGKILL)
        except (FileNotFoundError, ProcessLookupError, IndexError, ValueError):
            time.sleep(0.05)
            continue
        return 1


def _workers(master: int) -> list[int]:
    while True:
        children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
        if children:
            return [int(child) for child in children]
        time.sleep(0.05)


def _report(outcome: Outcome, kills: Counter[str], *, took: float, before: int) -> None:
    with opened(Settings.from_environment()) as database, scoped(database.app, system_scope()) as connection:
        rows = connection.execute(text("SELECT client_id, hazard_id FROM client_write")).all()
        stored = {row.client_id: str(row.hazard_id) for row in rows}
        hazards = {str(each) for each in connection.execute(text("SELECT id FROM hazard")).scalars()}
        audited = connection.execute(text("SELECT subject FROM audit_entry WHERE action = 'hazard.report'")).scalars()
        times_audited = Counter(subject.partition(":")[2] for subject in audited)
        steps = connection.execute(text("SELECT hazard_id::text FROM hazard_event WHERE version = 1")).scalars()
        times_begun = Counter(steps)
    told = outcome.acknowledged
    lost = [each for each, hazard in told.items() if stored.get(each) != hazard or hazard not in hazards]
    added = len(hazards) - before
    torn = [hazard for hazard in told.values() if times_audited[hazard] != 1 or times_begun[hazard] != 1]
    print(f"{len(told)} writes acknowledged in {took:.0f} s by {CLIENTS} clients; kills: {dict(kills)}")
    print(f"refused or cut off meanwhile, then repeated: {dict(outcome.refusals)}")
    twice = added - len(set(told.values()))
    print(f"lost: {len(lost)}; stored twice: {twice}; without one step and one entry: {len(torn)}")


if __name__ == "__main__":
    main()
