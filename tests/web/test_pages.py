"""The page's configuration, its headers, its language, and static files."""

import gzip
import json
import re
from pathlib import Path

import pytest

from gis_app import paths
from gis_app.domain.errors import Unavailable
from gis_app.domain.rights import Role
from gis_app.settings import Settings
from gis_app.web import create_app, params, static_files


def config_of(answer):
    element = r'<script type="application/json" id="jingwei-config"[^>]*>(.*?)</script>'
    found = re.search(element, answer.get_data(as_text=True), re.DOTALL)
    return json.loads(found.group(1))


@pytest.fixture(scope="module")
def config(client):
    return config_of(client.get("/?lang=zh"))


def test_the_page_knows_the_city_the_nights_and_a_window_up_to_the_newest_data(config):
    assert config["city"] == {
        "name": "瑞安市",
        "area": "",
        "bounds": [120.5, 27.7, 120.9, 27.9],
        "synthetic": True,
    }
    assert config["today"] == "2026-06-15"
    assert config["window"] == {"from": "2026-05-06", "to": "2026-06-04"}
    assert (config["night"], config["nights"]) == ("2026-06-14", ["2026-06-14", "2026-06-13"])


def test_a_township_opens_on_its_own_area_and_names_it(make_client):
    own = config_of(make_client("/330381/330381001/").get("/?lang=zh"))
    assert own["city"] == {"name": "瑞安市", "area": "塘下镇", "bounds": [120.5, 27.7, 120.7, 27.9], "synthetic": True}


def test_a_role_gets_only_the_layers_and_pages_it_may_see(make_client):
    worker = config_of(make_client("/330381/33038100101/", Role.GRID_WORKER).get("/?lang=zh"))
    planner = config_of(make_client("/330381/", Role.PATROL_PLANNER).get("/?lang=zh"))
    hidden = {"coverage", "density", "hotspots_grid", "hotspots_lattice", "patrol_tracks", "village_stars"}
    assert hidden & {layer["id"] for layer in worker["layers"]} == set()
    assert hidden <= {layer["id"] for layer in planner["layers"]}
    assert "/accounts" not in {page["place"] for page in worker["member"]["pages"]}
    admin = config_of(make_client("/330381/", Role.ADMINISTRATOR).get("/?lang=zh"))
    assert {"/accounts", "/audit"} <= {page["place"] for page in admin["member"]["pages"]}


def test_every_layer_of_the_page_has_its_addresses_and_parameters(config):
    layers = {layer["id"]: layer for layer in config["layers"]}
    hazards = layers["hazards"]
    assert hazards["tiles"] == "/tiles/hazards/{z}/{x}/{y}.mvt"
    asked = {name: layers[name]["params"] for name in ("hazards", "coverage", "villages")}
    assert asked == {"hazards": ["from", "to"], "coverage": ["night"], "villages": []}
    assert hazards["paint"]["radii"]["severe"] > hazards["paint"]["radii"]["low"]
    assert [stop["value"] for stop in hazards["paint"]["stops"]] == ["overdue", "open", "closed"]
    assert [stop["hatched"] for stop in layers["coverage"]["paint"]["stops"]][:2] == [True, False]
    assert layers["place_names"]["inlineUrl"] == "/layers/place_names.json"


def test_the_page_speaks_the_readers_language(client, make_client):
    assert config_of(client.get("/?lang=en"))["layers"][0]["title"].isascii()
    assert config_of(client.get("/", headers={"Accept-Language": "en-US,en;q=0.9"}))["locale"] == "en"
    assert config_of(client.get("/?lang=zh", headers={"Accept-Language": "en-US"}))["locale"] == "zh"
    fresh = make_client()
    assert config_of(fresh.get("/", headers={"Accept-Language": "fr"}))["locale"] == "zh"
    fresh.get("/?lang=en")
    assert config_of(fresh.get("/", headers={"Accept-Language": "zh"}))["locale"] == "en"
    assert config_of(fresh.get("/?lang=fr"))["locale"] == "en"


def test_scripts_run_by_a_nonce_that_is_new_each_time(client):
    first, second = client.get("/"), client.get("/")
    policies = [answer.headers["Content-Security-Policy"] for answer in (first, second)]
    nonces = [re.search(r"'nonce-([^']+)'", policy).group(1) for policy in policies]
    assert nonces[0] != nonces[1]
    for answer, nonce in zip((first, second), nonces, strict=True):
        page = answer.get_data(as_text=True)
        inline = re.findall(r"<script(?![^>]*application/json)([^>]*)>", page)
        assert inline
        assert all(f'nonce="{nonce}"' in attributes for attributes in inline)
        assert answer.headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("route", ["/", "/api/kpi", "/nope", "/static/js/main.js", "/tiles/hazards/3/6/3.mvt"])
def test_every_answer_carries_the_security_headers(client, route):
    headers = client.get(route).headers
    policy = headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-inline" not in policy.split("style-src")[0]
    assert "unsafe-eval" not in policy
    assert "http" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]


def test_texts_are_compressed_for_who_accepts_it(client):
    zipped = client.get("/?lang=zh", headers={"Accept-Encoding": "gzip"})
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert "瑞安市" in gzip.decompress(zipped.data).decode()
    assert "Accept-Encoding" in zipped.headers["Vary"]
    assert "Content-Encoding" not in client.get("/").headers


def test_static_files_below_their_version_stay_and_others_are_checked_again(client):
    prefix = re.search(r'"(/static/~[0-9a-f]+)/css/map.css"', client.get("/").get_data(as_text=True)).group(1)
    kept = client.get(f"{prefix}/js/main.js").headers["Cache-Control"]
    assert "immutable" in kept
    assert "max-age=31536000" in kept
    assert "no-cache" in client.get("/static/~0000/js/main.js").headers["Cache-Control"]
    plain = client.get("/static/js/main.js")
    assert "no-cache" in plain.headers["Cache-Control"]
    again = client.get("/static/js/main.js", headers={"If-None-Match": plain.headers["ETag"]})
    assert again.status_code == 304


def test_the_version_of_static_files_changes_with_a_file(tmp_path):
    (tmp_path / "a.js").write_text("1")
    before = static_files.version_of(tmp_path)
    assert static_files.version_of(tmp_path) == before
    (tmp_path / "a.js").write_text("22")
    assert static_files.version_of(tmp_path) != before


@pytest.mark.parametrize("name", ["../pyproject.toml", "..%2fpyproject.toml", "%2e%2e/pyproject.toml", "/etc/passwd"])
def test_no_file_outside_the_static_folder_is_served(client, name):
    assert (paths.static().parent / "pyproject.toml").is_file()
    assert client.get(f"/static/{name}").status_code in (404, 308)
    assert client.get(f"/static/~x/{name}").status_code in (404, 308)


def test_a_part_of_a_static_file_can_be_asked_for(client):
    answer = client.get("/static/js/main.js", headers={"Range": "bytes=0-9", "Accept-Encoding": "gzip"})
    assert (answer.status_code, len(answer.data)) == (206, 10)


def test_translations_that_are_not_compiled_are_named(engine, monkeypatch):
    monkeypatch.setattr(params, "LOCALES", ("zh", "tlh"))
    with pytest.raises(Unavailable, match="tlh") as caught:
        create_app(Settings(home=Path("/nonexistent")), engine)
    assert "pybabel compile" in caught.value.remedy
