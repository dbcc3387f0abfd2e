"""Kept maps on grids and along streets: counts by hand, blind for what follows, own area only, files, filters."""

import csv
import io
import json
from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import text

from gis_app.analysis.places import PlaceKind
from gis_app.domain.rights import Role, Scope
from gis_app.services import hotspot_maps, hotspot_runs
from gis_app.services.hotspot_ground import ground_of, group_key, group_of
from gis_app.services.hotspot_rows import run_id
from gis_app.storage.engine import make_engine, scoped, system_scope
from tests.hotspot_city import ADD, EAST, END, MONDAY, NOW, SRID, WEST, build, hazards

CITY_SCOPE = Scope("city", "/330381/")
# Eight grids to a village, each a fifth of a degree's hundredth wide; streets along their borders and one between.
GRIDS = text("""
INSERT INTO area (code, level, name_zh, name_en, parent_id, scope_path, geom, label_point, area_m2, valid_from)
SELECT v.code || '-' || i || '-' || j, 'grid', '网格' || i || j, 'Grid ' || i || j, v.id,
       v.scope_path || 'g' || i || j || '/', ST_Multi(box), ST_Centroid(box), 1e6, '2020-01-01'
FROM area v, generate_series(0, 3) i, generate_series(0, 1) j,
     ST_MakeEnvelope(ST_XMin(v.geom) + i * 0.0075, 27.8 + j * 0.015, ST_XMin(v.geom) + (i + 1) * 0.0075,
                     27.8 + (j + 1) * 0.015, 4326) box
WHERE v.level = 'village'""")
STREETS = text("""
INSERT INTO street_segment (kind, length_m, geom)
SELECT 'road', ST_Length(geography(line)), line
FROM (SELECT ST_SetSRID(ST_MakeLine(ST_MakePoint(120.6 + i * 0.0075, 27.8 + j * 0.0075),
                                    ST_MakePoint(120.6 + (i + 1) * 0.0075, 27.8 + j * 0.0075)), 4326) AS line
      FROM generate_series(0, 7) i, generate_series(0, 4) j
      UNION ALL
      SELECT ST_SetSRID(ST_MakeLine(ST_MakePoint(120.6 + i * 0.0075, 27.8 + j * 0.0075),
                                    ST_MakePoint(120.6 + i * 0.0075, 27.8 + (j + 1) * 0.0075)), 4326)
      FROM generate_series(0, 8) i, generate_series(0, 3) j) lines""")


@pytest.fixture(scope="module")
def template(migrated_template, clone):
    urls = clone(migrated_template)
    engine = make_engine(urls.app_url)
    build(engine)
    with scoped(engine, system_scope()) as connection:
        connection.execute(text("DELETE FROM area WHERE level = 'grid'"))
        connection.execute(GRIDS)
        connection.execute(STREETS)
    made = hotspot_runs.refresh(engine, now=NOW, srid=SRID, groups=("all",))
    engine.dispose()
    return engine.url.database, made


@pytest.fixture
def city(template, clone):
    engine = make_engine(clone(template[0]).app_url)
    yield engine
    engine.dispose()


@pytest.fixture
def client(make_app, make_client, city):
    return make_client("/330381/", Role.ANALYST, app=make_app(on=city, now=NOW), on=city)


def shown(city, kind, moment=END, scope=CITY_SCOPE):
    return hotspot_maps.one(city, scope, run_id(f"hotspots:{group_key(kind, 'all')}", moment))


def test_the_maps_of_a_group_are_made_on_cells_grids_and_streets(template, city):
    assert template[1] == {"all": 31, "grids:all": 31, "streets:all": 31}
    for kind in PlaceKind:
        found = hotspot_maps.listed(city, CITY_SCOPE, kind=kind)
        assert found["kinds"] == list(PlaceKind)
        assert found["groups"] == ["all"]
        assert len(found["runs"]) == 27
    assert hotspot_runs.refresh(city, now=NOW, srid=SRID, groups=("all",)) == {}


def test_every_hazard_is_counted_in_its_grid_and_on_its_street(city):
    rows = hazards()
    grids = shown(city, PlaceKind.GRIDS)
    assert len(grids.scores) == 16
    assert grids.parts.event_count.sum() == len(rows)
    column = np.floor((np.array([row["lon"] for row in rows]) - 120.6) / 0.0075).astype(int)
    line = np.floor((np.array([row["lat"] for row in rows]) - 27.8) / 0.015).astype(int)
    assert sorted(grids.parts.event_count) == sorted(np.bincount(column * 2 + line, minlength=16))
    streets = shown(city, PlaceKind.STREETS)
    # Blocks are some 740 by 830 m: what lies more than 100 m from each of their streets lies on none.
    assert 0 < streets.parts.event_count.sum() < len(rows)
    assert streets.parts.sizes.max() <= 0.1
    assert streets.parts.sizes.sum() == pytest.approx(40 * 0.74 + 36 * 0.83, rel=0.02)


@pytest.mark.parametrize("kind", [PlaceKind.GRIDS, PlaceKind.STREETS])
def test_a_map_on_places_is_scored_by_area_or_length(city, kind):
    moment = MONDAY - timedelta(days=70)
    one = shown(city, kind, moment)
    later, sizes, order = one.parts.later_count, one.parts.sizes, one.order
    taken = order[: one.taken(0.1)]
    score = next(area for area in one.then.ours if area.share == 0.1)
    assert score.hit_rate == pytest.approx(later[taken].sum() / later.sum(), abs=0.02)
    assert score.pai == pytest.approx(score.hit_rate / (sizes[taken].sum() / sizes.sum()), rel=1e-6)
    assert one.then.baseline[0].pei <= 1.0
    newest = shown(city, kind)
    assert newest.held_back.start == MONDAY - timedelta(days=28)
    assert newest.then is None


@pytest.mark.parametrize("kind", [PlaceKind.GRIDS, PlaceKind.STREETS])
def test_later_hazards_change_no_past_map_on_places(city, kind):
    moment = MONDAY - timedelta(days=70)
    before = shown(city, kind, moment)
    with scoped(city, system_scope()) as connection:
        connection.execute(ADD, {**hazards()[0], "number": "NEW", "at": MONDAY - timedelta(days=60)})
    made = hotspot_runs.refresh(city, now=NOW, srid=SRID, groups=("all",))
    assert 0 < made[group_key(kind, "all")] < 20
    after = shown(city, kind, moment)
    assert np.array_equal(before.scores, after.scores)
    assert after.parts.later_count.sum() - before.parts.later_count.sum() in (0, 1)


@pytest.mark.parametrize("kind", [PlaceKind.GRIDS, PlaceKind.STREETS])
def test_a_township_sees_its_own_grids_and_streets_only(city, kind):
    whole = shown(city, kind).parts
    parts = [shown(city, kind, scope=Scope("x", path)).parts for path in (WEST, EAST)]
    keys = [{tuple(key) for key in each.cells.tolist()} for each in (*parts, whole)]
    assert keys[0] | keys[1] == keys[2]
    assert sum(each.event_count.sum() for each in parts) == whole.event_count.sum()
    assert len(keys[0]) < len(keys[2])


def test_keys_of_groups_come_back():
    for kind in PlaceKind:
        assert group_of(group_key(kind, "fire")) == (kind, "fire")


def test_few_grids_and_no_streets_make_no_ground(migrated_database):
    build(migrated_database.app, [])
    with scoped(migrated_database.app, system_scope()) as connection:
        assert ground_of(connection, PlaceKind.GRIDS, srid=SRID) is None
        assert ground_of(connection, PlaceKind.STREETS, srid=SRID) is None


def answer(client, address):
    got = client.get(address)
    assert got.status_code == 200, got.get_data(as_text=True)
    return got


@pytest.mark.parametrize("kind", [PlaceKind.GRIDS, PlaceKind.STREETS])
def test_places_are_told_with_shapes_reasons_and_files(client, kind):
    runs = answer(client, f"/api/hotspots?places={kind}").get_json()
    assert runs["kinds"] == ["cells", "grids", "streets"]
    told = answer(client, f"/api/hotspots/{runs['runs'][-1]['id']}?lang=en").get_json()
    assert told["places"] == kind
    (shape,) = {feature["geometry"]["type"] for feature in told["cells"]["features"]}
    assert shape == {"grids": "MultiPolygon", "streets": "LineString"}[kind]
    best = told["top"][0]
    features = {feature["properties"]["rank"]: feature for feature in told["cells"]["features"]}
    assert features[1]["properties"]["event_count"] == best["event_count"]
    # All hazards of this city lie within the year that reasons look back.
    assert best["year_count"] == best["event_count"]
    table = answer(client, f"/api/hotspots/{told['id']}.csv").get_data(as_text=True)
    rows = list(csv.DictReader(io.StringIO(table.removeprefix("\ufeff"))))
    assert len(rows) == told["cell_count"]
    assert {"grids": "grid_id", "streets": "piece"}[kind] in rows[0]
    assert float(rows[0]["lon"]) == pytest.approx(best["lon"], abs=1e-5)
    whole = json.loads(answer(client, f"/api/hotspots/{told['id']}.geojson").get_data(as_text=True))
    assert len(whole["features"]) == told["cell_count"]


@pytest.mark.parametrize("kind", [PlaceKind.GRIDS, PlaceKind.STREETS])
def test_chosen_hazards_have_a_map_on_places_too(client, kind):
    told = answer(client, f"/api/hotspots/trial?places={kind}&severity=major&guard=1&lang=en").get_json()
    rows = [row for row in hazards() if row["severity"] == "major"]
    assert told["is_map"]
    assert told["places"] == kind
    assert 0 < told["event_count"] <= len(rows)
    assert told["guard"]["left_out"] > 0
    page = answer(client, f"/hotspots?places={kind}&lang=en").get_data(as_text=True)
    assert f'<option value="{kind}" selected>' in page
    assert client.get("/api/hotspots?places=moons&lang=en").status_code == 400
