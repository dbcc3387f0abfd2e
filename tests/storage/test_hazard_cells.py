"""Counts made before agree with a plain count, whatever the window and the scope."""

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import mapbox_vector_tile
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from gis_app.domain.periods import CITY_TIME
from gis_app.domain.rights import Scope
from gis_app.storage.counted_tiles import counted_tile
from gis_app.storage.engine import scoped, system_scope
from gis_app.storage.hazard_cells import (
    CELL_TILE_ZOOMS,
    count_ended_or_reopened,
    count_hazard,
    hazard_cell_tile,
    refresh_hazard_month_cells,
    uncount_hazard,
    whole_months,
)
from gis_app.storage.tiles import TileAddress, TileFilter, TileSource

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
WHOLE_EARTH_COLUMNS = {
    zoom: (int((120.4 + 180) / 360 * 2**zoom), int((121 + 180) / 360 * 2**zoom)) for zoom in range(7, 13)
}
ADD_HAZARD = text("""
INSERT INTO hazard (number, category_code, severity, stage, discovered_by, title, discovered_at, village_id, scope_path,
                    geom)
SELECT :number, 'fire', 'low', :stage, 'patrol', 'x', :moment, id, scope_path,
       ST_SetSRID(ST_MakePoint(:lon, :lat), 4326)
FROM area WHERE code = :code""")
PLAIN = text("""
SELECT count(*), count(*) FILTER (WHERE stage NOT IN ('closed', 'void')) FROM hazard
WHERE discovered_at >= :start AND discovered_at < :end""")


def add_hazards(connection, count, *, seed=7):
    draw = random.Random(seed)
    rows = []
    for number in range(count):
        east = draw.random() < 0.5
        rows.append(
            {
                "number": f"H{seed}-{number}",
                "stage": draw.choice(["closed", "void", "handling", "reported"]),
                "moment": FIRST + timedelta(minutes=draw.randrange(150 * 1440)),
                "lon": draw.uniform(120.7 if east else 120.5, 120.9 if east else 120.7),
                "lat": draw.uniform(27.7, 27.9),
                "code": "330381002" if east else "330381001",
            }
        )
    connection.execute(ADD_HAZARD, rows)


@pytest.fixture(scope="module")
def counted(square_engine):
    with scoped(square_engine, system_scope()) as connection:
        add_hazards(connection, 1500)
        refresh_hazard_month_cells(connection)
    return square_engine


def tiles_of_the_square(zoom):
    for x in range(int(300.4 / 360 * 2**zoom), int(301 / 360 * 2**zoom) + 1):
        for y in range(2**zoom):
            box = TileAddress(zoom, x, y).box()
            if box["south"] < 28 and box["north"] > 27.6:
                yield TileAddress(zoom, x, y)


def cells(tiles):
    """Cells of all tiles by id: one that two tiles show is taken once, and both must say the same."""
    found = {}
    for made in tiles:
        for layer in mapbox_vector_tile.decode(made).values() if made else ():
            for feature in layer["features"]:
                said = (feature["properties"]["count"], feature["properties"]["open_count"])
                assert found.setdefault(feature["properties"]["id"], said) == said
    return found


def totals(found):
    return tuple(map(sum, zip(*found.values(), strict=True))) if found else (0, 0)


@given(
    zoom=st.sampled_from(CELL_TILE_ZOOMS),
    start=st.integers(-20 * 1440, 160 * 1440),
    minutes=st.integers(0, 130 * 1440),
)
def test_counted_tiles_hold_every_hazard_of_any_window_once(counted, zoom, start, minutes):
    begin = FIRST + timedelta(minutes=start)
    window = TileFilter(start=begin, end=begin + timedelta(minutes=minutes))
    with scoped(counted, system_scope()) as connection:
        plain = tuple(connection.execute(PLAIN, {"start": window.start, "end": window.end}).one())
        made = [hazard_cell_tile(connection, "hazards", address, window) for address in tiles_of_the_square(zoom)]
    assert totals(cells(made)) == plain


@pytest.mark.parametrize("path", ["/330381/330381001/", "/330381/330381002/", "/330381/", "/330382/"])
def test_counts_are_those_of_the_callers_scope_alone(counted, path):
    window = TileFilter(start=FIRST, end=FIRST + timedelta(days=100))
    with scoped(counted, Scope(account="test", area_path=path)) as connection:
        plain = tuple(connection.execute(PLAIN, {"start": window.start, "end": window.end}).one())
        made = [hazard_cell_tile(connection, "hazards", address, window) for address in tiles_of_the_square(10)]
    assert totals(cells(made)) == plain
    assert (plain == (0, 0)) == (path == "/330382/")


def test_cells_counted_from_rows_are_those_counted_before(counted):
    window = TileFilter(start=FIRST + timedelta(days=10), end=FIRST + timedelta(days=95))
    source = TileSource("hazards", "hazard_map", time_column="discovered_at", state_column="state")
    with scoped(counted, system_scope()) as connection:
        for address in tiles_of_the_square(11):
            before = cells([hazard_cell_tile(connection, "hazards", address, window)])
            assert before == cells([counted_tile(connection, source, address, window)])


def test_refreshing_one_month_changes_that_month_alone(square):
    count = text("SELECT coalesce(sum(hazard_count), 0) FROM hazard_month_cell WHERE zoom = 9 AND month = :month")
    with scoped(square, system_scope()) as connection:
        add_hazards(connection, 200, seed=1)
        refresh_hazard_month_cells(connection)
        before = connection.execute(count, {"month": date(2026, 3, 1)}).scalar_one()
        add_hazards(connection, 300, seed=2)
        refresh_hazard_month_cells(connection, [date(2026, 2, 1)])
        assert connection.execute(count, {"month": date(2026, 3, 1)}).scalar_one() == before
        start, end = (datetime(2026, month, 1, tzinfo=CITY_TIME) for month in (2, 3))
        plain = connection.execute(PLAIN, {"start": start, "end": end}).one()[0]
        assert connection.execute(count, {"month": date(2026, 2, 1)}).scalar_one() == plain > before


def counts_of(connection):
    rows = connection.execute(
        text("""
        SELECT zoom, cell_x, cell_y, month, severity, scope_path, hazard_count, open_count, ST_X(geom), ST_Y(geom)
        FROM hazard_month_cell""")
    ).all()
    counts = {row[:6]: row[6:8] for row in rows}
    assert len(counts) == len(rows)
    return counts, {row[:6]: row[8:] for row in rows}


@pytest.mark.parametrize("seed", range(3))
def test_hazards_counted_one_by_one_are_counted_as_all_at_once(square, seed):
    draw = random.Random(seed)
    with scoped(square, system_scope()) as connection:
        add_hazards(connection, 40, seed=seed)
        refresh_hazard_month_cells(connection)
        ids = set(connection.execute(text("SELECT id FROM hazard")).scalars())
        for step in range(60):
            action = draw.choice(["add", "correct", "end", "end"])
            if action == "add":
                add_hazards(connection, 1, seed=1000 * (seed + 1) + step)
                (added,) = set(connection.execute(text("SELECT id FROM hazard")).scalars()) - ids
                ids.add(added)
                count_hazard(connection, added)
                continue
            values = {
                "id": draw.choice(sorted(ids)),
                "lon": draw.uniform(120.5, 120.9),
                "lat": draw.uniform(27.7, 27.9),
                "severity": draw.choice(["low", "severe"]),
            }
            if action == "correct":
                uncount_hazard(connection, values["id"])
                connection.execute(
                    text("""
                    UPDATE hazard SET geom = ST_SetSRID(ST_MakePoint(:lon, :lat), 4326), severity = :severity
                    WHERE id = :id"""),
                    values,
                )
                count_hazard(connection, values["id"])
            else:
                connection.execute(
                    text(
                        "UPDATE hazard SET stage = CASE stage WHEN 'closed' THEN 'handling' ELSE 'closed' END "
                        "WHERE id = :id AND stage <> 'void'"
                    ),
                    values,
                )
                stage = connection.execute(text("SELECT stage FROM hazard WHERE id = :id"), values).scalar_one()
                if stage != "void":
                    count_ended_or_reopened(connection, values["id"])
        one_by_one, places = counts_of(connection)
        refresh_hazard_month_cells(connection)
        at_once, exact_places = counts_of(connection)
    assert one_by_one == at_once
    assert sum(count for key, (count, _) in at_once.items() if key[0] == 9) == len(ids) > 40
    assert all(places[key] == pytest.approx(place, abs=1e-9) for key, place in exact_places.items())


def test_reports_of_one_village_at_one_moment_are_each_counted_once(square):
    with scoped(square, system_scope()) as connection:
        add_hazards(connection, 12, seed=5)
        ids = connection.execute(text("SELECT id FROM hazard")).scalars().all()

    def report(hazard_id):
        with scoped(square, system_scope()) as connection:
            count_hazard(connection, hazard_id)
            connection.execute(text("SELECT pg_sleep(0.05)"))

    with ThreadPoolExecutor(4) as reporters:
        list(reporters.map(report, ids))
    with scoped(square, system_scope()) as connection:
        counts, _ = counts_of(connection)
        refresh_hazard_month_cells(connection)
        assert counts == counts_of(connection)[0]


@pytest.mark.parametrize(
    ("start", "end", "months"),
    [
        ((2026, 1, 1), (2026, 3, 1), (date(2026, 1, 1), date(2026, 3, 1))),
        ((2026, 1, 2), (2026, 3, 31), (date(2026, 2, 1), date(2026, 3, 1))),
        ((2026, 1, 31), (2026, 2, 28), (date(2026, 2, 1), date(2026, 2, 1))),
        ((2025, 12, 31), (2026, 2, 1), (date(2026, 1, 1), date(2026, 2, 1))),
    ],
)
def test_whole_months_lie_inside_the_window_in_the_citys_time(start, end, months):
    assert whole_months(datetime(*start, tzinfo=CITY_TIME), datetime(*end, tzinfo=CITY_TIME)) == months


def test_zooms_without_counts_are_refused(square):
    with scoped(square, system_scope()) as connection, pytest.raises(ValueError, match="zooms 7 to 12"):
        hazard_cell_tile(connection, "hazards", TileAddress(13, 0, 0), TileFilter(FIRST, FIRST))
