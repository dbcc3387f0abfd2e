"""Hazards close to one another, against every pair measured one by one."""

import random
import uuid
from datetime import UTC, datetime
from math import asin, cos, radians, sin, sqrt

import pytest
from sqlalchemy import text

from gis_app.importers.kinds import ImportKind
from gis_app.services.imports import FileToImport, checked_file, import_into, load_checked
from gis_app.storage.engine import long_job
from gis_app.storage.near_doubles import near_doubles
from tests.services.test_import_jobs import SAMPLES, table

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)


def distance_m(one, other):
    """The haversine on the sphere of PostGIS."""
    (lon, lat), (to_lon, to_lat) = ([radians(value) for value in place] for place in (one, other))
    half = sin((to_lat - lat) / 2) ** 2 + cos(lat) * cos(to_lat) * sin((to_lon - lon) / 2) ** 2
    return 2 * 6371008.7714 * asin(sqrt(half))


def lines(chance, prefix, count):
    """Hazards in 300 by 300 metres, of two categories and days, some void: number, category, stage, day, place."""
    for row in chance.sample(range(count), count):
        place = (round(120.635 + chance.uniform(0, 0.003), 7), round(27.78 + chance.uniform(0, 0.0027), 7))
        day = f"2026-11-{chance.choice((18, 19))}"
        yield (
            f"{prefix}{row:03d}",
            chance.choice(("fire", "flood")),
            chance.choice(("void", *["filed"] * 4)),
            day,
            place,
        )


def as_table(rows):
    cells = (
        f"{number},{category},general,{stage},hotline,堵塞,{day} 08:00:00,{place[0]},{place[1]}"
        for number, category, stage, day, place in rows
    )
    return table(*cells)


@pytest.fixture
def city(migrated_database):
    for kind in ("villages", "grids"):
        import_into(
            migrated_database.app,
            FileToImport(SAMPLES / f"{kind}.geojson", ImportKind(kind), "wgs84"),
            now=NOW,
            srid=4549,
        )
    return migrated_database.app


def test_the_pairs_found_are_those_of_measuring_each_with_each(city, tmp_path):
    chance = random.Random(5)
    stored, added = list(lines(chance, "M", 150)), list(lines(chance, "N", 200))
    # numbers on both sides of those of the file, and one of the file that is there already and changes
    changed = (*stored[0][:3], "2026-11-18" if stored[0][3] == "2026-11-19" else "2026-11-19", stored[0][4])
    for name, rows in (("stored.csv", stored), ("added.csv", [changed, *added])):
        (tmp_path / name).write_text(as_table(rows), encoding="utf-8")
    import_into(city, FileToImport(tmp_path / "stored.csv", ImportKind.HAZARDS, "wgs84"), now=NOW, srid=4549)
    wanted = FileToImport(tmp_path / "added.csv", ImportKind.HAZARDS, "wgs84")
    import_id = uuid.uuid4()
    with long_job(city) as connection:
        read = checked_file(city, wanted, now=NOW)
        load_checked(connection, read, wanted, now=NOW, srid=4549, account="test", import_id=import_id)
        found = near_doubles(connection, import_id, within_m=50.0, most=100_000)
        part = near_doubles(connection, import_id, within_m=50.0, most=20)
        left = connection.execute(text("SELECT to_regclass('near_place'), current_setting('enable_nestloop')")).one()
    expected = sorted(
        (new[0], other[0])
        for new in added
        for other in (*stored[1:], changed, *added)
        if new[1] == other[1] and new[3] == other[3] and other[2] != "void" and distance_m(new[4], other[4]) <= 50
        if other in stored[1:] or other[0] < new[0]
    )
    assert sorted((pair["number"], pair["other_number"]) for pair in found.pairs) == expected
    assert (found.row_count, found.is_cut) == (len({number for number, _ in expected}), False)
    places = {number: place for number, *_, place in (*stored, *added)}
    for pair in found.pairs:
        assert pair["distance_m"] == pytest.approx(
            distance_m(places[pair["number"]], places[pair["other_number"]]), abs=0.06
        )
    assert (list(part.pairs), part.row_count, part.is_cut) == (list(found.pairs[:20]), found.row_count, True)
    assert tuple(left) == (None, "on")
