"""The OGC API over HTTP: documents, paging, reference systems, filters, and GDAL as a client of a real server."""

import json
import re
from urllib.parse import parse_qsl, urlencode, urlsplit

import pyogrio
import pytest
from pyproj import Transformer

from gis_app import paths
from gis_app.services import feature_collections
from gis_app.web.ogc_documents import CONFORMANCE
from tests.callers import token_of

EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
ITEMS = "/ogc/collections/hazards/items"


def items(client, collection="hazards", **query):
    answer = client.get(f"/ogc/collections/{collection}/items?{urlencode(query)}")
    assert answer.status_code == 200, answer.json
    assert answer.content_type == "application/geo+json"
    return answer.json


def numbers(client, **query):
    return [each["properties"]["number"] for each in items(client, **query)["features"]]


def refusal(client, **query):
    answer = client.get(f"{ITEMS}?{urlencode(query)}&lang=en")
    assert answer.status_code == 400
    return answer.json["detail"]


def follow(client, page, rel="next"):
    place = next((each["href"] for each in page["links"] if each["rel"] == rel), None)
    return None if place is None else client.get(urlsplit(place).path + "?" + urlsplit(place).query).json


def test_every_link_of_the_documents_leads_somewhere(client):
    seen, waiting = set(), ["/ogc"]
    while waiting:
        place = waiting.pop()
        if place in seen:
            continue
        seen.add(place)
        answer = client.get(place)
        assert answer.status_code == 200, place
        if answer.is_json or "json" in answer.content_type:
            for link in answer.json.get("links", []) + [
                link for each in answer.json.get("collections", []) for link in each["links"]
            ]:
                if not link.get("templated"):
                    parts = urlsplit(link["href"])
                    waiting.append(parts.path + (f"?{parts.query}" if parts.query else ""))
    assert {f"/ogc/collections/{each}/items?f=json" for each in ("hazards", "villages", "streets")} <= seen


def test_conformance_names_only_what_the_documents_have(client):
    told = client.get("/ogc/conformance").json["conformsTo"]
    assert told == list(CONFORMANCE)
    assert len(told) == len(set(told)) == 33
    document = client.get("/ogc/api").json
    parameters = {each["name"] for each in document["paths"]["/collections/hazards/items"]["get"]["parameters"]}
    assert {"limit", "bbox", "bbox-crs", "datetime", "filter", "filter-crs", "sortby", "crs", "severity"} <= parameters
    assert "/collections/{collection}/items" not in document["paths"]


def test_features_come_page_by_page_each_once(client):
    page, seen = items(client, limit=2), []
    assert page["numberMatched"] == 6
    while page is not None:
        assert page["numberReturned"] == len(page["features"]) <= 2
        seen += [each["id"] for each in page["features"]]
        page = follow(client, page)
    assert len(seen) == len(set(seen)) == 6
    page, ordered = items(client, limit=2, sortby="-discovered_at"), []
    while page is not None:
        ordered += [each["properties"]["number"] for each in page["features"]]
        page = follow(client, page)
    assert ordered == ["B1", "A4", "A2", "A1", "A3", "B2"]


def test_filters_boxes_times_and_properties(client):
    assert numbers(client, filter="number LIKE 'A%' AND stage <> 'void'", sortby="number") == ["A1", "A2", "A3"]
    assert numbers(client, filter='{"op":"=","args":[{"property":"number"},"B1"]}', **{"filter-lang": "cql2-json"}) == [
        "B1"
    ]
    assert numbers(client, stage="void") == ["A4"]
    assert numbers(client, bbox="120.75,27.7,120.9,27.9", sortby="number") == ["B1", "B2"]
    assert numbers(client, bbox="27.7,120.75,27.9,120.9", sortby="number", **{"bbox-crs": f"{EPSG}4326"}) == [
        "B1",
        "B2",
    ]
    # A day is the city's: midnight of 2 June is 16 h UTC of the first.
    assert numbers(client, datetime="2026-06-02/2026-06-03", sortby="number") == ["A2", "A4"]
    assert numbers(client, datetime="2026-06-04T00:00:00Z") == ["B1"]
    assert numbers(client, datetime="../2026-04-01") == ["B2"]
    only = items(client, properties="number,stage", skipGeometry="true", number="A1")["features"][0]
    assert (only["properties"], only["geometry"]) == ({"number": "A1", "stage": "handling"}, None)


@pytest.mark.parametrize("code", ["4326", "4490", "4549", "3857"])
def test_shapes_come_in_the_order_of_axes_of_their_reference_system(client, code):
    answer = client.get(f"{ITEMS}?{urlencode({'number': 'A1', 'crs': EPSG + code})}")
    assert answer.headers["Content-Crs"] == f"<{EPSG}{code}>"
    # Without always_xy, pyproj writes the axes in the order of the authority.
    place = Transformer.from_crs("OGC:CRS84", f"EPSG:{code}").transform(120.6, 27.8)
    assert answer.json["features"][0]["geometry"]["coordinates"] == pytest.approx(place, abs=1e-3, rel=0)


def test_one_feature_and_the_missing_one(client):
    first = items(client, number="A1")["features"][0]
    told = client.get(f"{ITEMS}/{first['id']}").json
    assert (told["id"], told["properties"]) == (first["id"], first["properties"])
    for missing in ("00000000-0000-4000-8000-000000000000", "17", "x'--"):
        assert client.get(f"{ITEMS}/{missing}").status_code == 404
    assert client.get("/ogc/collections/nothing/items").status_code == 404


def test_what_is_wrong_is_told_with_its_place(client):
    assert "no parameter colour" in refusal(client, colour="red")
    assert "line 1, column 9" in refusal(client, filter="stage = ")
    assert "/args/0" in refusal(client, filter="height > 1")
    assert "limit" in refusal(client, limit="0")
    assert "limit" in refusal(client, limit="many")
    assert "box" in refusal(client, bbox="1,2,3")
    assert "crs" in refusal(client, crs="EPSG:4326")
    assert "sortby" in refusal(client, sortby="geom")
    assert "cannot be computed" in refusal(client, filter="10 ^ 400 > 1")
    assert "twice" in client.get(f"{ITEMS}?limit=1&limit=2&lang=en").json["detail"]


def test_a_heavy_question_is_cut_and_says_so(client, monkeypatch):
    heavy = " AND ".join(["distance_m(geom, POINT(120.6 27.8)) >= 0"] * 250)
    assert len(numbers(client, filter=heavy)) == 6
    monkeypatch.setattr(feature_collections, "LONGEST_S", 0.001)
    answer = client.get(f"{ITEMS}?{urlencode({'filter': heavy, 'lang': 'en'})}")
    assert answer.status_code == 503
    assert "took too long" in answer.json["detail"]


def test_a_township_reads_its_own_features_alone(make_client):
    west, east = make_client("/330381/330381001/"), make_client("/330381/330381002/")
    assert numbers(west, sortby="number") == ["A1", "A2", "A3", "A4"]
    assert items(east, filter="TRUE")["numberMatched"] == 2
    foreign = items(west, number="A1")["features"][0]["id"]
    assert east.get(f"{ITEMS}/{foreign}").status_code == 404


def test_tiles_are_those_of_the_map(client):
    tilejson = client.get("/ogc/collections/hazards/tiles/WebMercatorQuad?f=tilejson").json
    assert tilejson["vector_layers"][0]["id"] == "hazards"
    path = urlsplit(tilejson["tiles"][0].format(z=10, x=855, y=429)).path
    own = client.get(f"{path}?from=2026-01-01&to=2026-06-15")
    assert own.status_code == 200
    assert own.data == client.get("/tiles/hazards/10/855/429.mvt?from=2026-01-01&to=2026-06-15").data


@pytest.mark.parametrize("language", ["zh", "en"])
def test_pages_for_people_show_the_features(client, language):
    page = client.get(f"{ITEMS}?f=html&lang={language}&filter=number%3D%27A1%27").text
    assert "通道堵塞" in page
    assert "&lt;img onerror" in page
    assert "<img onerror" not in page
    listed = client.get(f"/ogc/collections?f=html&lang={language}").text
    assert "/ogc/collections/hazards/items?f=html" in listed


def test_the_query_of_the_next_page_keeps_what_was_asked(client):
    page = items(client, limit=1, filter="stage = 'closed'", sortby="number")
    place = next(each["href"] for each in page["links"] if each["rel"] == "next")
    assert dict(parse_qsl(urlsplit(place).query)) == {
        "limit": "1",
        "filter": "stage = 'closed'",
        "sortby": "number",
        "offset": "1",
    }
    assert json.loads(json.dumps(page))["features"][0]["properties"]["number"] == "A3"


def test_every_filter_of_the_manual_is_answered(client):
    manual = (paths.layers().parent / "docs" / "ogc_api.md").read_text(encoding="utf-8")
    filters = re.search(r"```cql2\n(.+?)```", manual, re.DOTALL)[1].splitlines()
    counts = [items(client, filter=each)["numberMatched"] for each in filters]
    assert counts == [0, 0, 6, 3, 2, 1, 1, 4, 6, 0, 0, 6]


@pytest.fixture(scope="module")
def dataset(live_server):
    """The address of a real server's API for GDAL, which logs in with a token."""
    options = {"GDAL_HTTP_AUTH": "BEARER", "GDAL_HTTP_BEARER": token_of(live_server, "city")}
    pyogrio.set_gdal_config_options(options)
    yield f"OAPIF:{live_server.address}/ogc"
    pyogrio.set_gdal_config_options(dict.fromkeys(options))


def test_gdal_reads_filters_and_pages(dataset):
    assert {"hazards", "villages", "grids"} <= {name for name, _ in pyogrio.list_layers(dataset)}
    everything = pyogrio.read_dataframe(dataset, layer="hazards")
    # More than a page, each once; other tests report hazards of their own to this server.
    assert len(everything) == everything["id"].nunique() >= 1500
    severe = pyogrio.read_dataframe(dataset, layer="hazards", where="severity = 'major'")
    assert sorted(severe["id"]) == sorted(everything.loc[everything["severity"] == "major", "id"])
    box = (120.60, 27.75, 120.63, 27.80)
    boxed = pyogrio.read_dataframe(dataset, layer="hazards", bbox=box)
    assert sorted(boxed["id"]) == sorted(everything.cx[box[0] : box[2], box[1] : box[3]]["id"])
    assert 0 < len(boxed) < len(everything)
