"""The wall over a compressed day: heap and DOM nodes; database and server restarted under it: time to recover.

Needs a built demo city that may be changed:
``PYTHONPATH=. .venv/bin/python benchmarks/wall_soak.py --home /tmp/city [--minutes 13] [--events 2000] [--port 8108]``.
The wall draws its tiles anew at most every 30 s: 13 minutes are 24 of them, as in a day of one an hour.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import CDPSession, Page, sync_playwright
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from gis_app.domain.alerts import AlertKind, AlertLevel
from gis_app.domain.errors import Conflict, InvalidInput, Unavailable
from gis_app.domain.hazards import DiscoveryWay, Severity
from gis_app.services import alerts, hazards
from gis_app.services.alerts import AlertRuleWish
from gis_app.services.audit import HeadsFile, Ledger
from gis_app.services.database import opened
from gis_app.services.hazards import Report, Spot
from gis_app.settings import Settings
from gis_app.storage.engine import scoped, system_scope
from tests.conftest import CHROMIUM, CHROMIUM_FLAGS

READY_MS = 120_000
WARM_S = 75.0
"""What a page keeps once (code, tiles of every scene) is there by then."""
_PLACES = text("SELECT ST_X(label_point), ST_Y(label_point) FROM area WHERE level = 'village' AND valid_to IS NULL")
_CITY = text("SELECT id FROM account WHERE login = 'city'")


@dataclass(frozen=True)
class Memory:
    """What a page holds after a collection of garbage."""

    heap_mb: float
    nodes: int
    listeners: int

    def __str__(self) -> str:
        """Return it in words."""
        return f"heap {self.heap_mb:.1f} MB, {self.nodes} nodes, {self.listeners} listeners"


def main() -> None:
    """Serve, open the wall, let a day pass, restart the database, then the server."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=13)
    parser.add_argument("--events", type=int, default=2000)
    parser.add_argument("--port", type=int, default=8108)
    arguments = parser.parse_args()
    os.environ["JINGWEI_HOME"] = str(arguments.home)
    settings = Settings.from_environment()
    address = f"http://127.0.0.1:{arguments.port}"
    with opened(settings) as database, sync_playwright() as playwright:
        ledger = Ledger(database.app, HeadsFile(settings.heads_file))
        with scoped(database.app, system_scope()) as connection:
            places = [tuple(row) for row in connection.execute(_PLACES)]
            account_id = int(connection.execute(_CITY).scalar_one())
        _add_rule(ledger)
        server = _serve(arguments.port)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        try:
            page = _open_wall(browser, address, arguments.home)
            page.wait_for_timeout(WARM_S * 1000)
            session = page.context.new_cdp_session(page)
            begin = _memory(session)
            print(f"begin: {begin}", flush=True)
            _pass_day(ledger, page, session, account_id, places, arguments)
            _drain(page)
            print(f"end: {_memory(session)}; {_counts(page)}", flush=True)
            seconds = _database_away(ledger, page, account_id, places, settings)
            print(f"database killed: fresh and told of a new case after {seconds:.1f} s", flush=True)
            server = _server_away(server, page, ledger, account_id, places, arguments.port)
            print(f"at last: {_memory(session)}; {_counts(page)}", flush=True)
        finally:
            browser.close()
            server.send_signal(signal.SIGTERM)
            server.wait(timeout=60)


def _add_rule(ledger: Ledger) -> None:
    wish = AlertRuleWish("Severe", AlertKind.SEVERITY, AlertLevel.CRITICAL, {"severity": "major"}, "330381")
    known = alerts.listed_rules(ledger.engine, system_scope())
    if not any(row["name"] == wish.name for row in known):
        alerts.add_rule(ledger, system_scope("bench"), wish)


def _serve(port: int) -> subprocess.Popen[str]:
    server = subprocess.Popen(
        [Path(sys.executable).with_name("jingwei"), "serve", "--port", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    next(line for line in server.stdout or () if "http://" in line)
    return server


def _open_wall(browser: Any, address: str, home: Path) -> Page:
    password = json.loads((home / "demo-accounts.json").read_text())["screen"]
    context = browser.new_context(viewport={"width": 1920, "height": 1080}, timezone_id="Asia/Shanghai")
    form = {"login": "screen", "password": password}
    context.request.post(f"{address}/login", form=form, headers={"Origin": address})
    page: Page = context.new_page()
    page.goto(f"{address}/wall")
    page.evaluate(
        "async () => { while (!window.jingwei) await new Promise((done) => setTimeout(done, 50));"
        " await jingwei.whenReady(); }"
    )
    return page


def _memory(session: CDPSession) -> Memory:
    for _ in range(3):
        session.send("HeapProfiler.collectGarbage")
    counters = session.send("Memory.getDOMCounters")
    used = session.send("Runtime.getHeapUsage")["usedSize"]
    return Memory(used / 2**20, counters["nodes"], counters["jsEventListeners"])


def _counts(page: Page) -> str:
    known = page.evaluate("({...jingwei.counts, marks: jingwei.marks, errors: jingwei.errors.length})")
    return ", ".join(f"{value} {name}" for name, value in known.items())


def _report(ledger: Ledger, account_id: int, place: tuple[float, float]) -> None:
    lon, lat = place
    found = datetime.now(UTC) - timedelta(minutes=1)
    severity = random.choice([*Severity])
    spot = Spot(lon + random.uniform(-0.002, 0.002), lat + random.uniform(-0.002, 0.002), "wgs84")
    body = Report(uuid.uuid4(), "fire", severity, DiscoveryWay.PATROL, f"Case {random.randrange(10**6)}", spot, found)
    hazards.report(ledger, system_scope("bench"), account_id, body)


def _pass_day(
    ledger: Ledger,
    page: Page,
    session: CDPSession,
    account_id: int,
    places: list[tuple[float, float]],
    arguments: argparse.Namespace,
) -> None:
    """Write the events evenly, and tell the memory now and then; every twelfth of the way the dwell is cut short."""
    pause, began = arguments.minutes * 60 / arguments.events, time.monotonic()
    written = 0

    def write() -> None:
        nonlocal written
        while written < arguments.events:
            with contextlib.suppress(InvalidInput):
                # At the edge of the city a place beside the village's middle may lie outside: another one then.
                _report(ledger, account_id, random.choice(places))
                written += 1
            time.sleep(max(began + written * pause - time.monotonic(), 0))

    writer = threading.Thread(target=write)
    writer.start()
    for twelfth in range(1, 13):
        while writer.is_alive() and time.monotonic() - began < twelfth * arguments.minutes * 5:
            page.wait_for_timeout(500)
        page.evaluate("jingwei.carousel.step(1)")
        print(f"{time.monotonic() - began:.0f} s, {written} written: {_memory(session)}; {_counts(page)}", flush=True)
    writer.join()


def _drain(page: Page) -> None:
    """Wait until what goes by itself (rings) is gone."""
    page.wait_for_timeout(15_000)


def _told_again(
    ledger: Ledger, page: Page, account_id: int, places: list[tuple[float, float]], gone_at: float
) -> float:
    """Return after how long a case reported since is told and the wall is fresh."""
    while True:
        known = page.evaluate("jingwei.counts.events")
        try:
            _report(ledger, account_id, random.choice(places))
        except (Unavailable, Conflict, InvalidInput, DBAPIError):
            page.wait_for_timeout(100)
            continue
        break
    end = time.monotonic() + READY_MS / 1000
    while time.monotonic() < end:
        if page.evaluate("jingwei.counts.events") > known and page.evaluate("jingwei.state") == "fresh":
            return time.monotonic() - gone_at
        page.wait_for_timeout(50)
    raise AssertionError("The wall did not come back.")


def _database_away(
    ledger: Ledger, page: Page, account_id: int, places: list[tuple[float, float]], settings: Settings
) -> float:
    """Kill the postmaster; the server's watch starts it again. Return the seconds until the wall is told of a case."""
    pid = int((settings.home / "pgdata" / "postmaster.pid").read_text().splitlines()[0])
    gone_at = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    return _told_again(ledger, page, account_id, places, gone_at)


def _server_away(
    server: subprocess.Popen[str],
    page: Page,
    ledger: Ledger,
    account_id: int,
    places: list[tuple[float, float]],
    port: int,
) -> subprocess.Popen[str]:
    """Stop the server for half a minute: the wall turns grey; then serve again and tell when it is back."""
    server.send_signal(signal.SIGTERM)
    server.wait(timeout=60)
    gone_at = time.monotonic()
    while page.evaluate("jingwei.state") != "stale":
        page.wait_for_timeout(100)
    print(f"server stopped: grey after {time.monotonic() - gone_at:.1f} s, {page.inner_text('#as-of')!r}", flush=True)
    page.wait_for_timeout(15_000)
    back = _serve(port)
    back_at = time.monotonic()
    seconds = _told_again(ledger, page, account_id, places, back_at)
    print(f"server back: fresh and told of a new case after {seconds:.1f} s", flush=True)
    return back


if __name__ == "__main__":
    main()
