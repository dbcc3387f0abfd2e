"""One million hazards from a CSV into PostGIS: ours with every check on, GeoDataFrame.to_postgis and ogr2ogr.

Each way begins with the file and ends with committed rows in an indexed table of the same columns; they take turns.
Ours reads in the sandbox, checks every value and place, and loads by COPY; the others check nothing. ogr2ogr is that of
Debian's gdal-bin, with COPY. Run: python benchmarks/bulk_import.py [--rows 1000000] [--rounds 2]
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import statistics
import subprocess
import tempfile
import time
import warnings
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import geopandas
import pandas as pd
import shapely
from sqlalchemy import text

from gis_app.importers.frame import CityRules, read
from gis_app.importers.kinds import ImportKind
from gis_app.services.database import opened
from gis_app.settings import Settings
from gis_app.storage.bulk_load import copy_into
from gis_app.storage.models import Hazard
from gis_app.storage.models.base import table_of

COLUMNS = ("external_id", "category_code", "severity", "stage", "discovered_by", "title", "discovered_at")
CITY = CityRules(
    bounds=(120.17, 27.61, 121.23, 27.99), categories={"fire": ("消防隐患",)}, now=datetime(2026, 11, 23, tzinfo=UTC)
)
TABLE = "bench_hazard"


def written(path, rows):
    chance = random.Random(1)
    with path.open("w", encoding="utf-8") as file:
        file.write(",".join((*COLUMNS, "lon", "lat")) + "\n")
        for row in range(rows):
            moment = f"2026-{1 + row % 9:02d}-{1 + row % 28:02d} {row % 24:02d}:{row % 60:02d}:00"
            place = f"{120.3 + chance.random() * 0.6:.7f},{27.65 + chance.random() * 0.3:.7f}"
            file.write(f"H-{row:07d},fire,general,reported,hotline,消防通道堵塞 {row},{moment},{place}\n")


def emptied(engine):
    with engine.begin() as connection:
        connection.execute(text(f"DROP TABLE IF EXISTS {TABLE}"))


def ours(engine, path):
    emptied(engine)
    marks = [time.monotonic()]
    frame = read(path, ImportKind.HAZARDS, datum="wgs84", city=CITY).frame
    marks.append(time.monotonic())
    types = {name: table_of(Hazard).columns[name].type for name in (*COLUMNS, "geom")}
    columns = {**{name: frame[name] for name in COLUMNS}, "geom": shapely.get_coordinates(frame.geometry)}
    with engine.begin() as connection:
        kinds = ", ".join(f"{name} {kind.compile(connection.dialect)}" for name, kind in types.items())
        connection.execute(text(f"CREATE TABLE {TABLE} ({kinds})"))
        copy_into(connection, TABLE, types, columns)
        marks.append(time.monotonic())
        connection.execute(text(f"CREATE INDEX ON {TABLE} USING gist (geom)"))
    marks.append(time.monotonic())
    phases = zip(("reading and checking", "copying", "indexing"), pairwise(marks), strict=True)
    print(", ".join(f"{name} {end - start:.1f} s" for name, (start, end) in phases))


def to_postgis(engine, path):
    emptied(engine)
    table = pd.read_csv(path, parse_dates=["discovered_at"])
    place = geopandas.points_from_xy(table.pop("lon"), table.pop("lat"), crs=4326)
    frame = geopandas.GeoDataFrame(table, geometry=place).rename_geometry("geom")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame.to_postgis(TABLE, engine, index=False, chunksize=50_000)


def ogr2ogr(engine, path):
    emptied(engine)
    url = engine.url
    parts = {"dbname": url.database, "host": url.query.get("host", url.host), "user": url.username,
             "password": url.password, "port": url.query.get("port", url.port)}  # fmt: skip
    target = "PG:" + " ".join(f"{name}='{value}'" for name, value in parts.items() if value)
    subprocess.run(
        ["ogr2ogr", "-f", "PostgreSQL", target, str(path), "-nln", TABLE, "-a_srs", "EPSG:4326", "-oo",
         "X_POSSIBLE_NAMES=lon", "-oo", "Y_POSSIBLE_NAMES=lat", "-oo", "KEEP_GEOM_COLUMNS=NO", "-oo",
         "AUTODETECT_TYPE=YES", "-lco", "GEOMETRY_NAME=geom", "-gt", "100000"],
        check=True, env={**os.environ, "PG_USE_COPY": "YES"},
    )  # fmt: skip


def main():
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rows", type=int, default=1_000_000)
    asked.add_argument("--rounds", type=int, default=2)
    options = asked.parse_args()
    ways = {"ours": ours, "to_postgis": to_postgis} | ({"ogr2ogr": ogr2ogr} if shutil.which("ogr2ogr") else {})
    taken = {name: [] for name in ways}
    with tempfile.TemporaryDirectory() as folder, opened(Settings.from_environment(), print) as database:
        path = Path(folder) / "hazards.csv"
        written(path, options.rows)
        engine = database.owner
        for _ in range(options.rounds):
            for name, way in ways.items():
                start = time.monotonic()
                way(engine, path)
                taken[name].append(time.monotonic() - start)
                with engine.connect() as connection:
                    count = connection.execute(text(f"SELECT count(*) FROM {TABLE}")).scalar_one()  # noqa: S608
                assert count == options.rows, (name, count)
                print(f"{name}: {taken[name][-1]:.1f} s")
        emptied(engine)
    middle = {name: statistics.median(times) for name, times in taken.items()}
    for name, wanted in (("to_postgis", 5.0), ("ogr2ogr", 1.3)):
        if name in middle:
            print(f"{middle[name] / middle['ours']:.2f}x of {name} (target {wanted})")


if __name__ == "__main__":
    main()
