"""Ordinary requests by themselves and beside a stream of heavy queries, in turn, over HTTP against the whole server.

Target: p95 of the ordinary ones beside the heavy ones at most 2x of that by themselves, none of them fails, and every
heavy query is answered or cut at its limit. Ordinary: tiles, lists, features of a box, one feature, figures. Heavy: a
question that joins hazards with hazards by distance (``/api/questions/answer``), and SQL without end (``/api/sql``).

Needs a built demo city (``jingwei demo --no-serve``), whose database it serves without kept tiles::

    .venv/bin/python benchmarks/heavy_query.py --home /var/lib/jingwei [--rounds 4] [--seconds 20]
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import random
import statistics
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from own_server import city_token, running_server

from gis_app.domain.rights import Right
from gis_app.storage import cluster

CLIENTS, PAUSE_S = 3, 0.1
RIGHTS = frozenset({Right.VIEW_MAP, Right.VIEW_AGGREGATES, Right.ASK_QUESTIONS, Right.RUN_SQL})
HEAVY = (
    (
        "/api/questions/answer",
        {
            "layer": "hazards",
            "join": {"layer": "hazards", "relation": "distance", "distance_m": 9000},
            "group": ["partner.severity", "severity"],
        },
    ),
    (
        "/api/sql",
        {"statement": "SELECT count(*) FROM hazard_map a, hazard_map b, hazard_map c WHERE a.title < b.title"},
    ),
)
TARGET = 2.0


def main() -> None:
    """Serve, measure in turn, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--heavy", type=int, default=2, help="clients of each heavy kind")
    parser.add_argument("--port", type=int, default=8105)
    arguments = parser.parse_args()
    database = cluster.start(arguments.home)
    with _served(database.url("postgres", "jingwei"), arguments.port) as (address, token):
        paths = _ordinary(address, token)
        alone, beside, heavy = [], [], Counter()
        _ask_for(address, token, paths, seconds=3)
        for _ in range(arguments.rounds):
            alone += _ask_for(address, token, paths, seconds=arguments.seconds)
            with _heavy_stream(address, token, arguments.heavy, heavy):
                beside += _ask_for(address, token, paths, seconds=arguments.seconds)
    _report(alone, beside, heavy)


def _report(alone: list[tuple[int, float]], beside: list[tuple[int, float]], heavy: Counter) -> None:
    figures = {}
    for name, asked in (("alone", alone), ("beside", beside)):
        seconds = sorted(each for _, each in asked)
        failed = sum(status not in (200, 204) for status, _ in asked)
        figures[name] = statistics.quantiles(seconds, n=20)[-1]
        print(
            f"{name}: {len(asked)} requests, p50 {1000 * statistics.median(seconds):.0f} ms, "
            f"p95 {1000 * figures[name]:.0f} ms, {failed} failed"
        )
    print(f"heavy: {dict(sorted(heavy.items()))}")
    print(f"p95 beside heavy queries {figures['beside'] / figures['alone']:.2f}x (at most {TARGET:g}x)")


def _ordinary(address: str, token: str) -> list[str]:
    """Return what is asked for, at places where hazards are."""
    _, body = _asked(http.client.HTTPConnection(urlsplit(address).netloc), "/ogc/collections/hazards/items", token)
    features = json.loads(body)["features"]
    paths = []
    for each in random.Random(7).sample(features, 60):
        lon, lat = each["geometry"]["coordinates"]
        box = f"bbox={lon - 0.005},{lat - 0.005},{lon + 0.005},{lat + 0.005}"
        x, y = int((lon + 180) / 360 * 2**14), 6876
        paths += [
            f"/tiles/hazards/14/{x}/{y}.mvt?from=2020-01-01&to=2027-12-31",
            f"/api/hazards?from=2020-01-01&to=2027-12-31&limit=100&{box}",
            f"/ogc/collections/hazards/items?limit=100&{box}",
            f"/features/hazards/{each['id']}",
            "/api/kpi",
        ]
    return paths


def _ask_for(address: str, token: str, paths: list[str], *, seconds: float) -> list[tuple[int, float]]:
    """Ask from several clients, each with a pause after an answer; return status and seconds of each."""
    found: list[tuple[int, float]] = []
    until = time.perf_counter() + seconds

    def client(seed: int) -> None:
        chance, connection = random.Random(seed), http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
        while time.perf_counter() < until:
            begin = time.perf_counter()
            status, _ = _asked(connection, chance.choice(paths), token)
            found.append((status, time.perf_counter() - begin))
            time.sleep(PAUSE_S)
        connection.close()

    threads = [threading.Thread(target=client, args=(seed,)) for seed in range(CLIENTS)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return found


@contextlib.contextmanager
def _heavy_stream(address: str, token: str, clients: int, found: Counter) -> Iterator[None]:
    """Let each client ask heavy queries one after the other; the block begins once all are under way."""
    ended = threading.Event()

    def client(place: str, body: dict) -> None:
        while not ended.is_set():
            connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
            headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
            connection.request("POST", place, body=json.dumps(body), headers=headers)
            answer = connection.getresponse()
            told = answer.read()
            found[f"{place} {answer.status}"] += 1
            if answer.status >= 400:
                found[json.loads(told)["detail"][:60]] += 1
            connection.close()
            # Who is sent away comes back, as programs do.
            ended.wait(float(answer.headers["Retry-After"] or 0))

    threads = [threading.Thread(target=client, args=each) for each in HEAVY for _ in range(clients)]
    for each in threads:
        each.start()
    time.sleep(2)
    try:
        yield
    finally:
        ended.set()
        for each in threads:
            each.join()


def _asked(connection: http.client.HTTPConnection, path: str, token: str) -> tuple[int, bytes]:
    connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
    answer = connection.getresponse()
    return answer.status, answer.read()


@contextlib.contextmanager
def _served(superuser_url: str, port: int) -> Iterator[tuple[str, str]]:
    token, address = city_token(superuser_url, RIGHTS), f"http://127.0.0.1:{port}"
    settings = {"DATABASE_URL": superuser_url.replace("+psycopg", ""), "JINGWEI_TILE_CACHE_MB": "0"}
    command = [str(Path(sys.executable).with_name("jingwei")), "serve", "--port", str(port)]
    with running_server(command, settings, f"{address}/api/health"):
        yield address, token


if __name__ == "__main__":
    main()
