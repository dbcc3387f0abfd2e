"""A day at ten times the volume through the HTTP API: 840 hazards from report to close-out by 200 users at once.

Needs a built demo city that may be changed:
``.venv/bin/python benchmarks/loop_day.py --home /tmp/city [--hazards 840] [--users 200]``. Half of the users report,
the others work the queues of their desk or unit, thinking for half a second to two seconds between requests. Printed:
the times of reads and writes, errors, conflicts (another was faster, which the page tells), and the queue at the end.
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

import numpy as np
import requests
from own_server import logged_in
from sqlalchemy import text

from gis_app.domain.errors import Conflict
from gis_app.domain.rights import Role
from gis_app.services import accounts
from gis_app.services.accounts import AccountWish
from gis_app.services.audit import HeadsFile, Ledger
from gis_app.services.database import opened
from gis_app.settings import Settings
from gis_app.storage.engine import scoped, system_scope

PORT = 8107
ADDRESS = f"http://127.0.0.1:{PORT}"
PASSWORD = "a day at ten times the volume"  # noqa: S105 - of accounts that this run makes
LONGEST_S = 900
NEXT = {
    "reported": "file",
    "filed": "assign",
    "assigned": "start",
    "handling": "feedback",
    "feedback": "verify",
    "verified": "close",
}
STAGES_OF = {
    Role.SUPERVISOR: "reported,feedback,verified",
    Role.DISPATCHER: "filed",
    Role.HANDLER: "assigned,handling",
}
SHARES = {Role.GRID_WORKER: 0.5, Role.SUPERVISOR: 0.2, Role.DISPATCHER: 0.1, Role.HANDLER: 0.2}


@dataclass
class Day:
    """What happened, told by all users."""

    wanted: int
    pace: float
    reported: int = 0
    ids: set[str] = field(default_factory=set)
    closed: set[str] = field(default_factory=set)
    times: dict[str, list[float]] = field(default_factory=lambda: {"read": [], "write": []})
    outcomes: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)
    began: float = field(default_factory=time.monotonic)

    def is_over(self) -> bool:
        """Return whether all hazards are closed out, or the time is over."""
        return len(self.closed) >= self.wanted or time.monotonic() - self.began > LONGEST_S

    def take_report(self) -> int | None:
        """Return the number of the next hazard to report, None when all are."""
        with self.lock:
            if self.reported >= self.wanted:
                return None
            self.reported += 1
            return self.reported


@dataclass(frozen=True)
class Town:
    """A township, its office, and a village of it to report from."""

    code: str
    village: str
    lon: float
    lat: float


def main() -> None:
    """Make accounts, serve, let everybody work, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--hazards", type=int, default=840)
    parser.add_argument("--users", type=int, default=200)
    parser.add_argument("--pace", type=float, default=1, help="think so many times as long")
    arguments = parser.parse_args()
    os.environ["JINGWEI_HOME"] = str(arguments.home)
    people = _people(arguments.users)
    server = subprocess.Popen(
        [Path(sys.executable).with_name("jingwei"), "serve", "--port", str(PORT)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    next(line for line in server.stdout if "http://" in line)
    day = Day(arguments.hazards, arguments.pace)
    sessions = [(role, town, logged_in(ADDRESS, login, PASSWORD)) for role, town, login in people]
    day.began = time.monotonic()
    users = [threading.Thread(target=_work, args=(day, *each)) for each in sessions]
    for user in users:
        user.start()
    for user in users:
        user.join()
    took = time.monotonic() - day.began
    server.send_signal(signal.SIGTERM)
    server.wait(timeout=60)
    _report(day, took=took, users=len(users))


def _people(count: int) -> list[tuple[Role, Town, str]]:
    """Make the accounts, those of earlier runs kept, and return who they are."""
    settings = Settings.from_environment()
    with opened(settings) as database:
        query = text("""
        SELECT DISTINCT ON (t.code) t.code, v.code AS village, ST_X(v.label_point) AS lon, ST_Y(v.label_point) AS lat
        FROM area t JOIN area v ON v.parent_id = t.id AND v.level = 'village' AND v.valid_to IS NULL
        WHERE t.level = 'township' AND t.valid_to IS NULL ORDER BY t.code, v.code""")
        with scoped(database.app, system_scope()) as connection:
            towns = [Town(**row) for row in connection.execute(query).mappings()]
        ledger, people = Ledger(database.app, HeadsFile(settings.heads_file)), []
        for role, share in SHARES.items():
            for number in range(round(count * share)):
                town = towns[number % len(towns)]
                login = f"day-{role.value.replace('_', '-')}-{number}"
                unit = f"town:{town.code}" if role is Role.HANDLER else None
                area = town.village if role is Role.GRID_WORKER else town.code
                try:
                    wish = AccountWish(login, role, area, unit_code=unit)
                    accounts.create(ledger, system_scope("benchmark"), wish, password=PASSWORD)
                except Conflict:
                    pass
                people.append((role, town, login))
    return people


def _work(day: Day, role: Role, town: Town, session: requests.Session) -> None:
    chance = random.Random()
    while not day.is_over():
        if role is Role.GRID_WORKER:
            _report_one(day, town, session)
        else:
            _work_queue(day, role, session, chance)
        time.sleep(chance.uniform(0.5, 2.0) * day.pace)


def _report_one(day: Day, town: Town, session: requests.Session) -> None:
    number = day.take_report()
    if number is None:
        _asked(day, session, "GET", "/api/hazards?limit=20")
        return
    body = {
        "id": str(uuid.uuid4()),
        "category": random.choice(("fire", "building", "production", "flood")),
        "severity": random.choice(("low", "general")),
        "discovered_by": "patrol",
        "title": f"第 {number} 条",
        "discovered_at": (datetime.now(UTC) - timedelta(minutes=1)).isoformat(),
        "location": {"lon": town.lon, "lat": town.lat, "datum": "wgs84"},
    }
    answer = _asked(day, session, "POST", "/api/hazards", json=body)
    while answer is None or answer.status_code != 201:
        time.sleep(1)
        answer = _asked(day, session, "POST", "/api/hazards", json=body)
        if answer is not None and answer.status_code == 200:
            break
    with day.lock:
        day.ids.add(answer.json()["id"])


def _work_queue(day: Day, role: Role, session: requests.Session, chance: random.Random) -> None:
    own = "&unit=own" if role is Role.HANDLER else ""
    answer = _asked(day, session, "GET", f"/api/queue?stage={STAGES_OF[role]}{own}&order=newest&limit=50")
    if answer is None or answer.status_code != 200:
        return
    mine = [
        each for each in answer.json()["cases"] if each["id"] in day.ids and NEXT[each["stage"]] in each["permitted"]
    ]
    for each in chance.sample(mine, min(3, len(mine))):
        step = {
            "action": NEXT[each["stage"]],
            "hazards": [{"id": each["id"], "version": each["version"]}],
            "id": str(uuid.uuid4()),
        }
        done = _asked(day, session, "POST", "/api/steps", json=step)
        if done is not None and done.status_code == 200 and step["action"] == "close":
            with day.lock:
                day.closed.add(each["id"])


def _asked(day: Day, session: requests.Session, method: str, path: str, **body) -> requests.Response | None:
    began = time.perf_counter()
    try:
        answer = session.request(method, f"{ADDRESS}{path}", timeout=30, **body)
        outcome = str(answer.status_code)
    except requests.RequestException as error:
        answer, outcome = None, type(error).__name__
    took = time.perf_counter() - began
    with day.lock:
        day.times["read" if method == "GET" else "write"].append(took)
        day.outcomes[f"{method} {outcome}"] += 1
    return answer


def _report(day: Day, *, took: float, users: int) -> None:
    with opened(Settings.from_environment()) as database, scoped(database.app, system_scope()) as connection:
        query = text("SELECT stage, count(*) FROM hazard WHERE id = ANY(CAST(:ids AS uuid[])) GROUP BY 1")
        queue = {row[0]: row[1] for row in connection.execute(query, {"ids": sorted(day.ids)})}
    print(f"{users} users, {len(day.ids)} hazards in {took:.0f} s; at the end: {queue}")
    for kind, times in day.times.items():
        p50, p95, p99 = np.percentile(times, [50, 95, 99]) * 1000
        print(f"{kind}: {len(times)} requests, p50 {p50:.0f} ms, p95 {p95:.0f} ms, p99 {p99:.0f} ms")
    print(f"answers: {dict(sorted(day.outcomes.items()))}")


if __name__ == "__main__":
    main()
