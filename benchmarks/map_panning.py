"""The command map with 1,000,000 hazards: seconds to a sharp map, frame times while panning, heap, in both renderers.

Nothing is compared with a peer here: folium's inline page cannot hold so many. Printed are the medians and the 95th
percentile of the time between frames while the map is dragged across the city and zoomed in, and the heap after a
collection. The graphics card of a machine without one is software (SwiftShader); its figures stand for the worst case.

Needs a built demo city: ``.venv/bin/python benchmarks/map_panning.py --home /var/lib/jingwei``
"""

from __future__ import annotations

import argparse
import json
import secrets
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy import text
from tiles import _copied_city, _our_server

from gis_app.domain.rights import Role
from gis_app.services import accounts
from gis_app.services.accounts import AccountWish
from gis_app.services.audit import HeadsFile, Ledger
from gis_app.storage import cluster
from gis_app.storage.engine import make_engine, system_scope

FLAGS = ["--no-sandbox", "--disable-background-networking", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
ADDRESS = "http://127.0.0.1:8102"
WINDOW = "from=2020-01-01&to=2027-12-31"
VIEWS = {"city": "", "town": "map=13/27.78/120.65&", "street": "map=16/27.78/120.65&"}
ROUNDS = 3
_WATCH_FRAMES = """() => {
  window.frames = [];
  let last = performance.now();
  const note = (now) => { window.frames.push(now - last); last = now; requestAnimationFrame(note); };
  requestAnimationFrame(note);
}"""
_STARTED = "async () => { while (!window.jingwei) await new Promise((later) => setTimeout(later, 20)); }"


def main() -> None:
    """Measure both renderers in turn."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--hazards", type=int, default=1_000_000)
    arguments = parser.parse_args()
    running = cluster.start(arguments.home)
    with (
        _copied_city(running, arguments.hazards) as urls,
        _our_server(urls.superuser_url, cache_mb=256),
        sync_playwright() as playwright,
    ):
        login, password = _reader(urls.app_url)
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        results: dict[tuple[str, str], list[dict[str, float]]] = {}
        for _ in range(ROUNDS):
            for view in VIEWS:
                for renderer in ("canvas", "gl"):
                    results.setdefault((view, renderer), []).append(_visit(browser, (login, password), renderer, view))
        browser.close()
    for (view, renderer), runs in results.items():
        print(json.dumps({"view": view, "renderer": renderer, **_medians(runs)}))


def _reader(url: str) -> tuple[str, str]:
    """Return login and password of an account that sees the whole city."""
    engine = make_engine(url, pool_size=1)
    ledger = Ledger(engine, HeadsFile(Path(tempfile.mkdtemp()) / "heads.log"), lambda: datetime.now(UTC))
    login, password = f"map-{secrets.token_hex(4)}", secrets.token_urlsafe(16)
    with engine.begin() as connection:
        connection.execute(text("SELECT set_config('jingwei.scope', '/', true)"))
        city = connection.execute(text("SELECT code FROM area WHERE level = 'city' AND valid_to IS NULL")).scalar_one()
    accounts.create(ledger, system_scope("benchmark"), AccountWish(login, Role.ANALYST, city), password=password)
    engine.dispose()
    return login, password


def _visit(browser: Browser, account: tuple[str, str], renderer: str, view: str) -> dict[str, float]:
    context = browser.new_context(viewport={"width": 1920, "height": 1080})
    form = {"login": account[0], "password": account[1]}
    answer = context.request.post(f"{ADDRESS}/login", form=form, headers={"Origin": ADDRESS})
    assert answer.ok and not answer.url.endswith("/login")
    page = context.new_page()
    page.set_default_timeout(180_000)
    begin = time.perf_counter()
    page.goto(f"{ADDRESS}/?renderer={renderer}#{VIEWS[view]}{WINDOW}")
    page.evaluate(_STARTED)
    page.evaluate("() => window.jingwei.whenReady()")
    ready = time.perf_counter() - begin
    assert page.evaluate("jingwei.renderer") == renderer
    frames = _panned(page)
    session = context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    session.send("Performance.enable")
    metrics = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
    context.close()
    frames.sort()
    return {
        "ready_s": ready,
        "frame_p50_ms": statistics.median(frames),
        "frame_p95_ms": frames[int(len(frames) * 0.95)],
        "frame_worst_ms": frames[-1],
        "heap_mb": metrics["JSHeapUsedSize"] / 1e6,
    }


def _panned(page: Page) -> list[float]:
    """Drag the map forth and back and return the milliseconds between frames."""
    page.evaluate(_WATCH_FRAMES)
    for way in (1, -1, 1, -1):
        page.mouse.move(960, 540)
        page.mouse.down()
        for step in range(1, 31):
            page.mouse.move(960 + way * 14 * step, 540 + way * 6 * step)
        page.mouse.up()
        page.evaluate("() => window.jingwei.whenReady()")
    return [float(each) for each in page.evaluate("window.frames.slice(2)")]


def _medians(runs: list[dict[str, float]]) -> dict[str, float]:
    return {name: round(statistics.median(run[name] for run in runs), 1) for name in runs[0]}


if __name__ == "__main__":
    main()
