"""The abstract tests of OGC API - Features Parts 1, 2 and 3 by their identifiers, on the documents of a real city.

Each function is named in ``TESTS_OF`` for the identifiers that it covers; the classes whose tests must all be there are
those that ``/ogc/conformance`` names.
"""

import json
import re
from urllib.parse import urlencode, urlsplit

import jsonschema_rs
import pytest
from pyproj import Transformer

from gis_app.storage.crs import CRS84, CRS_OF
from gis_app.web.ogc_documents import CONFORMANCE

EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
ITEMS = "/ogc/collections/hazards/items"
EXCEPTION = {"type": "object", "required": ["title", "status", "detail"]}
FEATURES = {
    "type": "object",
    "required": ["type", "features", "links", "timeStamp", "numberReturned"],
    "properties": {
        "type": {"const": "FeatureCollection"},
        "features": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["type", "id", "geometry", "properties"],
                "properties": {"type": {"const": "Feature"}, "properties": {"type": "object"}},
            },
        },
        "links": {"type": "array", "items": {"type": "object", "required": ["href", "rel", "type"]}},
        "timeStamp": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"},
        "numberMatched": {"type": "integer", "minimum": 0},
        "numberReturned": {"type": "integer", "minimum": 0},
    },
}


def read(client, path, **query):
    answer = client.get(f"{path}?{urlencode(query)}" if query else path)
    assert answer.status_code == 200, (path, answer.get_data(as_text=True)[:300])
    return answer.json


def links(document):
    return {(each["rel"], each["type"]): each["href"] for each in document["links"]}


def rels(document):
    return {each["rel"] for each in document["links"]}


def parameters(client, collection="hazards"):
    paths = read(client, "/ogc/api")["paths"]
    return {each["name"]: each for each in paths[f"/collections/{collection}/items"]["get"]["parameters"]}


def numbers(client, **query):
    return sorted(each["properties"]["number"] for each in read(client, ITEMS, **query)["features"])


def test_the_landing_page_links_to_all_parts(client):
    page = read(client, "/ogc")
    assert {"self", "service-desc", "conformance", "data"} <= rels(page)
    assert client.get("/ogc").status_code == 200


def test_the_definition_is_openapi_and_validates(client):
    answer = client.get("/ogc/api")
    assert answer.content_type == "application/vnd.oai.openapi+json;version=3.0"
    document = answer.json
    assert document["openapi"].startswith("3.0.")
    assert {"/", "/conformance", "/collections"} <= document["paths"].keys()
    operations = [each["get"]["operationId"] for each in document["paths"].values()]
    assert len(operations) == len(set(operations))


def test_conformance_lists_the_classes(client):
    told = read(client, "/ogc/conformance")["conformsTo"]
    assert "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core" in told
    assert tuple(told) == CONFORMANCE


def test_unknown_and_invalid_parameters_are_refused(client):
    for query in ("colour=red", "limit=-1", "bbox=a,b,c,d", "bbox=1,2", "datetime=never", "limit=x", "crs=nowhere"):
        answer = client.get(f"{ITEMS}?{query}")
        assert answer.status_code == 400, query
        jsonschema_rs.validate(EXCEPTION, answer.json)


def test_collections_are_told_with_links_extent_and_item_type(client):
    document = read(client, "/ogc/collections")
    assert {"self", "alternate"} <= rels(document)
    for each in document["collections"]:
        assert read(client, f"/ogc/collections/{each['id']}")["id"] == each["id"]
        assert "application/geo+json" in {link["type"] for link in each["links"] if link["rel"] == "items"}
        assert each["itemType"] == "feature"
        (box,) = each["extent"]["spatial"]["bbox"]
        assert -180 <= box[0] <= box[2] <= 180
        assert -90 <= box[1] <= box[3] <= 90
        assert each["extent"]["temporal"]["interval"][0] is not None
        assert len(each["crs"]) == len(set(each["crs"]))


def test_a_page_of_features_is_geojson_with_its_links(client):
    answer = client.get(f"{ITEMS}?limit=2")
    assert answer.content_type == "application/geo+json"
    jsonschema_rs.validate(FEATURES, answer.json)
    assert {"self", "alternate", "next", "collection"} <= rels(answer.json)
    assert all(each["type"] for each in answer.json["links"])


def test_limit_is_defined_and_kept(client):
    schema = parameters(client)["limit"]["schema"]
    assert (schema["minimum"], schema["maximum"], schema["default"]) == (1, 10_000, 1000)
    for limit in (1, 3, 10_000, 10_001, 2**31):
        page = read(client, ITEMS, limit=limit)
        assert len(page["features"]) == page["numberReturned"] == min(limit, 6)
        assert page["numberMatched"] == 6


def test_bbox_is_defined_and_kept(client):
    told = parameters(client)["bbox"]
    assert (told["style"], told["explode"]) == ("form", False)
    assert (told["schema"]["minItems"], told["schema"]["maxItems"]) == (4, 6)
    assert numbers(client, bbox="120.75,27.7,120.9,27.9") == ["B1", "B2"]
    # With heights, on the border, around the world, and across the antimeridian.
    assert numbers(client, bbox="120.75,27.7,-10,120.9,27.9,99") == ["B1", "B2"]
    assert numbers(client, bbox="120.5999999,27.7999999,120.6000001,27.8000001") == ["A1", "A2", "A3", "A4"]
    assert len(numbers(client, bbox="-180,-90,180,90")) == 6
    assert numbers(client, bbox="120.7,-90,-170,90") == ["B1", "B2"]
    assert numbers(client, bbox="170,-90,-170,90") == []


def test_datetime_is_defined_and_kept(client):
    assert parameters(client)["datetime"]["schema"]["type"] == "string"
    assert numbers(client, datetime="2026-06-04T00:00:00Z") == ["B1"]
    assert numbers(client, datetime="2026-06-01T00:00:00Z/2026-06-02T00:00:00Z") == ["A1", "A2"]
    for lower in ("..", ""):
        assert numbers(client, datetime=f"{lower}/2026-04-01T00:00:00Z") == ["B2"]
        assert numbers(client, datetime=f"2026-06-04T00:00:00Z/{lower}") == ["B1"]
    # A collection without times keeps all.
    assert read(client, "/ogc/collections/villages/items", datetime="2026-06-04T00:00:00Z")["numberMatched"] == 2


def test_the_next_links_lead_through_all_features_once(client):
    seen, place = [], f"{ITEMS}?limit=4"
    while place:
        page = read(client, place)
        seen += [each["id"] for each in page["features"]]
        following = next((each["href"] for each in page["links"] if each["rel"] == "next"), "")
        parts = urlsplit(following)
        place = f"{parts.path}?{parts.query}" if following else ""
    assert len(seen) == len(set(seen)) == 6


def test_one_feature_is_geojson_with_its_links(client):
    first = read(client, ITEMS, limit=1)["features"][0]
    answer = client.get(f"{ITEMS}/{first['id']}")
    assert answer.content_type == "application/geo+json"
    assert answer.json["type"] == "Feature"
    assert {"self", "alternate", "collection"} <= rels(answer.json)
    for name in ("geometry", "properties", "id"):
        assert answer.json[name] == first[name]


def test_pages_for_people_are_whole_and_linked(client):
    for path in ("/ogc", "/ogc/collections", "/ogc/collections/hazards", ITEMS):
        page = client.get(path, headers={"Accept": "text/html"})
        assert page.mimetype == "text/html"
        assert "<!doctype html>" in page.text[:40].lower()
    assert "/ogc/collections/hazards/items?f=html" in client.get("/ogc/collections?f=html").text


def test_reference_systems_are_told_and_answered(client):
    for each in read(client, "/ogc/collections")["collections"]:
        assert each["crs"] == list(CRS_OF)
        assert each["storageCrs"] == CRS84.uri
    plain = client.get(f"{ITEMS}?number=A1")
    assert plain.headers["Content-Crs"] == f"<{CRS84.uri}>"
    identity = plain.json["features"][0]["id"]
    for code in ("4326", "4490", "4549", "3857"):
        place = Transformer.from_crs("OGC:CRS84", f"EPSG:{code}").transform(120.6, 27.8)
        for path in (f"{ITEMS}?number=A1&crs={EPSG}{code}", f"{ITEMS}/{identity}?crs={EPSG}{code}"):
            answer = client.get(path)
            assert answer.headers["Content-Crs"] == f"<{EPSG}{code}>"
            found = answer.json.get("features", [answer.json])[0]
            assert found["geometry"]["coordinates"] == pytest.approx(place, abs=1e-3, rel=0)
    assert client.get(f"{ITEMS}?crs={EPSG}2000").status_code == 400


@pytest.mark.parametrize("code", ["4326", "4490", "4549", "3857"])
def test_boxes_and_filters_are_read_in_the_named_system(client, code):
    turn = Transformer.from_crs("OGC:CRS84", f"EPSG:{code}").transform
    low, high = turn(120.75, 27.75), turn(120.85, 27.85)
    box = ",".join(f"{each:.6f}" for each in (*low, *high))
    assert numbers(client, bbox=box, **{"bbox-crs": EPSG + code}) == ["B1", "B2"]
    ring = ", ".join("{:.6f} {:.6f}".format(*turn(*each)) for each in _RING)
    asked = f"S_INTERSECTS(geom, POLYGON(({ring})))"
    assert numbers(client, filter=asked, **{"filter-crs": EPSG + code}) == ["B1", "B2"]


_RING = ((120.75, 27.75), (120.85, 27.75), (120.85, 27.85), (120.75, 27.85), (120.75, 27.75))


@pytest.mark.parametrize("name", ["bbox-crs", "filter-crs", "filter-lang"])
def test_systems_and_languages_that_are_not_known_are_refused(client, name):
    query = urlencode({name: f"{EPSG}9999", "bbox": "1,2,3,4", "filter": "TRUE"})
    assert client.get(f"{ITEMS}?{query}").status_code == 400


def test_queryables_are_a_schema_of_all_that_can_be_asked_for(client):
    answer = client.get("/ogc/collections/hazards/queryables")
    assert answer.content_type == "application/schema+json"
    document = answer.json
    assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert document["$id"].endswith("/collections/hazards/queryables")
    assert (document["type"], document["additionalProperties"]) == ("object", False)
    jsonschema_rs.meta.validate(document)
    rel = "http://www.opengis.net/def/rel/ogc/1.0/queryables"
    assert (rel, "application/schema+json") in links(read(client, "/ogc/collections/hazards"))
    for name in document["properties"]:
        assert client.get(f"{ITEMS}?{urlencode({'filter': f'{name} IS NULL'})}").status_code == 200, name


def test_queryables_are_query_parameters(client):
    told = parameters(client)
    assert {"number", "stage", "severity", "is_supervised"} <= told.keys()
    assert numbers(client, stage="handling") == ["A1", "A2"]
    assert numbers(client, stage="handling", number="A1") == ["A1"]
    assert numbers(client, is_supervised="false", stage="void") == ["A4"]


def test_filters_are_kept_with_all_other_parameters(client):
    assert numbers(client, filter="stage = 'closed'") == ["A3", "B1", "B2"]
    assert numbers(client, filter="stage = 'closed'", bbox="120.75,27.7,120.9,27.9") == ["B1", "B2"]
    assert numbers(client, filter="stage = 'closed'", datetime="2026-06-04T00:00:00Z") == ["B1"]
    as_json = json.dumps({"op": "=", "args": [{"property": "stage"}, "closed"]})
    assert numbers(client, filter=as_json, **{"filter-lang": "cql2-json"}) == ["A3", "B1", "B2"]
    told = parameters(client)
    assert told["filter-lang"]["schema"]["enum"] == ["cql2-text", "cql2-json"]
    assert told["filter-crs"]["schema"]["format"] == "uri"


def test_filters_that_are_wrong_are_refused(client):
    for asked in ("stage =", "height > 1", "stage = 1", "S_WITHIN(geom, 1)", "NOT", "avg(number) = 1"):
        answer = client.get(f"{ITEMS}?{urlencode({'filter': asked})}")
        assert answer.status_code == 400, asked
        jsonschema_rs.validate(EXCEPTION, answer.json)


def test_a_null_is_neither_true_nor_false(client):
    assert numbers(client, filter="closed_at < TIMESTAMP('2100-01-01T00:00:00Z')") == ["A3", "B1", "B2"]
    assert numbers(client, filter="NOT closed_at < TIMESTAMP('2100-01-01T00:00:00Z')") == []


def test_functions_are_told_with_what_they_take(client):
    told = {each["name"]: each for each in read(client, "/ogc/functions")["functions"]}
    assert told["distance_m"]["arguments"] == [{"type": ["geometry"]}, {"type": ["geometry"]}]
    assert told["distance_m"]["returns"] == ["number"]


CORE = "ogcapi-features-1/1.0"
CRS = "ogcapi-features-2/1.0"
FILTER = "ogcapi-features-3/1.0"
TESTS_OF = {
    f"{CORE}/core": {
        test_the_landing_page_links_to_all_parts: "http root-op root-success",
        test_the_definition_is_openapi_and_validates: "api-definition-op api-definition-success",
        test_conformance_lists_the_classes: "conformance-op conformance-success",
        test_unknown_and_invalid_parameters_are_refused: "query-param-unknown query-param-invalid",
        test_collections_are_told_with_links_extent_and_item_type: (
            "crs84 fc-md-op fc-md-success fc-md-links fc-md-items fc-md-items-links fc-md-extent fc-md-extent-multi "
            "sfc-md-op sfc-md-success"
        ),
        test_a_page_of_features_is_geojson_with_its_links: (
            "fc-op fc-response fc-timeStamp fc-numberMatched fc-numberReturned"
        ),
        test_the_next_links_lead_through_all_features_once: "fc-links",
        test_limit_is_defined_and_kept: "fc-limit-definition fc-limit-response",
        test_bbox_is_defined_and_kept: "fc-bbox-definition fc-bbox-response",
        test_datetime_is_defined_and_kept: "fc-time-definition fc-time-response",
        test_one_feature_is_geojson_with_its_links: "f-op f-success f-links",
    },
    f"{CORE}/geojson": {test_a_page_of_features_is_geojson_with_its_links: "content definition"},
    f"{CORE}/html": {test_pages_for_people_are_whole_and_linked: "content definition"},
    f"{CORE}/oas30": {
        test_the_definition_is_openapi_and_validates: "completeness definition-1 definition-2 oas-impl",
        test_unknown_and_invalid_parameters_are_refused: "exception-codes security",
    },
    f"{CRS}/crs": {
        test_reference_systems_are_told_and_answered: (
            "crs-uri default-crs storageCrs crs-parameter crs-parameter-transform crs-parameter-invalid "
            "crs-parameter-default"
        ),
        test_boxes_and_filters_are_read_in_the_named_system: "bbox-crs-parameter",
        test_systems_and_languages_that_are_not_known_are_refused: "bbox-crs-parameter-invalid",
        test_bbox_is_defined_and_kept: "bbox-crs-parameter-default",
    },
    f"{FILTER}/queryables": {
        test_queryables_are_a_schema_of_all_that_can_be_asked_for: (
            "get-queryables-op get-queryables-response queryables-link"
        )
    },
    f"{FILTER}/queryables-query-parameters": {test_queryables_are_query_parameters: "parameters"},
    f"{FILTER}/filter": {
        test_filters_are_kept_with_all_other_parameters: "filter-param mixing-expressions response",
        test_systems_and_languages_that_are_not_known_are_refused: "filter-lang-param filter-crs-param",
        test_boxes_and_filters_are_read_in_the_named_system: "filter-crs-wgs84",
        test_filters_that_are_wrong_are_refused: "expression-construction",
        test_functions_are_told_with_what_they_take: "get-functions-operation get-functions-response-json",
    },
    f"{FILTER}/features-filter": {
        test_filters_are_kept_with_all_other_parameters: "filter-param",
        test_a_null_is_neither_true_nor_false: "response",
    },
}
"""By conformance class: which function here covers which abstract tests; those of Part 3 go by its requirements."""


def test_every_class_of_these_parts_that_is_claimed_has_its_tests():
    claimed = {
        re.sub(r".*/spec/(ogcapi-features-[123]/1\.0)/conf/(.*)", r"\1/\2", each)
        for each in CONFORMANCE
        if re.search(r"ogcapi-features-[123]/", each)
    }
    assert claimed == TESTS_OF.keys()
    for each in TESTS_OF.values():
        names = [name for told in each.values() for name in told.split()]
        assert len(names) == len(set(names)) >= 1
        assert all(globals()[function.__name__] is function for function in each)
