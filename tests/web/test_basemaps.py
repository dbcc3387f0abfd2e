"""Basemaps over HTTP: tiles of a file, the file in ranges, nothing for who is not logged in."""

import pytest
from pmtiles.reader import Reader

from tests.services.test_basemaps import RED, pmtiles


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return pmtiles(tmp_path_factory.mktemp("maps") / "city.pmtiles", {(0, 0, 0): RED})


@pytest.fixture(scope="module")
def app(make_app, path):
    return make_app(basemaps=(path,))


@pytest.fixture(scope="module")
def reader(app, make_client):
    return make_client(app=app)


def test_a_tile_is_answered_as_its_image_and_a_missing_one_with_nothing(reader):
    answer = reader.get("/basemap/city/0/0/0")
    assert (answer.status_code, answer.mimetype, answer.get_data()) == (200, "image/png", RED)
    assert reader.get("/basemap/city/1/0/0").status_code == 204
    assert reader.get("/basemap/city/1/2/0").status_code == 404
    assert reader.get("/basemap/other/0/0/0").status_code == 404


def test_a_reader_of_pmtiles_finds_a_tile_by_ranges_alone(reader, path):
    asked = []

    def part(offset, length):
        last = offset + length - 1
        answer = reader.get("/basemap/city.pmtiles", headers={"Range": f"bytes={offset}-{last}"})
        assert answer.status_code == 206
        asked.append(len(answer.get_data()))
        return answer.get_data()

    assert Reader(part).get(0, 0, 0) == RED
    assert len(asked) > 1
    assert reader.get("/basemap/other.pmtiles").status_code == 404


def test_the_page_names_the_basemaps_and_who_is_not_logged_in_gets_none(reader, app):
    assert [each["id"] for each in reader.get("/api/map").get_json()["basemaps"]] == ["city"]
    nobody = app.test_client()
    assert nobody.get("/basemap/city/0/0/0").status_code == 401
    assert nobody.get("/basemap/city.pmtiles").status_code == 401


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_words_of_the_map_come_in_the_language_asked_for_and_stay_for_the_next_page(reader, language):
    found = reader.get(f"/api/map?lang={language}")
    assert found.get_json()["strings"]["layers"] == {"zh": "图层", "en": "Layers"}[language]
    assert found.get_json()["locale"] == language
    assert f'lang="{language}"' in reader.get("/shift").get_data(as_text=True)
