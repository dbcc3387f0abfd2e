"""Exported maps hold what their scope may see, and are whole or not there."""

import json
import re
from datetime import date

import pytest

from gis_app.domain.errors import Forbidden, InvalidInput, NotFound
from gis_app.domain.periods import TimeWindow
from gis_app.domain.rights import Right, Scope
from gis_app.services.maps import export_map

LAYERS = ("hazards", "villages", "coverage", "streets", "place_names", "facilities", "patrol_tracks")


def scope(path="/", *rights):
    return Scope(account="test", area_path=path, rights=frozenset(rights or Right))


def exported(engine, folder, path="/", **options):
    file = export_map(engine, scope(path), **{"layer_ids": LAYERS, "path": folder / "map.html", **options})
    return file.read_text(encoding="utf-8")


def config_in(page):
    return json.loads(re.search(r'id="jingwei-config"[^>]*>(.*?)</script>', page, re.DOTALL).group(1))


def test_the_file_holds_the_window_and_night_asked_for(engine, tmp_path):
    june = TimeWindow(date(2026, 6, 2), date(2026, 6, 3))
    page = exported(engine, tmp_path, window=june, night=date(2026, 6, 13))
    data = config_in(page)["data"]
    assert {row[3][0] for row in data["hazards"]} == {"电线老化", "误报"}
    assert len(data["patrol_tracks"]) == 1
    assert data["coverage"] == []
    assert "2026-06-02 – 2026-06-03" in page
    assert "数据截至 2026-06-04 08:00" in page


def test_by_default_it_is_the_newest_month_and_night(engine, tmp_path):
    data = config_in(exported(engine, tmp_path))["data"]
    assert {row[3][0] for row in data["hazards"]} == {"通道堵塞", "电线老化", "井盖缺失", "误报", "河岸塌陷"}
    assert sorted(row[1] for row in data["coverage"]) == [0.0, 0.4]


def test_values_are_words_of_the_language_and_streets_one_shape_per_class(engine, tmp_path):
    config = config_in(exported(engine, tmp_path, locale="en"))
    hazards = next(layer for layer in config["layers"] if layer["id"] == "hazards")
    state = [field["name"] for field in hazards["fields"]].index("state")
    assert {row[3][state] for row in config["data"]["hazards"]} == {"Overdue", "Closed"}
    assert [(row[0]["type"], row[1]) for row in config["data"]["streets"]] == [("MultiLineString", "trunk")]
    assert {row["properties"]["name_en"] for row in config["answers"]["/layers/place_names.json"]["features"]} >= {
        "Tangxia"
    }


def test_what_is_overdue_is_drawn_on_top(engine, tmp_path):
    states = [row[1] for row in config_in(exported(engine, tmp_path))["data"]["hazards"]]
    assert states == sorted(states, key=["closed", "open", "overdue"].index)


def test_a_township_exports_nothing_of_another(engine, tmp_path):
    page = exported(engine, tmp_path, "/330381/330381001/")
    assert "通道堵塞" in page
    assert [word for word in ("河岸塌陷", "安阳小学", "安阳街道") if word in page] == []


def test_an_unknown_layer_is_named_with_those_there_are(engine, tmp_path):
    with pytest.raises(NotFound, match="nope") as caught:
        exported(engine, tmp_path, layer_ids=["hazards", "nope"])
    assert "patrol_tracks" in caught.value.remedy


def test_without_the_right_nothing_is_exported(engine, tmp_path):
    with pytest.raises(Forbidden):
        export_map(engine, scope("/", Right.REPORT_HAZARD), layer_ids=["hazards"], path=tmp_path / "map.html")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_says_why_and_leaves_nothing(engine, tmp_path):
    with pytest.raises(InvalidInput, match="cannot be written") as caught:
        exported(engine, tmp_path / "gone")
    assert caught.value.remedy
    (tmp_path / "map.html").mkdir()
    with pytest.raises(InvalidInput, match="cannot be written"):
        exported(engine, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["map.html"]
