"""Acknowledged positions while workers and the database are killed again and again (aim: 0 lost, 0 twice, 0 torn).

Needs a built demo city that may be changed:
``.venv/bin/python benchmarks/lost_fixes.py --home /tmp/city [--writes 500] [--kills 10]``. Devices send batches of
20 fixes, some of them again that were sent before, and repeat each request until it is acknowledged with 200 or 201.
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
from datetime import UTC, datetime, timedelta
from pathlib import Path

import requests
from lost_writes import ADDRESS, CLIENTS, PORT, Outcome, _kill
from own_server import demo_session
from sqlalchemy import text

from gis_app.services.database import opened
from gis_app.settings import Settings
from gis_app.storage.engine import scoped, system_scope

BATCH, OVERLAP = 20, 5
STEP_S = 5


def main() -> None:
    """Serve, send, kill, count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--writes", type=int, default=500)
    parser.add_argument("--kills", type=int, default=10)
    arguments = parser.parse_args()
    os.environ["JINGWEI_HOME"] = str(arguments.home)
    with opened(Settings.from_environment()) as database, scoped(database.app, system_scope()) as connection:
        team = connection.execute(text("SELECT min(code) FROM team")).scalar_one()
    run = uuid.uuid4().hex[:8]
    server = subprocess.Popen(
        [Path(sys.executable).with_name("jingwei"), "serve", "--port", str(PORT)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    next(line for line in server.stdout if "http://" in line)
    outcome, session, began = Outcome(), demo_session(ADDRESS, arguments.home, "dispatcher"), time.monotonic()
    sent: dict[str, set[tuple[str, int]]] = {f"{run}-{number}": set() for number in range(CLIENTS)}
    share = arguments.writes // CLIENTS
    clients = [
        threading.Thread(target=_send, args=(device, team, share, session, outcome, kept))
        for device, kept in sent.items()
    ]
    for client in clients:
        client.start()
    kills = _kill(server, arguments, clients, outcome)
    for client in clients:
        client.join()
    took = time.monotonic() - began
    server.send_signal(signal.SIGTERM)
    server.wait(timeout=60)
    _report(outcome, sent, kills, took=took)


def _send(
    device: str, team: str, count: int, session: requests.Session, outcome: Outcome, kept: set[tuple[str, int]]
) -> None:
    own, chance = requests.Session(), random.Random()
    own.headers.update(session.headers)
    own.cookies.update(session.cookies)
    first = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=STEP_S * BATCH * (count + 1))
    for number in range(count):
        rows = range(max(number * BATCH - OVERLAP, 0), (number + 1) * BATCH)
        fixes = [
            {
                "recorded_at": (first + timedelta(seconds=STEP_S * row)).isoformat(),
                "lon": 120.63 + 1e-5 * row,
                "lat": 27.78,
                "sequence": row,
            }
            for row in rows
        ]
        body = {"id": str(uuid.uuid4()), "device": device, "team": team, "fixes": fixes}
        while True:
            try:
                answer = own.post(f"{ADDRESS}/api/tracks/fixes", json=body, timeout=20)
                status = str(answer.status_code)
            except requests.RequestException as error:
                status = type(error).__name__
            if status in ("200", "201"):
                # Some answers are lost on their way: those devices send the same again.
                if chance.random() < 0.05:
                    continue
                break
            with outcome.lock:
                outcome.refusals[status] += 1
            time.sleep(chance.uniform(0.1, 0.5))
        kept |= {(fix["recorded_at"], fix["sequence"]) for fix in fixes}
        with outcome.lock:
            outcome.acknowledged[uuid.UUID(body["id"])] = device


def _report(outcome: Outcome, sent: dict[str, set[tuple[str, int]]], kills: Counter[str], *, took: float) -> None:
    lost = twice = torn = 0
    with opened(Settings.from_environment()) as database, scoped(database.app, system_scope()) as connection:
        for device, kept in sent.items():
            query = text("SELECT recorded_at, sequence FROM track_point WHERE device = :device")
            rows = connection.execute(query, {"device": device}).all()
            stored = {(row.recorded_at.astimezone(UTC).isoformat(), row.sequence) for row in rows}
            lost, twice = lost + len(kept - stored), twice + len(rows) - len(stored)
            query = text("SELECT coalesce(sum(fix_count), 0) FROM patrol WHERE device = :device")
            torn += connection.execute(query, {"device": device}).scalar_one() != len(rows)
    fixes = sum(len(kept) for kept in sent.values())
    print(f"{fixes} fixes in {len(outcome.acknowledged)} batches acknowledged in {took:.0f} s; kills: {dict(kills)}")
    print(f"refused or cut off meanwhile, then repeated: {dict(outcome.refusals)}")
    print(f"lost: {lost}; stored twice: {twice}; patrols whose count is not that of their fixes: {torn}")


if __name__ == "__main__":
    main()
