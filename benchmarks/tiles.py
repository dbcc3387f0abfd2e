"""Hazard tiles and features against tipg, pygeoapi and the bare SQL, on one cluster in one alternating run.

Targets: z16 at least 5x tipg's requests per second, z12-14 at least 1.4x, z14 at least 0.6x the bare query, kept tiles
at least 0.7x a file of the same server, no tile over 500 KB; 1,000 features of a box at least 10x tipg's. Ours asks for
a log-in and works under row-level security, the peers see everything. All are asked over kept connections. Beside the
rates stands the processor time of each server and its database per request: it says the same on a machine that is busy.

Needs a built demo city (``jingwei demo --no-serve``) and a Python environment with the peers::

    python3 -m venv /tmp/peers
    /tmp/peers/bin/pip install tipg uvicorn pygeoapi psycopg2-binary geoalchemy2 gunicorn
    .venv/bin/python benchmarks/tiles.py --home /var/lib/jingwei --peer-python /tmp/peers/bin/python

The city's database is copied, its hazards are multiplied, and the copy is dropped at the end.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import math
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from own_server import city_token, running_server
from sqlalchemy import text

from gis_app.domain.rights import Right, Scope
from gis_app.storage import cluster
from gis_app.storage.cluster_database import ensure_database
from gis_app.storage.engine import long_job, make_engine, scoped
from gis_app.storage.hazard_cells import refresh_hazard_month_cells
from gis_app.storage.tiles import TileAddress, TileFilter, TileSource, tile

CLIENTS, TILES, ROUNDS = 4, 40, 5
DATABASE = "tile_benchmark"
PEERS = ("tipg_peer", "geoapi_peer")
"""Roles of the peers, which see everything."""
PORTS = (8101, 8102, 8103, 8104)
"""Of our server without and with kept tiles, of tipg and of pygeoapi."""
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
            _tipg(running, arguments.peer_python, urls.superuser_url) as tipg,
            _pygeoapi(running, arguments.peer_python, urls.superuser_url) as pygeoapi,
        ):
            for zoom, target in TARGETS.items():
                _compare(f"z{zoom} tipg", target, ours, tipg, addresses=_addresses(places, zoom))
            own = [f"/ogc/collections/hazards/items?{box}" for box in _boxes(places)]
            other = [f"items?{box}" for box in _boxes(places)]
            _compare("1,000 features of a box, tipg", 10, ours, tipg, addresses=own, other=other)
            _compare("1,000 features of a box, pygeoapi", 10, ours, pygeoapi, addresses=own[:8], other=other[:8])
            _bare_sql(urls.app_url, ours, _addresses(places, 14))
            _kept(keeping, _addresses(places, 14))
            _largest(ours, places)


@contextlib.contextmanager
def _copied_city(running: cluster.RunningCluster, hazards: int) -> Iterator:
    admin = make_engine(running.url("postgres", "postgres"), pool_size=1)
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {DATABASE}"))
        connection.execute(text(f"CREATE DATABASE {DATABASE} TEMPLATE jingwei OWNER jingwei_owner"))
        for peer in PEERS:
            connection.execute(text(f"DROP ROLE IF EXISTS {peer}"))
            connection.execute(text(f"CREATE ROLE {peer} LOGIN SUPERUSER"))
    urls = ensure_database(running, DATABASE)
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
            connection.execute(text(f"DROP DATABASE {DATABASE} WITH (FORCE)"))
            for peer in PEERS:
                connection.execute(text(f"DROP ROLE {peer}"))
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
def _our_server(url: str, *, cache_mb: int) -> Iterator[Side]:
    port, program = PORTS[cache_mb > 0], f"ours {cache_mb}"
    settings = {
        "PGAPPNAME": program,
        "DATABASE_URL": url.replace("+psycopg", ""),
        "JINGWEI_WORKERS": "1",
        "JINGWEI_TILE_CACHE_MB": str(cache_mb),
    }
    command = [Path(sys.executable).with_name("jingwei"), "serve", "--port", str(port)]
    base = f"http://127.0.0.1:{port}"
    token = city_token(url, frozenset({Right.VIEW_MAP, Right.VIEW_AGGREGATES}))
    with running_server(command, settings, f"{base}/api/health") as pid:

        def ask(address: str) -> int:
            place = f"/tiles/hazards/{address}.mvt?{WINDOW}" if address[0].isdigit() else address
            return _read(base + place, token)

        yield Side(ask, pid, program, url)


def _boxes(places: list[tuple[float, float]]) -> list[str]:
    """Return queries for the first 1,000 features of boxes where hazards are."""
    return [f"limit=1000&bbox={lon - 0.01},{lat - 0.01},{lon + 0.01},{lat + 0.01}" for lon, lat in places[:TILES]]


def _peer_url(running: cluster.RunningCluster, role: str) -> str:
    """Return the address as tipg's settings and driver take a socket: as the host, percent-encoded."""
    return f"postgresql://{role}@{quote(str(running.socket_folder), safe='')}:5432/{DATABASE}"


@contextlib.contextmanager
def _tipg(running: cluster.RunningCluster, python: Path, superuser_url: str) -> Iterator[Side]:
    options = ["--port", str(PORTS[2]), "--workers", "1", "--log-level", "error"]
    command = [python, "-m", "uvicorn", "tipg.main:app", *options]
    host = f"http://127.0.0.1:{PORTS[2]}"
    base = f"{host}/collections/public.hazard"
    environment = {"DATABASE_URL": _peer_url(running, "tipg_peer")}
    with running_server(command, environment, f"{host}/healthz") as pid:

        def ask(address: str) -> int:
            tile = f"tiles/WebMercatorQuad/{address}?properties=title,severity,stage"
            return _read(f"{base}/{tile if address[0].isdigit() else address}")

        yield Side(ask, pid, "tipg_peer", superuser_url)


@contextlib.contextmanager
def _pygeoapi(running: cluster.RunningCluster, python: Path, superuser_url: str) -> Iterator[Side]:
    """Serve the table of hazards with pygeoapi; its features alone, for its tiles come from another server."""
    with tempfile.TemporaryDirectory() as folder:
        config, openapi = Path(folder) / "config.yml", Path(folder) / "openapi.yml"
        # What is JSON is YAML too.
        config.write_text(json.dumps(_pygeoapi_config(running)), encoding="utf-8")
        tool = [python.with_name("pygeoapi"), "openapi", "generate", config, "--output-file", openapi]
        subprocess.run(tool, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        environment = {"PYGEOAPI_CONFIG": str(config), "PYGEOAPI_OPENAPI": str(openapi)}
        options = ["-w", "1", "--threads", str(CLIENTS), "-b", f"127.0.0.1:{PORTS[3]}", "--no-control-socket"]
        command = [python, "-m", "gunicorn", "pygeoapi.flask_app:APP", *options]
        host = f"http://127.0.0.1:{PORTS[3]}"
        with running_server(command, environment, host) as pid:
            yield Side(
                lambda place: _read(f"{host}/collections/hazard/{place}&f=json"), pid, "geoapi_peer", superuser_url
            )


def _pygeoapi_config(running: cluster.RunningCluster) -> dict:
    host, words, said = f"http://127.0.0.1:{PORTS[3]}", {"en": ["x"]}, {"en": "x"}
    told = {name: "x" for name in ("name", "position", "address", "city", "stateorprovince", "postalcode", "country")}
    told |= {name: "x" for name in ("phone", "fax", "email", "hours", "instructions", "role")} | {"url": host}
    about = {"title": said, "description": said, "keywords": words, "keywords_type": "theme", "url": host}
    data = {"host": str(running.socket_folder), "port": 5432, "dbname": DATABASE, "user": "geoapi_peer"}
    provider = {
        **{"type": "feature", "name": "PostgreSQL", "id_field": "id", "table": "hazard", "geom_field": "geom"},
        "data": {**data, "password": "x", "search_path": ["public"]},
    }
    box = {"bbox": [120, 27, 122, 28], "crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84"}
    return {
        "server": {
            **{"bind": {"host": "127.0.0.1", "port": PORTS[3]}, "url": host, "mimetype": "application/json"},
            **{"encoding": "utf-8", "languages": ["en-US"], "map": {"url": host, "attribution": "x"}},
            "limits": {"default_items": 1000, "max_items": 10_000},
        },
        "logging": {"level": "ERROR"},
        "metadata": {
            **{"identification": {**about, "terms_of_service": "x"}, "license": {"name": "x", "url": host}},
            **{"provider": {"name": "x", "url": host}, "contact": told},
        },
        "resources": {
            "hazard": {
                **{"type": "collection", "title": said, "description": said, "keywords": words, "links": []},
                **{"extents": {"spatial": box}, "providers": [provider]},
            }
        },
    }


_kept_open = threading.local()


def _read(url: str, token: str = "") -> int:
    """Return the size of an answer; each client keeps its connection, as browsers do."""
    parts = urlsplit(url)
    connections = _kept_open.__dict__
    connection = connections.setdefault(parts.netloc, http.client.HTTPConnection(parts.netloc, timeout=60))
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    place = f"{parts.path}?{parts.query}" if parts.query else parts.path
    try:
        connection.request("GET", place, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
    except (http.client.HTTPException, OSError):
        connections.pop(parts.netloc)
        return _read(url, token)
    if answer.status not in (200, 204):
        raise RuntimeError(f"{answer.status} {url}")
    return len(body)


@dataclass
class Side:
    """A server: how it is asked, and whose processor time it costs; its connections or their role are ``program``."""

    ask: Callable[[str], int]
    pid: int
    program: str
    superuser_url: str

    def cpu_ms(self) -> float:
        """Return the processor time that the server and its connections to the database took so far."""
        engine = make_engine(self.superuser_url, pool_size=1)
        with engine.connect() as connection:
            query = text(
                "SELECT pid FROM pg_stat_activity WHERE :program IN (application_name, usename) "
                "AND datname = current_database() AND pid <> pg_backend_pid()"
            )
            backends = connection.execute(query, {"program": self.program}).scalars().all()
        engine.dispose()
        return sum(map(_cpu_ms, [*_descendants(self.pid), *backends]))


def _descendants(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in _descendants(int(child)))]


def _cpu_ms(pid: int) -> float:
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1e6


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
    label: str, target: float, first: Side, second: Side, *, addresses: list[str], other: list[str] | None = None
) -> None:
    totals, every, sizes, cpu = [0.0, 0.0], ([], []), [0, 0], [0.0, 0.0]
    for turn in range(ROUNDS + 1):
        for number, (side, asked) in enumerate(((first, addresses), (second, other or addresses))):
            before = side.cpu_ms()
            took, each, size = _seconds(side.ask, asked)
            # What the first round makes ready is not counted for anybody.
            if turn:
                totals[number] += took
                every[number].extend(each)
                sizes[number] = size
                cpu[number] += side.cpu_ms() - before
    rate = [len(side) / total for side, total in zip(every, totals, strict=True)]
    cost = [spent / len(side) for spent, side in zip(cpu, every, strict=True)]
    told = [
        f"{rate[n]:.0f}/s (p50 {statistics.median(every[n]) * 1000:.1f}, "
        f"p95 {statistics.quantiles(every[n], n=20)[-1] * 1000:.1f} ms, {sizes[n] / len(addresses) / 1000:.0f} KB, "
        f"processor {cost[n]:.1f} ms)"
        for n in (0, 1)
    ]
    ratio, cheaper = rate[0] / rate[1], cost[1] / cost[0] if cost[0] else math.nan
    print(
        f"{label}: ours {told[0]}, other {told[1]}, ratio {ratio:.2f} (at least {target}), by processor {cheaper:.2f}",
        flush=True,
    )


def _bare_sql(url: str, ours: Side, addresses: list[str]) -> None:
    engine = make_engine(
        f"{url}&application_name=bare" if "?" in url else f"{url}?application_name=bare", pool_size=CLIENTS
    )
    source = TileSource(layer="hazards", view="hazard_map", columns=("title", "state", "severity"), buffer_px=16)

    def ask(address: str) -> int:
        with scoped(engine, Scope(account="benchmark", area_path="/")) as connection:
            return len(tile(connection, source, TileAddress(*map(int, address.split("/"))), TileFilter()))

    _compare("z14 bare SQL", 0.6, ours, Side(ask, os.getpid(), "bare", ours.superuser_url), addresses=addresses)
    engine.dispose()


def _kept(keeping: Side, addresses: list[str]) -> None:
    """Compare kept tiles with a route of the same server that only answers."""
    _compare(
        "z14 kept", 0.7, keeping, keeping, addresses=addresses, other=["/static/icons/favicon.svg"] * len(addresses)
    )


def _largest(ours: Side, places: list[tuple[float, float]]) -> None:
    sizes = {address: ours.ask(address) for zoom in range(8, 17) for address in _addresses(places, zoom)}
    worst = max(sizes, key=sizes.__getitem__)
    print(f"largest of {len(sizes)} tiles: {worst}, {sizes[worst] / 1000:.0f} KB (at most 500)")


if __name__ == "__main__":
    main()
