"""Cases on their way through the loop, told to 50 open pages in three areas while the server restarts twice.

100 events a second; aim: 0 lost, 0 twice, 0 foreign.

Needs a built demo city that may be changed:
``PYTHONPATH=. .venv/bin/python benchmarks/live_events.py --home /tmp/city [--seconds 60] [--clients 50] [--rate 100]``.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import requests
from own_server import demo_session
from requests.cookies import RequestsCookieJar
from sqlalchemy import text

from gis_app.domain.areas import AreaLevel
from gis_app.domain.errors import InvalidInput
from gis_app.domain.hazards import DiscoveryWay, Severity
from gis_app.domain.rights import Role
from gis_app.domain.transitions import Action
from gis_app.services import hazards
from gis_app.services.audit import HeadsFile, Ledger
from gis_app.services.database import opened
from gis_app.services.gate import Caller
from gis_app.services.hazards import Report, Spot
from gis_app.services.loop_steps import move
from gis_app.services.loop_values import Step
from gis_app.settings import Settings
from gis_app.storage.engine import scoped, system_scope
from tests.event_listener import Listener, told_at

WRITERS, RESTARTS = 3, 2
AT_ONCE = 6
"""A desk takes the cases of one village together; each is reported by itself."""
LOOP = (
    (Role.SUPERVISOR, Action.FILE),
    (Role.DISPATCHER, Action.ASSIGN),
    (Role.HANDLER, Action.START),
    (Role.HANDLER, Action.FEEDBACK),
    (Role.SUPERVISOR, Action.VERIFY),
    (Role.SUPERVISOR, Action.CLOSE),
)
SCATTER = 0.002
"""Degrees about a village's middle: thousands of cases in one place would measure the search for doubles."""
LATE_S = 20.0
"""A writer that cannot keep the rate stops so long after its time; the rate reached is printed."""
BACK_S = 3.0
"""Pages come back within so long of the server."""
LOGINS = ("city", "township", "village")
_PLACES = text("""
SELECT ST_X(label_point), ST_Y(label_point) FROM area WHERE level = 'village' AND valid_to IS NULL ORDER BY code""")
_OF_AREA = text("""
SELECT n.id FROM notice n JOIN account a ON a.login = :login JOIN area s ON s.id = a.area_id
WHERE n.id > :after AND starts_with(n.scope_path, s.scope_path)""")


def main() -> None:
    """Serve, listen, write, restart, count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--rate", type=float, default=100, help="events a second")
    parser.add_argument("--port", type=int, default=8107)
    arguments = parser.parse_args()
    os.environ["JINGWEI_HOME"] = str(arguments.home)
    os.environ.setdefault("JINGWEI_THREADS", "96")
    settings, address = Settings.from_environment(), f"http://127.0.0.1:{arguments.port}"
    with opened(settings) as database:
        with scoped(database.app, system_scope()) as connection:
            places = [tuple(row) for row in connection.execute(_PLACES)]
            after = int(connection.execute(text("SELECT coalesce(max(id), 0) FROM notice")).scalar_one())
        server = _serve(arguments.port)
        cookies = {login: demo_session(address, arguments.home, login).cookies for login in LOGINS}
        listeners = [
            (login, Listener(address, _with(cookies[login]), after=after).start())
            for number in range(arguments.clients)
            for login in (LOGINS[number % len(LOGINS)],)
        ]
        for _, listener in listeners:
            listener.wait_until_begun()
        ends_at = time.monotonic() + arguments.seconds
        # In processes of their own: threads here would wait for the ones that listen.
        writers = [
            multiprocessing.get_context("spawn").Process(
                target=_write, args=(settings, places, arguments.rate / WRITERS, ends_at)
            )
            for _ in range(WRITERS)
        ]
        for writer in writers:
            writer.start()
        away: list[tuple[float, float]] = []
        for _ in range(RESTARTS):
            time.sleep(arguments.seconds / (RESTARTS + 1))
            gone_at = time.time()
            server.send_signal(signal.SIGTERM)
            server.wait(timeout=60)
            server = _serve(arguments.port)
            away.append((gone_at, time.time() + BACK_S))
        for writer in writers:
            writer.join()
        time.sleep(5)
        with scoped(database.app, system_scope()) as connection:
            due = {
                login: set(connection.execute(_OF_AREA, {"login": login, "after": after}).scalars()) for login in LOGINS
            }
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=60)
    _report(due, listeners, away, seconds=arguments.seconds)


def _serve(port: int) -> subprocess.Popen[str]:
    server = subprocess.Popen(
        [Path(sys.executable).with_name("jingwei"), "serve", "--port", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    next(line for line in server.stdout if "http://" in line)
    return server


def _with(cookies: RequestsCookieJar) -> requests.Session:
    session = requests.Session()
    session.cookies.update(cookies)
    return session


def _write(settings: Settings, places: list[tuple[float, float]], rate: float, ends_at: float) -> None:
    """Report cases of one village, and take them through the loop: seven events of each."""
    with opened(settings) as database:
        ledger = Ledger(database.app, HeadsFile(settings.heads_file))
        with scoped(database.app, system_scope()) as connection:
            account_id = int(connection.execute(text("SELECT id FROM account WHERE login = 'city'")).scalar_one())
            categories = connection.execute(text("SELECT code FROM hazard_category")).scalars().all()
        next_at = time.monotonic()
        while next_at < ends_at and time.monotonic() < ends_at + LATE_S:
            category, place = random.choice(categories), random.choice(places)
            cases: list[Mapping[str, Any]] = []
            while len(cases) < AT_ONCE:
                with contextlib.suppress(InvalidInput):
                    # At the edge of an area a place beside the village's middle may lie outside: another one then.
                    cases.append(
                        hazards.report(ledger, system_scope("bench"), account_id, _case(category, *place)).hazard
                    )
                    next_at = _in_step(next_at + 1 / rate)
            for role, action in LOOP:
                units = {row["unit_code"] if role is Role.HANDLER else None for row in cases}
                by_unit = {unit: [row for row in cases if unit is None or row["unit_code"] == unit] for unit in units}
                cases = [
                    row
                    for unit, some in by_unit.items()
                    for row in move(
                        ledger,
                        _caller(account_id, role, unit),
                        Step(action, client_id=uuid.uuid4()),
                        targets=[(row["id"], row["version"]) for row in some],
                    )
                ]
                next_at = _in_step(next_at + AT_ONCE / rate)


def _in_step(next_at: float) -> float:
    time.sleep(max(next_at - time.monotonic(), 0))
    return next_at


def _caller(account_id: int, role: Role, unit: str | None) -> Caller:
    ends = datetime.now(UTC) + timedelta(days=1)
    scope = system_scope(f"bench {role.value}")
    return Caller(account_id, role, "en", AreaLevel.CITY, unit, scope, "", must_change_password=False, expires_at=ends)


def _case(category: str, lon: float, lat: float) -> Report:
    scattered = (each + random.uniform(-SCATTER, SCATTER) for each in (lon, lat))
    return Report(
        uuid.uuid4(),
        category,
        Severity.GENERAL,
        DiscoveryWay.PATROL,
        "Measured",
        Spot(*scattered, "wgs84"),
        datetime.now(UTC) - timedelta(minutes=1),
    )


def _report(
    due: dict[str, set[int]],
    listeners: list[tuple[str, Listener]],
    away: list[tuple[float, float]],
    *,
    seconds: float,
) -> None:
    lost = twice = foreign = 0
    waits = []
    for login, listener in listeners:
        heard = Counter(listener.ids())
        lost += len(due[login] - heard.keys())
        foreign += len(heard.keys() - due[login])
        twice += sum(count - 1 for count in heard.values())
        waits += [(told_at(each), each["waited_s"]) for each in listener.heard]
    count = len(due["city"])
    print(f"{count} events in {seconds:.0f} s ({count / seconds:.0f} a second), {len(listeners)} streams in 3 areas")
    print(f"due: {', '.join(f'{login} {len(ids)}' for login, ids in due.items())}; told {len(waits)}")
    print(f"reconnections: {sum(listener.connections - 1 for _, listener in listeners)} over {RESTARTS} restarts")
    print(f"lost {lost}, twice {twice}, foreign {foreign}")
    served = [waited for at, waited in waits if not any(gone <= at <= back for gone, back in away)]
    for name, some in (("while served", served), ("restarts included", [waited for _, waited in waits])):
        print(f"latency {name}: median {np.median(some):.3f} s, p95 {np.quantile(some, 0.95):.3f} s")


if __name__ == "__main__":
    main()
