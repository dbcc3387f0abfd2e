"""Features created, replaced, changed and removed over the OGC API, with the rights and audit of everything else."""

import pytest
from pyproj import Transformer
from sqlalchemy import text

from gis_app.domain.rights import Role
from gis_app.storage.engine import make_engine, scoped, system_scope

EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
FACILITIES = "/ogc/collections/facilities/items"
HAZARDS = "/ogc/collections/hazards/items"
WEST, EAST = "/330381/330381001/", "/330381/330381002/"


def feature(lon=120.61, lat=27.81, **properties):
    shape = {"type": "Point", "coordinates": [lon, lat]}
    return {"type": "Feature", "geometry": shape, "properties": {"kind": "school", "name_zh": "塘下小学", **properties}}


def path_of(answer):
    assert answer.status_code == 201, answer.json
    return answer.headers["Location"].removeprefix("http://localhost")


@pytest.fixture(scope="module")
def own(clone, engine):
    """An engine on a copy of the city that these tests may change."""
    engine.dispose()  # a template is copied only while nobody is connected to it
    made = make_engine(clone(engine.url.database).app_url)
    yield made
    made.dispose()


@pytest.fixture(scope="module")
def west(make_client, own):
    return make_client(WEST, on=own)


def test_a_facility_is_created_replaced_changed_and_removed(west, own):
    path = path_of(west.post(FACILITIES, json=feature(name_en="Tangxia school")))
    made = west.get(path)
    assert made.json["geometry"]["coordinates"] == [120.61, 27.81]
    assert made.json["properties"]["village_zh"] == "村塘下镇"
    assert made.json["properties"]["is_synthetic"] is False
    # A program sends back all it read, what the service made itself among it.
    told = {"type": "Feature", "geometry": made.json["geometry"], "properties": made.json["properties"]}
    told["properties"]["kind"] = "hospital"
    del told["properties"]["name_en"]
    assert west.put(path, json=told).status_code == 204
    replaced = west.get(path).json["properties"]
    assert (replaced["kind"], replaced["name_zh"], replaced["name_en"]) == ("hospital", "塘下小学", None)
    moved = {"type": "Feature", "geometry": {"type": "Point", "coordinates": [120.62, 27.82]}, "properties": None}
    assert west.patch(path, json=moved).status_code == 204
    after = west.get(path).json
    assert (after["geometry"]["coordinates"], after["properties"]["kind"]) == ([120.62, 27.82], "hospital")
    assert west.delete(path).status_code == 204
    assert west.get(path).status_code == west.delete(path).status_code == 404
    with scoped(own, system_scope()) as connection:
        query = text("SELECT action, scope_path FROM audit_entry WHERE action LIKE 'facility.%' ORDER BY sequence")
        noted = connection.execute(query).all()
    assert [each[0] for each in noted[-4:]] == ["facility.add", "facility.change", "facility.change", "facility.remove"]
    assert {each[1] for each in noted} == {f"{WEST}33038100101/"}


@pytest.mark.parametrize("code", ["4326", "4490", "4549", "3857"])
def test_a_place_is_read_in_the_system_that_the_header_names(west, code):
    first, second = Transformer.from_crs("OGC:CRS84", f"EPSG:{code}").transform(120.61, 27.81)
    headers = {"Content-Crs": f"<{EPSG}{code}>"}
    path = path_of(west.post(FACILITIES, json=feature(first, second), headers=headers))
    assert west.get(path).json["geometry"]["coordinates"] == pytest.approx([120.61, 27.81], abs=1e-6)
    assert west.delete(path).status_code == 204


def test_who_saw_an_older_feature_does_not_overwrite_the_newer(west):
    path = path_of(west.post(FACILITIES, json=feature()))
    seen = west.get(path).headers["ETag"]
    renamed = {"type": "Feature", "properties": {"name_zh": "新名"}}
    assert west.patch(path, json=renamed, headers={"If-Match": '"0"'}).status_code == 412
    assert west.patch(path, json=renamed, headers={"If-Match": seen}).status_code == 204
    stale = west.delete(path, headers={"If-Match": seen})
    assert (stale.status_code, stale.json["code"]) == (412, "stale")
    assert west.put(path, json=feature(), headers={"If-Match": seen}).status_code == 412
    assert west.get(path).json["properties"]["name_zh"] == "新名"
    assert west.delete(path, headers={"If-Match": west.get(path).headers["ETag"]}).status_code == 204


def test_another_township_neither_sees_nor_changes_it(west, make_client, own):
    east = make_client(EAST, on=own)
    path = path_of(west.post(FACILITIES, json=feature()))
    assert east.put(path, json=feature(120.8, 27.8)).status_code == 404
    assert east.patch(path, json=feature(120.8, 27.8)).status_code == 404
    assert east.delete(path).status_code == 404
    # Nor can a place in one area be filled from the other.
    assert east.post(FACILITIES, json=feature()).status_code == 400
    assert west.patch(path, json=feature(120.8, 27.8)).status_code == 400
    assert west.get(path).json["geometry"]["coordinates"] == [120.61, 27.81]
    assert west.delete(path).status_code == 204


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"type": "Point"}, "type"),
        ({"type": "Feature", "geometry": None, "properties": {}}, "geometry"),
        (feature(kind="castle"), "kind"),
        (feature(name_zh=""), "name_zh"),
        (feature(colour="red"), "colour"),
        (feature(200.0), "lon"),
        (feature(120.61, 40.0), "village"),
        ({**feature(), "geometry": {"type": "LineString", "coordinates": [[1, 2], [3, 4]]}}, "geometry"),
    ],
)
def test_what_cannot_be_stored_is_refused_with_its_field(west, body, named):
    answer = west.post(f"{FACILITIES}?lang=en", json=body)
    assert answer.status_code == 400
    assert named in answer.json["detail"]


def test_a_hazard_is_reported_and_corrected_and_never_replaced_or_removed(west):
    fields = {"category": "fire", "severity": "low", "discovered_by": "patrol", "title": "电线裸露"}
    body = {**feature(), "properties": {**fields, "discovered_at": "2026-06-14T00:00:00Z"}}
    path = path_of(west.post(HAZARDS, json=body))
    seen = west.get(path)
    assert (seen.json["properties"]["stage"], seen.json["properties"]["title"]) == ("reported", "电线裸露")
    corrected = {"type": "Feature", "properties": {"title": "电线老化", "severity": "major"}}
    headers = {"If-Match": seen.headers["ETag"]}
    assert west.patch(path, json=corrected, headers=headers).status_code == 204
    assert west.patch(path, json=corrected, headers=headers).status_code == 412
    told = west.get(path).json["properties"]
    assert (told["title"], told["severity"]) == ("电线老化", "major")
    for method in ("put", "delete"):
        answer = getattr(west, method)(f"{path}?lang=en", **({"json": body} if method == "put" else {}))
        assert answer.status_code == 405
        assert answer.headers["Allow"] == "GET, HEAD, OPTIONS, POST, PATCH"
        assert "step of its case" in answer.json["detail"]


def test_what_is_computed_or_loaded_is_refused_with_what_can_be_done(west):
    for collection in ("villages", "streets", "coverage"):
        answer = west.post(f"/ogc/collections/{collection}/items?lang=en", json=feature())
        assert (answer.status_code, answer.json["code"]) == (405, "unchangeable")
        assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"
    assert west.post("/ogc/collections/nothing/items", json=feature()).status_code == 404


def test_who_may_only_look_changes_nothing(make_client, own):
    for role in (Role.ANALYST, Role.KIOSK):
        client = make_client(WEST, role, on=own)
        path = f"{FACILITIES}/1"
        assert client.post(FACILITIES, json=feature()).status_code == 403
        assert client.put(path, json=feature()).status_code == 403
        assert client.patch(path, json=feature()).status_code == 403
        assert client.delete(path).status_code == 403
        assert client.post(HAZARDS, json=feature()).status_code == 403
