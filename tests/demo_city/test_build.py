"""The synthetic city: nests without gap, hangs together, fits in time, and is the same for the same seed."""

import hashlib
import os
import subprocess
import sys
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import shapely
from scipy import sparse
from scipy.sparse import csgraph

from gis_app import paths
from gis_app.demo_city.build import CitySize, build
from gis_app.demo_city.place_names import read_place_names
from gis_app.demo_city.terrain import to_metres

END = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)


def make(seed=7):
    names = read_place_names(paths.data())
    categories = pd.read_csv(paths.data() / "hazard_categories.csv")
    return build(CitySize.SMALL, seed, place_names=names, categories=categories, end=END)


def digest(city):
    whole = hashlib.sha256()
    for frame in (city.areas, city.streets, city.facilities, city.teams, city.hazards, city.basemap):
        whole.update(b"".join(frame.geometry.to_wkb()))
        whole.update(frame.drop(columns="geometry").to_csv(index=False).encode())
    whole.update(city.grids.to_csv(index=False).encode())
    for night in city.nights():
        for frame in (night.routes, night.stops, night.patrols, night.fixes):
            whole.update(frame.to_csv(index=False).encode())
    return whole.hexdigest()


def metres(shapes):
    return shapely.transform(np.asarray(shapes), to_metres)


def of_level(city, level):
    return city.areas[city.areas["level"] == level]


def test_the_data_hold_all_towns_and_villages_with_unique_codes_that_nest():
    names = read_place_names(paths.data())
    assert (len(names.towns), len(names.villages)) == (23, 515)
    assert names.villages["code"].is_unique
    assert set(names.villages["town_code"]) <= set(names.towns["code"])
    assert (names.villages["code"].str[:9] == names.villages["town_code"]).all()
    assert names.towns.notna().all().all()
    assert names.villages.notna().all().all()


@pytest.mark.parametrize(("level", "count"), [("city", 1), ("township", 3), ("village", 34), ("grid", 170)])
def test_areas_of_each_level_tile_without_gap_or_overlap(city, level, count):
    shapes = of_level(city, level).geometry.to_numpy()
    assert len(shapes) == count
    assert shapely.is_valid(shapes).all()
    assert shapely.coverage_is_valid(shapes)
    whole = shapely.area(metres(of_level(city, "city").geometry)).sum()
    assert shapely.area(metres(shapes)).sum() == pytest.approx(whole, rel=1e-9)


@pytest.mark.parametrize("level", ["township", "village", "grid"])
def test_every_area_is_inside_its_parent(city, level):
    areas = of_level(city, level)
    parents = city.areas.set_index("code").geometry.loc[areas["parent_code"]].to_numpy()
    own = metres(areas.geometry)
    shared = shapely.area(shapely.intersection(own, metres(parents)))
    assert shared == pytest.approx(shapely.area(own), rel=1e-6)


def test_every_street_node_reaches_every_other(city):
    start, end = city.streets["from_node"].to_numpy(), city.streets["to_node"].to_numpy()
    size = max(start.max(), end.max()) + 1
    graph = sparse.coo_array((np.ones(len(start)), (start, end)), shape=(size, size))
    assert csgraph.connected_components(graph, directed=False)[0] == 1


def test_streets_begin_and_end_where_their_nodes_are(city):
    lines = city.streets.geometry.to_numpy()
    starts = map(tuple, shapely.get_coordinates(shapely.get_point(lines, 0)))
    ends = pd.DataFrame({"node": city.streets["from_node"], "place": list(starts)})
    assert (ends.groupby("node")["place"].nunique() == 1).all()
    assert city.streets["length_m"].to_numpy() == pytest.approx(shapely.length(metres(lines)), abs=0.01)


def test_streets_are_long_enough_to_be_seen_and_join_two_nodes_only_once(city):
    assert shapely.is_valid(city.streets.geometry.to_numpy()).all()
    assert city.streets["length_m"].min() > 1.0
    assert (city.streets["length_m"] < 10.0).mean() < 0.01
    pairs = np.sort(city.streets[["from_node", "to_node"]].to_numpy(), axis=1)
    assert (pairs[:, 0] != pairs[:, 1]).all()
    assert len(np.unique(pairs, axis=0)) == len(pairs)


def test_only_roads_between_places_have_bridges(city):
    assert set(city.streets.loc[city.streets["is_bridge"], "kind"]) <= {"trunk", "primary", "secondary"}


def test_streets_that_cross_a_river_are_bridges_and_only_those(city):
    rivers = shapely.union_all(city.basemap[city.basemap["kind"] == "river"].geometry.to_numpy())
    crossing = shapely.intersects(city.streets.geometry.to_numpy(), rivers)
    bridge = city.streets["is_bridge"].to_numpy()
    assert bridge.sum() >= 3
    assert (crossing == bridge).mean() > 0.995


def test_no_street_but_a_ferry_goes_through_the_sea(city):
    sea = city.basemap.loc[city.basemap["kind"] == "sea", "geometry"].iloc[0].buffer(-0.003)
    shapely.prepare(sea)
    on_land = city.streets.loc[city.streets["kind"] != "ferry"].geometry.to_numpy()
    assert not shapely.intersects(sea, on_land).any()


def test_facilities_lie_beside_streets_and_out_of_the_rivers(city):
    points = metres(city.facilities.geometry)
    streets = shapely.STRtree(metres(city.streets.geometry))
    assert shapely.distance(points, streets.geometries.take(streets.nearest(points))).max() < 150
    rivers = shapely.union_all(city.basemap[city.basemap["kind"] == "river"].geometry.to_numpy())
    assert not shapely.contains(rivers, city.facilities.geometry.to_numpy()).any()


def test_a_subdistrict_has_an_office_and_stations_are_named_after_the_place_alone(city):
    names = city.facilities.groupby("kind")["name_zh"].agg(set)
    assert names["town_hall"] == {"安阳街道办事处", "玉海街道办事处", "锦湖街道办事处"}
    assert names["police_station"] == {"安阳派出所", "玉海派出所", "锦湖派出所"}


def test_hazards_are_named_after_the_village_they_lie_in(city):
    villages = of_level(city, "village")
    hazard, village = shapely.STRtree(villages.geometry.to_numpy()).query(
        city.hazards.geometry.to_numpy(), predicate="within"
    )
    names = villages["name_zh"].to_numpy()[village]
    titles, places = (city.hazards[column].to_numpy()[hazard] for column in ("title", "place"))
    assert all(title.startswith(name) for title, name in zip(titles, names, strict=True))
    assert all(place.startswith(name) for place, name in zip(places, names, strict=True))


def test_hazards_lie_in_grids_and_their_number_is_as_ordered(city):
    grids = shapely.STRtree(of_level(city, "grid").geometry.to_numpy())
    point, _ = grids.query(city.hazards.geometry.to_numpy(), predicate="within")
    assert len(city.hazards) == 1500
    assert len(np.unique(point)) == 1500
    assert city.hazards["number"].is_unique


def test_the_times_of_a_hazard_follow_its_stages(city):
    hazards = city.hazards
    order = ["discovered_at", "filed_at", "assigned_at", "feedback_at", "verified_at", "closed_at"]
    for earlier, later in pairwise(order):
        both = hazards[hazards[later].notna()]
        assert both[earlier].notna().all(), later
        assert (both[earlier] <= both[later]).all(), later
    assert (hazards["closed_at"].notna() == (hazards["stage"] == "closed")).all()
    assert (hazards["due_at"].notna() == hazards["assigned_at"].notna()).all()
    assert hazards["discovered_at"].max() <= pd.Timestamp(END)
    assert hazards["discovered_at"].min() >= pd.Timestamp(END) - pd.Timedelta(days=367)


def test_old_hazards_are_closed_and_some_open_ones_are_overdue(city):
    old = city.hazards[city.hazards["discovered_at"] < pd.Timestamp(END) - pd.Timedelta(days=60)]
    ended = old["stage"].isin(["closed", "void"])
    assert ended.mean() > 0.98
    open_ones = city.hazards[~city.hazards["stage"].isin(["closed", "void"])]
    assert 0 < (open_ones["due_at"] < pd.Timestamp(END)).sum() < len(open_ones)


@pytest.mark.parametrize(("category", "first", "last"), [("fire", 14, 2), ("production", 4, 16), ("building", 4, 16)])
def test_hazards_come_up_at_their_hours_of_the_city_clock(city, category, first, last):
    own = city.hazards[city.hazards["category_code"] == category]
    hour = own["discovered_at"].dt.tz_convert("Asia/Shanghai").dt.hour
    usual = hour.between(first, last) if first < last else (hour >= first) | (hour <= last)
    assert usual.mean() > 0.9


def test_floods_come_in_the_typhoon_months_and_fires_in_winter(city):
    month = city.hazards["discovered_at"].dt.tz_convert("Asia/Shanghai").dt.month
    floods = month[city.hazards["category_code"] == "flood"]
    fires = month[city.hazards["category_code"] == "fire"]
    assert floods.isin([7, 8, 9]).mean() > 0.45
    assert fires.isin([12, 1, 2]).mean() > 0.33


def test_no_sensor_finds_a_dispute_or_a_noise(city):
    sensed = city.hazards.loc[city.hazards["discovered_by"] == "sensor", "category_code"]
    assert set(sensed) == {"fire", "flood", "gas", "geological", "environment"}


def test_no_hazard_lies_in_a_river(city):
    rivers = shapely.union_all(city.basemap[city.basemap["kind"] == "river"].geometry.to_numpy())
    assert not shapely.contains(rivers, city.hazards.geometry.to_numpy()).any()


def test_nights_are_the_last_ones_before_the_end_and_fixes_follow_the_streets(city, nights):
    assert [str(night.night) for night in nights] == ["2026-11-19", "2026-11-20", "2026-11-21", "2026-11-22"]
    streets = shapely.STRtree(metres(city.streets.geometry))
    fixes = pd.concat([night.fixes for night in nights])
    points = shapely.points(fixes[["x", "y"]].to_numpy())
    nearest = streets.geometries.take(streets.nearest(points))
    near = shapely.distance(points, nearest) < 30
    assert near.mean() > 0.95
    assert fixes["recorded_at"].max() < pd.Timestamp(END)


def test_patrols_take_one_to_two_hours_in_the_evening_and_stop_on_their_way(nights):
    routes = pd.concat([night.routes for night in nights])
    minutes = (routes["ends_at"] - routes["starts_at"]).dt.total_seconds() / 60
    assert minutes.between(59.9, 120.1).all()
    assert routes["starts_at"].dt.hour.between(19, 23).all()
    stops = pd.concat([night.stops.assign(night=night.night) for night in nights])
    assert (stops["dwell_min"] >= 6).all()
    assert stops.groupby(["night", "patrol"]).size().median() >= 3


def test_some_tracks_have_holes_longer_than_two_minutes(nights):
    fixes = pd.concat([night.fixes.assign(night=night.night) for night in nights])
    gap = fixes.groupby(["night", "patrol"])["recorded_at"].diff().dt.total_seconds()
    assert (gap > 120).sum() >= 1
    assert gap.median() == 20.0


def test_no_table_has_a_column_for_persons(city):
    columns = {
        name for frame in (city.areas, city.grids, city.teams, city.hazards, city.facilities) for name in frame.columns
    }
    assert not {name for name in columns if any(word in name for word in ("person", "phone", "member", "officer"))}


def test_the_same_seed_gives_the_same_city_also_in_another_process(city):
    again = digest(make())
    assert digest(city) == again
    code = "import test_build as t; print(t.digest(t.make()))"
    environment = {**os.environ, "PYTHONHASHSEED": "99", "PYTHONPATH": os.path.dirname(__file__)}
    result = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == again


def test_another_seed_gives_another_city(city):
    assert digest(make(8)) != digest(city)
