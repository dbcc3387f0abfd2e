"""Bbox query with row-level security against the same query without it, on 400,000 points (target: at most 2x).

Run: ``.venv/bin/python benchmarks/row_security.py [--points 400000] [--rounds 30]``
"""

from __future__ import annotations

import argparse
import random
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from sqlalchemy import Engine, text

from gis_app.domain.rights import Scope
from gis_app.storage import cluster, schema
from gis_app.storage.cluster_database import ensure_database
from gis_app.storage.engine import make_engine, scoped

_FILL = text("""
INSERT INTO facility (kind, name_zh, area_id, scope_path, geom)
SELECT 'shelter', n::text, :area, '/330381/' || (330381001 + n % 23) || '/',
       ST_SetSRID(ST_MakePoint(120.17 + 1.06 * random(), 27.61 + 0.38 * random()), 4326)
FROM generate_series(1, :points) n""")
_CITY = text("""
INSERT INTO area (code, level, name_zh, scope_path, geom, label_point, area_m2, valid_from)
SELECT '330381', 'city', '瑞安市', '/330381/', ST_Multi(box), ST_Centroid(box), 1, '2020-01-01'
FROM ST_MakeEnvelope(120.17, 27.61, 121.23, 27.99, 4326) box RETURNING id""")
_IN_BOX = text("""
SELECT count(*), sum(ST_X(geom)) FROM facility
WHERE geom && ST_MakeEnvelope(:west, :south, :west + 0.05, :south + 0.02, 4326)""")
_TOWNSHIP_IN_BOX = text(_IN_BOX.text + " AND starts_with(scope_path, '/330381/330381001/')")


def main() -> None:
    """Build the table in a cluster of its own, then alternate the two queries."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--points", type=int, default=400_000)
    parser.add_argument("--rounds", type=int, default=30)
    arguments = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="jw-rls-", dir="/tmp"))
    home.chmod(0o755)
    running = cluster.start(home)
    try:
        database = ensure_database(running, "row_security")
        app, owner, superuser = (
            make_engine(url) for url in (database.app_url, database.owner_url, database.superuser_url)
        )
        schema.upgrade(owner)
        with superuser.begin() as connection:
            area = connection.execute(_CITY).scalar_one()
            connection.execute(_FILL, {"area": area, "points": arguments.points})
        with superuser.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE facility"))
        _compare(app, superuser, scope="/", plain=_IN_BOX, label="whole city", rounds=arguments.rounds)
        _compare(
            app,
            superuser,
            scope="/330381/330381001/",
            plain=_TOWNSHIP_IN_BOX,
            label="one township",
            rounds=arguments.rounds,
        )
    finally:
        cluster.stop(home)
        shutil.rmtree(home)


def _compare(app: Engine, superuser: Engine, *, scope: str, plain, label: str, rounds: int) -> None:
    seconds: dict[str, list[float]] = {"scoped": [], "plain": []}
    chance = random.Random(7)
    caller = Scope(account="benchmark", area_path=scope)
    with scoped(app, caller) as inside, superuser.begin() as outside:
        for turn in range(rounds + 3):
            box = {"west": 120.2 + 0.9 * chance.random(), "south": 27.65 + 0.3 * chance.random()}
            answers = []
            for name, connection, query in (("scoped", inside, _IN_BOX), ("plain", outside, plain)):
                begin = time.perf_counter()
                answers.append(connection.execute(query, box).one())
                if turn >= 3:
                    seconds[name].append(time.perf_counter() - begin)
            assert answers[0][0] == answers[1][0], "the two queries saw different rows"
    with_policy, without = (statistics.median(seconds[name]) * 1000 for name in ("scoped", "plain"))
    ratio = with_policy / without
    print(f"{label}: with policy {with_policy:.2f} ms, without {without:.2f} ms, ratio {ratio:.2f} (at most 2)")


if __name__ == "__main__":
    main()
