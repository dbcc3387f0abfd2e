"""Hazard tiles and features against tipg and against the bare SQL, on one cluster in one alternating run.

Targets: z16 at least 5x tipg's requests per second, z12-14 at least 1.4x, z14 at least 0.6x the bare query, kept tiles
at least 0.7x a file of the same server, no tile over 500 KB; 1,000 features of a box at least 10x tipg's. Ours asks for
a log-in and works under row-level security, the peer sees everything.

Needs a built demo city (``jingwei demo --no-serve``) and a Python environment with tipg and uvicorn::

    python3 -m venv /tmp/peers && /tmp/peers/bin/pip install tipg uvicorn
    .venv/bin/python benchmarks/tiles.py --home /var/lib/jingwei --peer-python /tmp/peers/bin/python

The city's database is copied, its hazards are multiplied, and the copy is dropped at the end.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import random
import secrets
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import text

from gis_app.domain.rights import RIGHTS_OF, Right, Role, Scope
from gis_app.services import accounts, api_tokens
from gis_app.services.accounts import AccountWish
from gis_app.services.api_tokens import TokenWish
from gis_app.services.audit import HeadsFile, Ledger
from gis_app.storage import cluster
from gis_app.storage.cluster_database import ensure_database
from gis_app.storage.engine import long_job, make_engine, scoped, system_scope
from gis_app.storage.hazard_cells import refresh_hazard_month_cells
from gis_app.storage.tiles import TileAddress, TileFilter, TileSource, tile

CLIENTS, TILES, ROUNDS = 4, 40, 5
WINDOW = "from=2020-01-01&to=2027-12-31"
TARGETS = {12: 1.4, 13: 1.4, 14: 1.4, 16: 5.0}
_MULTIPLY = text("""
INSERT INTO hazard (number, category_code, severity, stage, discovered_by, title, discovered_at, due_at, closed_at,
                    village_id, grid_id, scope_path, geom, is_synthetic)
SELECT h.number || '-' || n, h.category_code, h.severity, h.stage, h.discovered_by, h.title,
       h.discovered_at - n * interval '1 hour', h.due_at, h.closed_at, h.village_id, h.grid_id, h.scope_path,
       ST_Translate(h.geom, 0.004 * (random() - 0.5), 0.004 * (random() - 0.5)), true
FROM hazard h CROSS JOIN generate_series(1, :times) n""")


def main() -> None:
    """Stage, measure, clean up."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--peer-python", type=Path, required=True)
    parser.add_argument("--hazards", type=int, default=1_000_000)
    arguments = parser.parse_args()
    running = cluster.start(arguments.home)
    with _copied_city(running, arguments.hazards) as urls:
        places = _places(urls.superuser_url)
        with (
            _our_server(urls.superuser_url, cache_mb=0) as ours,
            _our_server(urls.superuser_url, cache_mb=256) as keeping,
            _tipg(_peer_url(running), arguments.peer_python) as theirs,
        ):
            for zoom, target in TARGETS.items():
                _compare(f"z{zoom} tipg", target, ours, theirs, addresses=_addresses(places, zoom))
            _compare(
                "1,000 features of a box",
                10,
                ours,
                theirs,
                addresses=[f"/ogc/collections/hazards/items?{box}" for box in _boxes(places)],
                other=[f"items?{box}" for box in _boxes(places)],
            )
            _bare_sql(urls.app_url, ours, _addresses(places, 14))
            _kept(keeping, _addresses(places, 14))
            _largest(ours, places)


@contextlib.contextmanager
def _copied_city(running: cluster.RunningCluster, hazards: int) -> Iterator:
    admin = make_engine(running.url("postgres", "postgres"), pool_size=1)
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("DROP DATABASE IF EXISTS tile_benchmark"))
        connection.execute(text("CREATE DATABASE tile_benchmark TEMPLATE jingwei OWNER jingwei_owner"))
    urls = ensure_database(running, "tile_benchmark")
    app = make_engine(urls.app_url)
    with long_job(app) as connection:
        count = connection.execute(text("SELECT count(*) FROM hazard")).scalar_one()
        connection.execute(_MULTIPLY, {"times": max(round(hazards / count) - 1, 0)})
        refresh_hazard_month_cells(connection)
        total = connection.execute(text("SELECT count(*) FROM hazard")).scalar_one()
        print(f"hazards: {total:,}")
    superuser = make_engine(urls.superuser_url)
    with superuser.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE hazard"))
    for engine in (app, superuser):
        engine.dispose()
    try:
        yield urls
    finally:
        with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("DROP DATABASE tile_benchmark WITH (FORCE)"))
        admin.dispose()


def _places(url: str) -> list[tuple[float, float]]:
    engine = make_engine(url)
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT ST_X(geom), ST_Y(geom) FROM hazard TABLESAMPLE SYSTEM (1) REPEATABLE (7)")
        )
        places = [(row[0], row[1]) for row in rows]
    engine.dispose()
    random.Random(7).shuffle(places)
    return places


def _addresses(places: list[tuple[float, float]], zoom: int) -> list[str]:
    """Return distinct tiles where hazards are."""
    found = {}
    for lon, lat in places:
        x = int((lon + 180) / 360 * 2**zoom)
        y = int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * 2**zoom)
        found[f"{zoom}/{x}/{y}"] = None
    return list(found)[:TILES]


@contextlib.contextmanager
def _server(command: list, environment: dict[str, str], probe: str) -> Iterator[None]:
    process = subprocess.Popen(
        command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(300):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(probe, timeout=5).read()
                break
            time.sleep(0.2)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


@contextlib.contextmanager
def _our_server(url: str, *, cache_mb: int) -> Iterator[Callable[[str], int]]:
    port = 8101 + (cache_mb > 0)
    settings = {
        "DATABASE_URL": url.replace("+psycopg", ""),
        "JINGWEI_WORKERS": "1",
        "JINGWEI_TILE_CACHE_MB": str(cache_mb),
    }
    command = [Path(sys.executable).with_name("jingwei"), "serve", "--port", str(port)]
    base = f"http://127.0.0.1:{port}"
    token = _token(url)
    with _server(command, settings, f"{base}/api/health"):
        yield lambda address: _read(
            f"{base}/tiles/hazards/{address}.mvt?{WINDOW}" if address[0].isdigit() else base + address, token
        )


def _token(url: str) -> str:
    """Return a token of an account that sees the whole city."""
    engine = make_engine(url, pool_size=1)
    ledger = Ledger(engine, HeadsFile(Path(tempfile.mkdtemp()) / "heads.log"), lambda: datetime.now(UTC))
    login = f"benchmark-{secrets.token_hex(4)}"
    with engine.connect() as connection:
        city = connection.execute(text("SELECT code FROM area WHERE level = 'city' AND valid_to IS NULL")).scalar_one()
    accounts.create(ledger, system_scope("benchmark"), AccountWish(login, Role.ANALYST, city), local=False)
    rights = frozenset({Right.VIEW_MAP, Right.VIEW_AGGREGATES})
    scope = Scope(account=login, area_path=f"/{city}/", rights=RIGHTS_OF[Role.ANALYST])
    made = api_tokens.create(ledger, scope, TokenWish("benchmark", rights, 1))
    engine.dispose()
    return made.secret


def _boxes(places: list[tuple[float, float]]) -> list[str]:
    """Return queries for the first 1,000 features of boxes where hazards are."""
    return [f"limit=1000&bbox={lon - 0.01},{lat - 0.01},{lon + 0.01},{lat + 0.01}" for lon, lat in places[:TILES]]


def _peer_url(running: cluster.RunningCluster) -> str:
    """Return the address as tipg's settings and driver take a socket: as the host, percent-encoded."""
    return f"postgresql://postgres@{quote(str(running.socket_folder), safe='')}:5432/tile_benchmark"


@contextlib.contextmanager
def _tipg(url: str, python: Path) -> Iterator[Callable[[str], int]]:
    command = [python, "-m", "uvicorn", "tipg.main:app", "--port", "8103", "--workers", "1", "--log-level", "error"]
    base = "http://127.0.0.1:8103/collections/public.hazard"
    with _server(command, {"DATABASE_URL": url}, "http://127.0.0.1:8103/healthz"):
        yield lambda address: _read(
            f"{base}/tiles/WebMercatorQuad/{address}?properties=title,severity,stage"
            if address[0].isdigit()
            else f"{base}/{address}"
        )


def _read(url: str, token: str = "") -> int:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=60) as answer:
        return len(answer.read())


def _seconds(ask: Callable[[str], int], addresses: list[str]) -> tuple[float, list[float], int]:
    """Return the time of all requests by several clients, each one's, and the bytes."""
    each: list[float] = []

    def timed(address: str) -> int:
        begin = time.perf_counter()
        size = ask(address)
        each.append(time.perf_counter() - begin)
        return size

    begin = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as clients:
        size = sum(clients.map(timed, addresses))
    return time.perf_counter() - begin, each, size


def _compare(
    label: str,
    target: float,
    first: Callable[[str], int],
    second: Callable[[str], int],
    *,
    addresses: list[str],
    other=None,
) -> None:
    totals, every, sizes = ([0.0, 0.0], ([], []), [0, 0])
    for turn in range(ROUNDS + 1):
        for side, (ask, asked) in enumerate(((first, addresses), (second, other or addresses))):
            took, each, size = _seconds(ask, asked)
            if turn:
                totals[side] += took
                every[side].extend(each)
                sizes[side] = size
    rate = [len(side) / total for side, total in zip(every, totals, strict=True)]
    p95 = [statistics.quantiles(side, n=20)[-1] * 1000 for side in every]
    p50 = [statistics.median(side) * 1000 for side in every]
    kb = [size / len(addresses) / 1000 for size in sizes]
    print(
        f"{label}: ours {rate[0]:.0f}/s (p50 {p50[0]:.1f}, p95 {p95[0]:.1f} ms, {kb[0]:.0f} KB), other {rate[1]:.0f}/s "
        f"(p50 {p50[1]:.1f}, p95 {p95[1]:.1f} ms, {kb[1]:.0f} KB), ratio {rate[0] / rate[1]:.2f} (at least {target})"
    )


def _bare_sql(url: str, ours: Callable[[str], int], addresses: list[str]) -> None:
    engine = make_engine(url, pool_size=CLIENTS)
    source = TileSource(layer="hazards", view="hazard_map", columns=("title", "state", "severity"), buffer_px=16)

    def ask(address: str) -> int:
        with scoped(engine, Scope(account="benchmark", area_path="/")) as connection:
            return len(tile(connection, source, TileAddress(*map(int, address.split("/"))), TileFilter()))

    _compare("z14 bare SQL", 0.6, ours, ask, addresses=addresses)
    engine.dispose()


def _kept(keeping: Callable[[str], int], addresses: list[str]) -> None:
    """Compare kept tiles with a route of the same server that only answers."""
    _compare(
        "z14 kept", 0.7, keeping, keeping, addresses=addresses, other=["/static/icons/favicon.svg"] * len(addresses)
    )


def _largest(ours: Callable[[str], int], places: list[tuple[float, float]]) -> None:
    sizes = {address: ours(address) for zoom in range(8, 17) for address in _addresses(places, zoom)}
    worst = max(sizes, key=sizes.__getitem__)
    print(f"largest of {len(sizes)} tiles: {worst}, {sizes[worst] / 1000:.0f} KB (at most 500)")


if __name__ == "__main__":
    main()
