"""Layer files: every shipped one is right, and every wrong one is refused by file and key."""

import re

import pytest
from sqlalchemy import text

from gis_app import paths
from gis_app.domain.errors import InvalidInput
from gis_app.domain.hazards import DiscoveryWay, Severity, Stage
from gis_app.rendering.layer_spec import load_layers

COLUMNS = text("SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(:view) AND attnum > 0")
GOOD = """
id = "wells"
title = { zh = "水井", en = "Wells" }
group = "areas"
order = 5
source = "well_map"
geometry = "point"
tooltip = ["depth"]

[paint]
kind = "categories"
field = "kind"

[[paint.stops]]
value = "dug"
color = "#123456"
label = { zh = "挖", en = "Dug" }

[[fields]]
name = "depth"
kind = "number"
unit = { zh = "米", en = "m" }
title = { zh = "深", en = "Depth" }
"""


def load(folder, words):
    (folder / "wells.toml").write_text(words, encoding="utf-8")
    return load_layers(folder)[0]


@pytest.fixture(scope="module")
def shipped():
    return load_layers(paths.layers())


def test_every_layer_of_the_command_map_is_shipped(shipped):
    assert {layer.id for layer in shipped} >= {
        *("water", "land", "streets", "townships", "villages", "grids", "place_names", "hazards", "planned_stops"),
        *("patrol_tracks", "village_stars", "hotspots_lattice", "hotspots_grid", "density", "coverage", "facilities"),
    }


def test_every_column_a_shipped_layer_names_is_in_the_migrated_database(shipped, migrated_database):
    with migrated_database.app.connect() as connection:
        for layer in shipped:
            columns = set(connection.execute(COLUMNS, {"view": layer.source}).scalars())
            needed = {"id", "geom", *layer.tile_columns, *layer.detail_columns}
            needed |= {layer.time_column, layer.night_column, layer.zoom_column} - {None}
            assert needed <= columns, layer.id


def test_layers_come_in_drawing_order_and_orders_are_not_shared(shipped):
    orders = [layer.order for layer in shipped]
    assert orders == sorted(set(orders))


def test_the_words_of_hazards_are_those_of_the_domain(shipped):
    hazards = next(layer for layer in shipped if layer.id == "hazards")
    assert set(hazards.field_named("stage").values) == set(Stage)
    assert set(hazards.field_named("severity").values) == set(Severity)
    assert set(hazards.paint.radii) == set(Severity)
    assert set(hazards.field_named("discovered_by").values) == set(DiscoveryWay)


def test_hotspot_classes_are_all_named_and_the_insignificant_one_is_not_drawn(shipped):
    for layer in (layer for layer in shipped if layer.id.startswith("hotspots_")):
        drawn = {stop.value for stop in layer.paint.stops}
        assert set(layer.field_named("hotspot_class").values) - drawn == {"none"}
        assert layer.paint.color_of("none") is None


def test_a_grid_without_track_never_looks_covered(shipped):
    paint = next(layer for layer in shipped if layer.id == "coverage").paint
    unvisited, barely = paint.stop_of(0.0), paint.stop_of(0.001)
    assert unvisited.hatched
    assert unvisited.color not in {stop.color for stop in paint.stops if stop is not unvisited}
    assert paint.color_of(None) == unvisited.color
    assert not barely.hatched


def test_a_layer_file_becomes_a_frozen_specification(tmp_path):
    layer = load(tmp_path, GOOD)
    assert (layer.id, layer.order, layer.visible, layer.maxzoom) == ("wells", 5, False, 22)
    assert layer.tile_columns == ("depth", "kind")
    assert layer.field_named("depth").unit.in_locale("en") == "m"
    with pytest.raises(AttributeError):
        layer.order = 6


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("order = 5", 'order = "5"', "order"),
        ("order = 5", "order = true", "order"),
        ("order = 5", "", "order"),
        ("order = 5", "order = 5\ncolour = 1", "colour"),
        ('"well_map"', '"well; DROP TABLE area"', "source"),
        ('"well_map"', '"Well"', "source"),
        ('"point"', '"circle"', "geometry"),
        ('group = "areas"', 'group = "other"', "group"),
        ('tooltip = ["depth"]', 'tooltip = ["height"]', "tooltip"),
        ('tooltip = ["depth"]', "tooltip = [1]", "tooltip"),
        ('tooltip = ["depth"]', "minzoom = 12\nmaxzoom = 3", "minzoom"),
        ('{ zh = "水井", en = "Wells" }', '{ zh = "水井" }', "title.en"),
        ('"#123456"', '"red"', r"paint.stops[0].color"),
        ('value = "dug"', 'value = "dug"\nleast = 2', "paint.stops[0].value"),
        ('value = "dug"', "least = 2", "paint.stops"),
        ('kind = "categories"', 'kind = "steps"', "paint.stops"),
        ('kind = "categories"', 'kind = "glow"', "paint.kind"),
        ('field = "kind"', "", "paint.field"),
        ('field = "kind"', 'field = "kind"\nwidth_stops = [[12, 1], [8, 2]]', "paint.width_stops"),
        ('field = "kind"', 'field = "kind"\nwidth_stops = [[12]]', "paint.width_stops"),
        ('field = "kind"', 'field = "kind"\nradii = { dug = "big" }', "paint.radii.dug"),
        ('kind = "number"', 'kind = "money"', "fields[0].kind"),
        ('id = "wells"', 'id = "springs"', "id"),
    ],
)
def test_a_wrong_key_or_value_is_refused_by_file_and_key(tmp_path, old, new, key):
    assert old in GOOD
    with pytest.raises(InvalidInput, match=re.escape(f"Layer file wells.toml, key {key}:")) as caught:
        load(tmp_path, GOOD.replace(old, new, 1))
    assert caught.value.remedy


def test_a_file_that_is_no_toml_is_refused_by_name(tmp_path):
    with pytest.raises(InvalidInput, match=r"wells\.toml is no TOML"):
        load(tmp_path, "id = ")
