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
import os
import random
import secrets
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import text

from gis_app.domain.rights import RIGHTS_OF, Right, Role, Scope
from gis_app.services import accounts, api_tokens
from gis_app.services.accounts import AccountWish
from gis_app.services.api_tokens import TokenWish
from gis_app.services.audit import HeadsFile, Ledger
from gis_app.storage import cluster
from gis_app.storage.engine import make_engine, system_scope

CLIENTS, PAUSE_S = 3, 0.1
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
    running = cluster.start(arguments.home)
    with _served(running.url("postgres", "jingwei"), arguments.port) as (address, token):
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
    token = _token(superuser_url)
    settings = {"DATABASE_URL": superuser_url.replace("+psycopg", ""), "JINGWEI_TILE_CACHE_MB": "0"}
    command = [str(Path(sys.executable).with_name("jingwei")), "serve", "--port", str(port)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, env={**os.environ, **settings}, **quiet)
    try:
        for _ in range(300):
            with contextlib.suppress(OSError):
                _asked(http.client.HTTPConnection("127.0.0.1", port), "/api/health", token)
                break
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}", token
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def _token(url: str) -> str:
    """Return a token of an account that sees the whole city."""
    engine = make_engine(url, pool_size=1)
    ledger = Ledger(engine, HeadsFile(Path(tempfile.mkdtemp()) / "heads.log"), lambda: datetime.now(UTC))
    login = f"benchmark-{secrets.token_hex(4)}"
    with engine.connect() as connection:
        city = connection.execute(text("SELECT code FROM area WHERE level = 'city' AND valid_to IS NULL")).scalar_one()
    accounts.create(ledger, system_scope("benchmark"), AccountWish(login, Role.ANALYST, city), local=False)
    rights = frozenset({Right.VIEW_MAP, Right.VIEW_AGGREGATES, Right.ASK_QUESTIONS, Right.RUN_SQL})
    scope = Scope(account=login, area_path=f"/{city}/", rights=RIGHTS_OF[Role.ANALYST])
    made = api_tokens.create(ledger, scope, TokenWish("benchmark", rights, 1))
    engine.dispose()
    return made.secret


if __name__ == "__main__":
    main()
