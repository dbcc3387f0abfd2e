"""The price of scope over HTTP: tiles and lists of hazards with row-level security against the same without it.

Both sides are the whole application with the same account of a township; the other side works as a role that bypasses
the policies, on data of that township alone, so that both answer the same. Nothing is kept: each tile is made anew.

Run: ``.venv/bin/python benchmarks/scope_price.py [--hazards 120000] [--rounds 60]``
"""

from __future__ import annotations

import argparse
import random
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from gis_app.domain.rights import Role
from gis_app.services import accounts
from gis_app.services.accounts import AccountWish
from gis_app.settings import Settings
from gis_app.storage import cluster, schema
from gis_app.storage.cluster_database import ensure_database
from gis_app.storage.engine import make_engine, system_scope
from gis_app.storage.hazard_cells import refresh_hazard_month_cells
from gis_app.web import create_app

PASSWORD = "correct horse battery staple"  # noqa: S105
_AREAS = text("""
INSERT INTO area (code, level, name_zh, scope_path, geom, label_point, area_m2, valid_from)
SELECT code, level, code, path, ST_Multi(box), ST_Centroid(box), 1, '2020-01-01'
FROM (VALUES ('330381', 'city', '/330381/', 120.4, 0.4), ('330381001', 'township', '/330381/330381001/', 120.4, 0.2),
             ('33038100101', 'village', '/330381/330381001/33038100101/', 120.4, 0.2),
             ('330381002', 'township', '/330381/330381002/', 120.6, 0.2),
             ('33038100201', 'village', '/330381/330381002/33038100201/', 120.6, 0.2)
     ) t (code, level, path, west, wide), ST_MakeEnvelope(west, 27.7, west + wide, 27.9, 4326) box""")
_PROFILE = text("INSERT INTO city_profile VALUES (1, '瑞安市', 'Rui''an', true, NULL, 4549, 120.4, 27.7, 120.8, 27.9)")
_HAZARDS = text("""
INSERT INTO hazard (number, category_code, severity, stage, discovered_by, title, discovered_at, village_id, scope_path,
                    geom)
SELECT v.code || '-' || n, 'fire', 'low', 'closed', 'patrol', '占用消防通道',
       timestamptz '2026-01-01Z' + n % 160 * interval '1 day', v.id, v.scope_path,
       ST_SetSRID(ST_MakePoint(ST_XMin(v.geom) + 0.2 * random(), 27.7 + 0.2 * random()), 4326)
FROM area v, generate_series(1, :count / 2) n WHERE v.level = 'village' AND starts_with(v.code, :own)""")


def main() -> None:
    """Build both cities in a cluster of its own, then alternate the requests."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--hazards", type=int, default=120_000)
    parser.add_argument("--rounds", type=int, default=60)
    arguments = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="jw-price-", dir="/tmp"))
    home.chmod(0o755)
    running = cluster.start(home)
    try:
        clients = {}
        for name, own in (("with", "330381"), ("without", "330381001")):
            urls = ensure_database(running, f"price_{name}")
            _fill(urls.owner_url, urls.superuser_url, own=own, count=arguments.hazards)
            clients[name] = _client(make_engine(urls.app_url if name == "with" else urls.superuser_url), home)
        for label, make_path in (("tile z14", _tile), ("list by box", _list)):
            _compare(clients, label, make_path, rounds=arguments.rounds)
    finally:
        cluster.stop(home)
        shutil.rmtree(home)


def _fill(owner_url: str, superuser_url: str, *, own: str, count: int) -> None:
    owner, superuser = make_engine(owner_url), make_engine(superuser_url)
    schema.upgrade(owner)
    with superuser.begin() as connection:
        connection.execute(_AREAS)
        connection.execute(_PROFILE)
        connection.execute(text("INSERT INTO hazard_category VALUES ('fire', '消防', 'Fire', 5, 'work_day', 1)"))
        connection.execute(_HAZARDS, {"count": count, "own": own})
        refresh_hazard_month_cells(connection)
    with superuser.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    owner.dispose()
    superuser.dispose()


def _client(engine: Engine, home: Path) -> FlaskClient:
    app = create_app(Settings(home=home, tile_cache_mb=0), engine)
    wish = AccountWish("desk", Role.SUPERVISOR, "330381001")
    accounts.create(app.extensions["jingwei"].ledger, system_scope("benchmark"), wish, password=PASSWORD)
    client = app.test_client()
    form = {"login": "desk", "password": PASSWORD}
    assert client.post("/login", data=form, headers={"Origin": "http://localhost"}).status_code == 303
    return client


def _tile(chance: random.Random) -> str:
    x, y = chance.randrange(13673, 13679), chance.randrange(6870, 6878)
    return f"/tiles/hazards/14/{x}/{y}.mvt?from=2026-01-01&to=2026-06-15"


def _list(chance: random.Random) -> str:
    west, south = 120.4 + 0.15 * chance.random(), 27.7 + 0.15 * chance.random()
    return f"/api/hazards?from=2026-01-01&to=2026-06-15&limit=1000&bbox={west},{south},{west + 0.03},{south + 0.03}"


def _compare(clients: dict[str, FlaskClient], label: str, make_path, *, rounds: int) -> None:
    chance, seconds = random.Random(7), {name: [] for name in clients}
    for turn in range(rounds + 3):
        path, sizes = make_path(chance), []
        for name, client in clients.items():
            begin = time.perf_counter()
            answer = client.get(path)
            sizes.append(len(answer.data))
            assert answer.status_code in (200, 204), answer.status_code
            if turn >= 3:
                seconds[name].append(time.perf_counter() - begin)
        assert sizes[0] > 0, (path, sizes)
    scoped, plain = (statistics.median(seconds[name]) * 1000 for name in ("with", "without"))
    print(f"{label}: p50 with scope {scoped:.1f} ms, without {plain:.1f} ms, ratio {scoped / plain:.2f} (at most 2)")


if __name__ == "__main__":
    main()
