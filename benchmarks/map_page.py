"""The map page against folium's own inline canvas of the same hazards: seconds to ready, heap, bytes of HTML.

Targets at 100,000 hazards: ready 0.7x, heap 0.2x, HTML 0.01x.

Needs a built demo city: ``.venv/bin/python benchmarks/map_page.py --home /var/lib/jingwei``
"""

from __future__ import annotations

import argparse
import functools
import http.server
import json
import statistics
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

import folium
from playwright.sync_api import Browser, sync_playwright
from sqlalchemy import text
from tiles import _copied_city, _our_server

from gis_app.rendering import assets, figure
from gis_app.storage import cluster
from gis_app.storage.engine import make_engine

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
ROUNDS = 3


def main() -> None:
    """Measure both pages in turn, for the demo's hazards and for 100,000."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True)
    arguments = parser.parse_args()
    running = cluster.start(arguments.home)
    for hazards in (30_500, 100_000):
        with (
            _copied_city(running, hazards) as urls,
            _our_server(urls.superuser_url, cache_mb=64),
            tempfile.TemporaryDirectory() as folder,
        ):
            page = _folium_page(urls.superuser_url, Path(folder))
            with _files(Path(folder)) as address, sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
                ours = "http://127.0.0.1:8102/?renderer=canvas#from=2025-11-01&to=2026-12-31"
                results = {"ours": [], "folium": []}
                for _ in range(ROUNDS):
                    results["ours"].append(_visit(browser, ours, "() => window.jingwei.whenReady()"))
                    results["folium"].append(_visit(browser, f"{address}/{page.name}", _DRAWN))
                browser.close()
            html = {"ours": len(urllib.request.urlopen(ours).read()), "folium": page.stat().st_size}
            _report(hazards, results, html)


_STARTED = """async () => {
  const isOurs = location.port === "8102";
  while (isOurs && !window.jingwei) await new Promise((later) => setTimeout(later, 20));
}"""
_DRAWN = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


def _folium_page(url: str, folder: Path) -> Path:
    """Write folium's page: one GeoJson layer of circle markers on Leaflet's canvas, colours by state."""
    engine = make_engine(url)
    query = text("SELECT ST_X(geom), ST_Y(geom), title, severity, state FROM hazard_map")
    with engine.connect() as connection:
        features = [
            {
                "type": "Feature",
                "geometry": {"type": "Point", "coordinates": [round(x, 6), round(y, 6)]},
                "properties": {"title": title, "severity": severity, "state": state},
            }
            for x, y, title, severity, state in connection.execute(query)
        ]
    engine.dispose()
    page = figure.bare_map(bounds=(120.17, 27.61, 120.8, 27.99))
    folium.GeoJson(
        {"type": "FeatureCollection", "features": features},
        marker=folium.CircleMarker(radius=4, fill=True, weight=1),
        tooltip=folium.GeoJsonTooltip(["title", "state"]),
    ).add_to(page)
    target = folder / "folium.html"
    target.write_text(
        figure.offline_page(page, nonce="", static_url="/static", title="folium", language="en"), encoding="utf-8"
    )
    static = Path(assets.__file__).resolve().parents[2] / "static"
    (folder / "static").symlink_to(static)
    return target


class _files:  # noqa: N801 - reads as a statement
    """Serve a folder on a free port."""

    def __init__(self, folder: Path) -> None:
        handler = functools.partial(_Quiet, directory=str(folder))
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)

    def __enter__(self) -> str:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_port}"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _visit(browser: Browser, address: str, ready: str) -> tuple[float, float]:
    """Return seconds until the page is drawn, and the megabytes of its heap after a collection."""
    page = browser.new_page(viewport={"width": 1920, "height": 1080})
    begin = time.perf_counter()
    page.goto(address, timeout=120_000)
    page.evaluate(_STARTED)
    page.evaluate(ready)
    took = time.perf_counter() - begin
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    session.send("Performance.enable")
    metrics = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
    page.close()
    return took, metrics["JSHeapUsedSize"] / 1e6


def _report(hazards: int, results: dict[str, list[tuple[float, float]]], html: dict[str, int]) -> None:
    seconds, heap = (
        {side: statistics.median(values[n] for values in runs) for side, runs in results.items()} for n in (0, 1)
    )
    print(
        json.dumps(
            {
                "hazards": hazards,
                "ready_s": seconds,
                "ready_ratio": round(seconds["ours"] / seconds["folium"], 3),
                "heap_mb": heap,
                "heap_ratio": round(heap["ours"] / heap["folium"], 3),
                "html_bytes": html,
                "html_ratio": round(html["ours"] / html["folium"], 5),
            }
        )
    )


if __name__ == "__main__":
    main()
