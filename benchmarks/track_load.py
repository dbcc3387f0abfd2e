"""Teams that send a position every few seconds, with an open live map (aim: 0 lost; p95 of intake, lag of the map).

Needs a built demo city that may be changed (a small one gets the teams it lacks):
``PYTHONPATH=. .venv/bin/python benchmarks/track_load.py --home /tmp/city [--teams 523] [--every 5] [--minutes 30]``.
Each team walks the streets, records a fix at its own moment of each interval and sends at once what was not sent yet,
over HTTP, again until it is acknowledged. The lag is from a fix's own time until an open stream of events tells it.
"""

from __future__ import annotations

import argparse
import heapq
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import requests
from more_teams import ensure_teams
from own_server import demo_session
from pyproj import Transformer
from sqlalchemy import text

from gis_app.planning.street_segments import network_of
from gis_app.services.database import opened
from gis_app.services.patrol_simulation import SCATTER_M, Walker
from gis_app.settings import Settings
from gis_app.storage import street_walks, track_intake
from gis_app.storage.engine import scoped, system_scope

PORT, SENDERS, SEED = 8161, 48, 330381
ADDRESS = f"http://127.0.0.1:{PORT}"
AGAIN_S = 0.5


@dataclass
class Sent:
    """What the devices and the open map saw."""

    request_s: list[float] = field(default_factory=list)
    late_s: list[float] = field(default_factory=list)
    kept: set[tuple[str, str, int]] = field(default_factory=set)
    refusals: Counter[str] = field(default_factory=Counter)
    lag_s: list[float] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)
    is_over: bool = False
    first: float = float("inf")
    """When this run begins: an open map is told the last positions of earlier ones too."""


def main() -> None:
    """Serve, listen, send, count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--teams", type=int, default=523)
    parser.add_argument("--every", type=float, default=5.0)
    parser.add_argument("--minutes", type=float, default=30.0)
    arguments = parser.parse_args()
    os.environ["JINGWEI_HOME"] = str(arguments.home)
    run, steps = uuid.uuid4().hex[:8], round(arguments.minutes * 60 / arguments.every)
    codes, places = _ways(arguments.teams, steps, arguments.every)
    server = subprocess.Popen(
        [Path(sys.executable).with_name("jingwei"), "serve", "--port", str(PORT)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    next(line for line in server.stdout if "http://" in line)
    session, sent = demo_session(ADDRESS, arguments.home, "dispatcher"), Sent()
    token = _token(session)
    listener = threading.Thread(target=_listen, args=(session, sent), daemon=True)
    listener.start()
    first = sent.first = time.time() + 3.0
    senders = [
        threading.Thread(
            target=_send,
            args=(token, run, codes[number::SENDERS], places[number::SENDERS], first, arguments.every, sent),
        )
        for number in range(min(SENDERS, len(codes)))
    ]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    took = time.time() - first
    time.sleep(3)
    sent.is_over = True
    server.send_signal(signal.SIGTERM)
    server.wait(timeout=120)
    _report(run, sent, arguments, took=took)


def _ways(teams: int, steps: int, every_s: float) -> tuple[list[str], np.ndarray]:
    """Return the codes of the teams, and where each is at each step: teams x steps x (lon, lat)."""
    settings = Settings.from_environment()
    with opened(settings) as database, scoped(database.app, system_scope()) as connection:
        ensure_teams(connection, teams)
        rows = track_intake.first_teams(connection, most=teams, srid=settings.metric_srid)
        network = network_of(street_walks.streets(connection, srid=settings.metric_srid))
    chance = np.random.default_rng(SEED)
    degrees = Transformer.from_crs(settings.metric_srid, 4326, always_xy=True)
    places = []
    for row in rows:
        walker = Walker(network, row["mode"], (row["x"], row["y"]), chance)
        places.append(np.column_stack(degrees.transform(*np.array([walker.step(every_s) for _ in range(steps)]).T)))
    return [row["code"] for row in rows], np.array(places)


def _token(session: requests.Session) -> str:
    form = {"label": "gateway", "days": "1", "rights": "send_tracks", "csrf": session.headers["X-CSRF-Token"]}
    return re.search(r"jw_[\w-]+", session.post(f"{ADDRESS}/account/tokens", data=form).text)[0]


def _listen(session: requests.Session, sent: Sent) -> None:
    """Hear what an open map is told, and connect again as a browser does."""
    while not sent.is_over:
        try:
            with session.get(f"{ADDRESS}/api/events", stream=True, timeout=(5, 20)) as answer:
                name = ""
                for line in answer.iter_lines(decode_unicode=True):
                    if line.startswith("event: "):
                        name = line.removeprefix("event: ")
                    elif line.startswith("data: ") and name == "positions":
                        now = time.time()
                        told = json.loads(line.removeprefix("data: "))
                        told = [
                            (each["patrol"], datetime.fromisoformat(each["recorded_at"]).timestamp()) for each in told
                        ]
                        sent.lag_s += [now - at for _, at in told if at >= sent.first]
                        sent.seen |= {patrol for patrol, at in told if at >= sent.first}
        except requests.RequestException:
            time.sleep(0.5)


def _send(token: str, run: str, codes: list[str], places: np.ndarray, first: float, every_s: float, sent: Sent) -> None:
    """Send for some teams, each at its own moment of the interval; what waits meanwhile goes with the next request."""
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    chance = np.random.default_rng(abs(hash(run + codes[0])) % 2**32)
    phases, steps = chance.uniform(0, every_s, len(codes)).tolist(), places.shape[1]
    turns = [(first + phase, 0, team) for team, phase in enumerate(phases)]
    heapq.heapify(turns)
    while turns:
        due, step, team = heapq.heappop(turns)
        time.sleep(max(due - time.time(), 0))
        begin = first + phases[team]
        until = min(int((time.time() - begin) / every_s) + 1, steps)
        moments = [datetime.fromtimestamp(begin + every_s * each, UTC).isoformat() for each in range(step, until)]
        fixes = [
            {"recorded_at": at, "lon": lon, "lat": lat, "sequence": each, "accuracy_m": SCATTER_M}
            for each, at, (lon, lat) in zip(range(step, until), moments, places[team, step:until].tolist(), strict=True)
        ]
        body = {"id": str(uuid.uuid4()), "device": f"load-{run}-{codes[team]}", "team": codes[team], "fixes": fixes}
        sent.late_s.append(time.time() - due)
        began = time.perf_counter()
        while not _is_taken(connection, json.dumps(body), headers, sent):
            time.sleep(AGAIN_S)
        sent.request_s.append(time.perf_counter() - began)
        sent.kept |= {(body["device"], fix["recorded_at"], fix["sequence"]) for fix in fixes}
        if until < steps:
            heapq.heappush(turns, (begin + every_s * until, until, team))


def _is_taken(connection: http.client.HTTPConnection, body: str, headers: dict[str, str], sent: Sent) -> bool:
    try:
        connection.request("POST", "/api/tracks/fixes", body, headers)
        answer = connection.getresponse()
        answer.read()
        status = str(answer.status)
    except (OSError, http.client.HTTPException) as error:
        connection.close()
        status = type(error).__name__
    if status in ("200", "201"):
        return True
    sent.refusals[status] += 1
    return False


def _report(run: str, sent: Sent, arguments: argparse.Namespace, *, took: float) -> None:
    query = text("SELECT device, recorded_at, sequence FROM track_point WHERE starts_with(device, :run)")
    with opened(Settings.from_environment()) as database, scoped(database.app, system_scope()) as connection:
        rows = connection.execute(query, {"run": f"load-{run}-"}).all()
    stored = {(row.device, row.recorded_at.astimezone(UTC).isoformat(), row.sequence) for row in rows}
    print(
        f"{arguments.teams} teams, a fix each {arguments.every:g} s, {took / 60:.1f} minutes: {len(sent.kept)} fixes "
        f"acknowledged, {len(sent.kept - stored)} lost, {len(rows) - len(stored)} twice, {dict(sent.refusals)} refused"
    )
    for name, seconds in (("intake", sent.request_s), ("sent late by", sent.late_s), ("lag of the map", sent.lag_s)):
        p50, p95, p99 = np.quantile(seconds, (0.5, 0.95, 0.99))
        print(f"{name}: p50 {1000 * p50:.0f}, p95 {1000 * p95:.0f}, p99 {1000 * p99:.0f}, most {max(seconds):.2f} s")
    print(f"{len(sent.request_s)} requests, {len(sent.kept) / len(sent.request_s):.2f} fixes each")
    print(f"{len(sent.lag_s)} positions told to the open map, of {len(sent.seen)} patrols")


if __name__ == "__main__":
    main()
