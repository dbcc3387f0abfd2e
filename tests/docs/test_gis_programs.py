"""QGIS, GDAL and OWSLib read the OGC API as the guide tells: filtered by the server, page by page, reprojected."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import geopandas
import pyogrio
import pytest
import requests
from owslib.ogcapi.features import Features
from owslib.util import Authentication
from pyproj import Transformer

from gis_app import paths
from gis_app.client import Client
from tests.callers import token_of
from tests.docs.recording_proxy import recorded

LOGIN = "analyst"
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
MAJOR = "severity = 'major'"
SYSTEM_PYTHON = "/usr/bin/python3"
"""QGIS brings its modules to the system's own Python."""


@pytest.fixture(scope="module")
def token(live_server):
    return token_of(live_server, LOGIN)


@pytest.fixture(scope="module")
def known(live_server, token):
    """All hazards by the client that ships with the product, in metres of the city's zone."""
    with Client(live_server.address, token=token) as city:
        return city.features("hazards", crs=4549)


@pytest.fixture
def proxy(live_server):
    with recorded(live_server.address) as (address, asked):
        yield address, asked


def items_asked(asked, collection="hazards"):
    """Return the queries of the requests for items, and check that all were answered."""
    # 304: QGIS keeps what the server lets it keep.
    assert {status for status, _ in asked} <= {200, 204, 304}, asked
    place = f"/ogc/collections/{collection}/items"
    return [parse_qs(urlsplit(path).query) for _, path in asked if urlsplit(path).path == place]


@pytest.fixture(scope="module")
def qgis_read(live_server, token, tmp_path_factory):
    """What QGIS read of the project that the server gave, and what it asked the server for."""
    there = subprocess.run([SYSTEM_PYTHON, "-c", "import qgis.core"], capture_output=True, check=False)
    if there.returncode:
        pytest.skip("QGIS is not installed (apt install python3-qgis)")
    folder = tmp_path_factory.mktemp("qgis")
    with recorded(live_server.address) as (address, asked):
        answer = requests.get(f"{address}/ogc/project.qgs?lang=en", auth=(LOGIN, token), timeout=60)
        (folder / "jingwei.qgs").write_bytes(answer.content)
        command = [SYSTEM_PYTHON, Path(__file__).with_name("qgis_reader.py"), folder / "jingwei.qgs", LOGIN, token]
        own = {"HOME": str(folder), "QGIS_AUTH_DB_DIR_PATH": str(folder), "QT_QPA_PLATFORM": "offscreen"}
        ran = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=300, env={"PATH": os.environ["PATH"], **own}
        )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout.splitlines()[-1]), list(asked)


def test_qgis_opens_every_layer_of_the_project(qgis_read, live_server, token):
    read, _ = qgis_read
    with Client(live_server.address, token=token) as city:
        assert read["valid"] == sorted(city.layers()["id"])
    assert read["invalid"] == []
    assert read["tiles"] == ["land", "streets", "water"]


def test_qgis_reads_all_features_page_by_page_and_places_them_in_metres(qgis_read, known):
    read, asked = qgis_read
    assert read["hazards"] == sorted(known.index)
    assert any("after" in query for query in items_asked(asked))
    assert len(read["metres"]) == 20
    for identity, place in read["metres"].items():
        point = known.geometry[identity]
        # QGIS reads degrees of seven digits: a centimetre.
        assert place == pytest.approx([point.x, point.y], abs=0.02)


def test_qgis_filters_by_properties_and_lets_the_server_choose_what_lies_in_the_view(qgis_read, known):
    read, asked = qgis_read
    assert read["major"] == sorted(known.index[known["severity"] == "major"])
    degrees = known.to_crs(4326).geometry
    assert read["in_box"] == sorted(known.index[(degrees.x >= 120.6) & (degrees.x <= 120.64)])
    boxes = [[float(each) for each in query["bbox"][0].split(",")] for query in items_asked(asked) if "bbox" in query]
    west, south, east, north = known.to_crs(4326).total_bounds
    assert boxes
    assert all(box[0] < west and box[1] < south and box[2] > east and box[3] > north for box in boxes)
    # The size of a page is the one that the OpenAPI document tells.
    assert {query["limit"][0] for query in items_asked(asked)} <= {"10", "1000"}


def test_qgis_draws_features_and_vector_tiles_as_the_map_does(qgis_read):
    read, asked = qgis_read
    # The colours of layers/*.toml: land's hills over the background, closed hazards, borders of townships.
    assert {"#0b1219", "#9fb3c8"} <= set(read["colours"]["features"])
    assert read["colours"]["features"]["#5e9bd1"] > 100
    assert sum(read["colours"]["tiles"].values()) - read["colours"]["tiles"]["#0b1219"] > 1000
    for layer in ("land", "streets", "water"):
        place = f"/ogc/collections/{layer}/tiles/WebMercatorQuad/"
        assert any(status == 200 and path.startswith(place) for status, path in asked)


def gdal(program, address, token, *arguments):
    """Run a program of GDAL as the guide says and return what it printed."""
    found = shutil.which(program)
    if found is None:
        pytest.skip("GDAL's programs are not installed (apt install gdal-bin)")
    own = {"PATH": os.environ["PATH"], "GDAL_HTTP_USERPWD": f"{LOGIN}:{token}"}
    given = [found, *arguments] if program == "ogr2ogr" else [found, f"OAPIF:{address}/ogc", *arguments]
    ran = subprocess.run(given, capture_output=True, text=True, check=False, timeout=120, env=own)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_ogrinfo_lets_the_server_filter_by_property_time_and_box(proxy, token, known):
    address, asked = proxy
    since = "2026-01-01T00:00:00Z"
    wanted = ("-where", f"{MAJOR} AND discovered_at >= '{since}'", "-spat", "120.6", "27.7", "120.64", "27.85")
    told = gdal("ogrinfo", address, token, "-ro", "-so", "hazards", *wanted)
    to_metres = Transformer.from_crs("OGC:CRS84", "EPSG:4549")
    # The zone's axes are north before east; GeoPandas keeps east first.
    _, west = to_metres.transform(120.6, 27.79)
    _, east = to_metres.transform(120.64, 27.79)
    expected = known[(known["severity"] == "major") & (known["discovered_at"] >= since)]
    expected = expected[(expected.geometry.x > west - 30) & (expected.geometry.x < east + 30)]
    degrees = expected.to_crs(4326).geometry
    assert f"Feature Count: {int(((degrees.x >= 120.6) & (degrees.x <= 120.64)).sum())}\n" in told
    (query, *_) = [each for each in items_asked(asked) if "severity" in each]
    assert query["severity"] == ["major"]
    assert query["datetime"] == [f"{since}/.."]
    assert [float(each) for each in query["bbox"][0].split(",")] == [120.6, 27.7, 120.64, 27.85]


def test_ogr2ogr_pages_through_all_and_reprojects(proxy, token, known, tmp_path):
    address, asked = proxy
    path = tmp_path / "hazards.geojson"
    arguments = ("-t_srs", "EPSG:4549", "-f", "GeoJSON", str(path), f"OAPIF:{address}/ogc", "hazards")
    gdal("ogr2ogr", address, token, "-oo", "PAGE_SIZE=400", *arguments)
    features = json.loads(path.read_text(encoding="utf-8"))["features"]
    places = {each["id"] if "id" in each else each["properties"]["id"]: each["geometry"] for each in features}
    assert sorted(places) == sorted(known.index)
    for identity in list(places)[:50]:
        point = known.geometry[identity]
        assert places[identity]["coordinates"] == pytest.approx([point.x, point.y], abs=0.02)
    pages = [query for query in items_asked(asked) if query.get("limit") == ["400"]]
    assert len(pages) >= -(-len(known) // 400)


@pytest.fixture
def owslib(proxy, token, monkeypatch):
    # The library keeps its headers in one place for all of a process.
    monkeypatch.setattr("owslib.ogcapi.REQUEST_HEADERS", {"Accept": "application/json"})
    return Features(f"{proxy[0]}/ogc", auth=Authentication(LOGIN, token))


def test_owslib_finds_the_collections_and_their_properties(owslib):
    assert {"hazards", "villages", "grids"} <= set(owslib.feature_collections())
    assert "severity" in owslib.collection_queryables("hazards")["properties"]
    assert "/collections/hazards/items" in owslib.api()["paths"]
    assert any(each.endswith("/conf/crs") for each in owslib.conformance()["conformsTo"])


def test_owslib_reads_filtered_limited_and_in_another_system(owslib, known, proxy):
    found = owslib.collection_items("hazards", filter=MAJOR, limit=7, crs=f"{EPSG}4549", sortby=("number", "desc"))
    expected = known[known["severity"] == "major"].sort_values("number", ascending=False)
    assert [each["id"] for each in found["features"]] == list(expected.index[:7])
    assert found["numberMatched"] == len(expected)
    for each in found["features"]:
        point = known.geometry[each["id"]]
        assert each["geometry"]["coordinates"] == pytest.approx([point.y, point.x], abs=0.02)
    assert unquote(proxy[1][-1][1]).replace("+", " ").count(MAJOR) == 1
    one = owslib.collection_item("hazards", found["features"][0]["id"])
    assert one["properties"]["severity"] == "major"


GUIDE = paths.layers().parent / "docs" / "ogc_api.md"


def examples(language, containing):
    """Return the one block of the guide in a language that holds a word."""
    blocks = re.findall(rf"```{language}\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    (found,) = [block for block in blocks if containing in block]
    return found


def run_in_shell(live_server, code, folder, token):
    names = {"JINGWEI": live_server.address, "TOKEN": token, "LOGIN": LOGIN, "PATH": os.environ["PATH"]}
    command = ["bash", "-euo", "pipefail", "-c", code]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, env=names, cwd=folder)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_the_guides_example_of_a_change_adds_a_facility(live_server, tmp_path):
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    able = token_of(live_server, "city", rights=("view_map", "plan_patrols"))
    code = examples("sh", "curl -X POST").replace("curl -X", "curl -sS -D answer.txt -X")
    run_in_shell(live_server, code, tmp_path, able)
    told = (tmp_path / "answer.txt").read_text(encoding="utf-8")
    assert told.split()[1] == "201"
    (place,) = re.findall(r"^Location: (\S+)", told, re.MULTILINE | re.IGNORECASE)
    head = {"Authorization": f"Bearer {able}"}
    made = requests.get(place, headers=head, timeout=30).json()
    assert made["properties"]["name_en"] == "Tangxia school"
    assert made["geometry"]["coordinates"] == [120.61, 27.81]
    assert requests.delete(place, headers=head, timeout=30).status_code == 204


def test_the_guides_examples_for_geopandas_and_owslib_read_the_major_hazards(live_server, token, known):
    names = {"ADDRESS": live_server.address, "LOGIN": LOGIN, "TOKEN": token}
    exec(examples("python", "owslib"), names)  # noqa: S102 - our own guide
    assert names["found"]["numberMatched"] == (known["severity"] == "major").sum()
    try:
        exec(examples("python", "pyogrio"), names)  # noqa: S102 - our own guide
    finally:
        pyogrio.set_gdal_config_options({"GDAL_HTTP_USERPWD": None})
    assert sorted(names["hazards"]["id"]) == sorted(known.index[known["severity"] == "major"])


def test_the_guides_example_for_ogr2ogr_writes_all_hazards(live_server, token, known, tmp_path):
    if shutil.which("ogr2ogr") is None:
        pytest.skip("GDAL's programs are not installed (apt install gdal-bin)")
    run_in_shell(live_server, examples("sh", "ogr2ogr"), tmp_path, token)
    written = geopandas.read_file(tmp_path / "hazards.gpkg")
    assert written.crs.to_epsg() == 4549
    assert sorted(written["id"]) == sorted(known.index)
