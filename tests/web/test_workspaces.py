"""Data sets of accounts: brought as a file, read as a collection, kept to their owner, bounded."""

import io
import json
import uuid
from dataclasses import replace
from urllib.parse import urlencode

import geopandas
import mapbox_vector_tile
import numpy as np
import pytest
import shapely
from pyproj import Transformer
from sqlalchemy import text

from gis_app.analysis.datum import TO_WGS84
from gis_app.domain.rights import Role
from gis_app.domain.workspaces import Quota
from gis_app.services.heavy_lane import HeavyLane

WEST, EAST = "/330381/330381001/", "/330381/330381002/"
TREES = [
    ("A", 120.60, 27.80, {"树种": "樟", "height m": 12, "girth": 1.5, "ill": True, "planted": "1975-03-12"}),
    ("B", 120.61, 27.80, {"树种": "榕", "height m": 7, "girth": 0.75, "ill": False, "planted": "2001-11-02"}),
    ("C", 120.62, 27.81, {"树种": "樟", "height m": None, "girth": 2, "ill": False, "planted": None}),
]


def geojson(rows=TREES):
    return json.dumps(
        {
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature",
                    "geometry": {"type": "Point", "coordinates": [lon, lat]},
                    "properties": {"code": code, "seen at": f"2026-05-0{number} 08:30", **told},
                }
                for number, (code, lon, lat, told) in enumerate(rows, 1)
            ],
        }
    ).encode()


def send(client, content, *, dataset=None, file_name="trees.geojson", **told):
    told = {"file_name": file_name, "datum": "wgs84", **told}
    query = urlencode({name: value for name, value in told.items() if value})
    return client.put(f"/api/workspace/{dataset or uuid.uuid4()}?lang=en&{query}", data=content)


def brought(client, content, **told):
    answer = send(client, content, **told)
    assert answer.status_code == 201, answer.get_data(as_text=True)
    return answer.json


def items(client, dataset, **query):
    answer = client.get(f"/ogc/collections/{dataset['collection']}/items?{urlencode(query)}")
    assert answer.status_code == 200, answer.json
    return answer.json


def codes(client, dataset, **query):
    return [each["properties"]["code"] for each in items(client, dataset, **query)["features"]]


@pytest.fixture
def analyst(make_client):
    client = make_client(role=Role.ANALYST)
    yield client
    for each in client.get("/api/workspace").json["datasets"]:
        client.delete(f"/api/workspace/{each['id']}")


@pytest.fixture
def trees(analyst):
    return brought(analyst, geojson(), title="古树")


def test_a_file_comes_back_as_a_collection_with_typed_properties(analyst, trees):
    assert trees["columns"] == [
        {"name": "code", "title": "code", "kind": "text"},
        {"name": "seen_at", "title": "seen at", "kind": "moment"},
        {"name": "树种", "title": "树种", "kind": "text"},
        {"name": "height_m", "title": "height m", "kind": "integer"},
        {"name": "girth", "title": "girth", "kind": "number"},
        {"name": "ill", "title": "ill", "kind": "boolean"},
        {"name": "planted", "title": "planted", "kind": "date"},
    ]
    assert (trees["title"], trees["shape"], trees["feature_count"], trees["datum"]) == ("古树", "point", 3, "wgs84")
    found = items(analyst, trees)
    assert found["numberMatched"] == 3
    assert found["features"][0] == {
        "type": "Feature",
        "id": 1,
        "geometry": {"type": "Point", "coordinates": [120.6, 27.8]},
        "properties": {
            **{"code": "A", "seen_at": "2026-05-01T00:30:00+00:00", "树种": "樟", "height_m": 12, "girth": 1.5},
            **{"ill": True, "planted": "1975-03-12"},
        },
    }
    assert found["features"][2]["properties"]["height_m"] is None
    one = analyst.get(f"/ogc/collections/{trees['collection']}/items/2")
    assert one.json["properties"]["树种"] == "榕"
    assert analyst.get(f"/ogc/collections/{trees['collection']}/items/4").status_code == 404


def test_it_stands_in_the_list_with_its_extent_schema_and_queryables(analyst, trees):
    listed = {each["id"]: each for each in analyst.get("/ogc/collections").json["collections"]}
    assert listed[trees["collection"]]["title"] == "古树"
    assert listed[trees["collection"]]["extent"]["spatial"]["bbox"] == [[120.6, 27.8, 120.62, 27.81]]
    for place in ("queryables", "schema"):
        told = analyst.get(f"/ogc/collections/{trees['collection']}/{place}").json["properties"]
        assert told["height_m"]["type"] == "number"
        assert told["height_m"]["title"] == "height m"
        assert told["ill"]["type"] == "boolean"
        assert told["planted"]["format"] == "date"
        assert told["seen_at"]["format"] == "date-time"
    paths = analyst.get("/ogc/api").json["paths"]
    parameters = paths[f"/collections/{trees['collection']}/items"]["get"]["parameters"]
    assert {"limit", "bbox", "filter", "树种", "height_m"} <= {each["name"] for each in parameters}
    assert trees["collection"] in analyst.get("/ogc/project.qgs").get_data(as_text=True)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"filter": "height_m > 7"}, ["A"]),
        ({"filter": "height_m IS NULL OR girth < 1"}, ["B", "C"]),
        ({"filter": "ill = TRUE"}, ["A"]),
        ({"filter": "planted < DATE('2000-01-01')"}, ["A"]),
        ({"filter": "seen_at >= TIMESTAMP('2026-05-02T00:30:00Z')"}, ["B", "C"]),
        ({"filter": "\"树种\" = '樟' AND S_INTERSECTS(geom, BBOX(120.605, 27.7, 120.7, 27.9))"}, ["C"]),
        ({"filter": "distance_m(geom, POINT(120.61 27.8)) < 1000", "sortby": "-code"}, ["B", "A"]),
        ({"bbox": "120.605,27.795,120.7,27.805"}, ["B"]),
        ({"树种": "樟"}, ["A", "C"]),
        ({"girth": "0.75"}, ["B"]),
        ({"sortby": "-girth"}, ["C", "A", "B"]),
        ({"sortby": "height_m,code"}, ["B", "A", "C"]),
    ],
)
def test_filters_boxes_and_orders_work_as_on_every_collection(analyst, trees, query, expected):
    # Another data set with a column of the same name and other values must not be read as this one's type.
    odd = [("x", 120.61, 27.8, {"树种": "樟", "height m": "tall", "girth": "?", "ill": "no idea", "planted": "once"})]
    brought(analyst, geojson(odd), title="odd")
    square = {"type": "Polygon", "coordinates": [[[120.6, 27.7], [120.7, 27.7], [120.7, 27.9], [120.6, 27.7]]]}
    shape = {"type": "Feature", "geometry": square, "properties": {"girth": 1}}
    brought(analyst, json.dumps({"type": "FeatureCollection", "features": [shape]}).encode(), title="square")
    found = items(analyst, trees, **query)
    assert [each["properties"]["code"] for each in found["features"]] == expected
    assert found["numberMatched"] == len(expected)


def test_a_wrong_property_is_refused_with_its_place(analyst, trees):
    answer = analyst.get(f"/ogc/collections/{trees['collection']}/items?filter=severity%3D%27major%27&lang=en")
    assert answer.status_code == 400
    assert "there is no property 'severity'" in answer.json["detail"]
    answer = analyst.get(f"/ogc/collections/{trees['collection']}/items?filter=height_m%3D%27tall%27&lang=en")
    assert (answer.status_code, "number and text cannot be compared" in answer.json["detail"]) == (400, True)


def test_pages_and_reference_systems(analyst, trees):
    page = items(analyst, trees, limit=2)
    assert [each["id"] for each in page["features"]] == [1, 2]
    following = next(each["href"] for each in page["links"] if each["rel"] == "next")
    assert [each["id"] for each in analyst.get(following.partition("localhost")[2]).json["features"]] == [3]
    metres = items(analyst, trees, crs="http://www.opengis.net/def/crs/EPSG/0/4549", limit=1)
    x, y = Transformer.from_crs(4326, 4549, always_xy=True).transform(120.6, 27.8)
    assert metres["features"][0]["geometry"]["coordinates"] == pytest.approx([y, x], abs=0.01)


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
def test_offset_coordinates_are_brought_to_wgs84(analyst, datum):
    dataset = brought(analyst, geojson(), datum=datum)
    lon, lat = TO_WGS84[datum](np.array([120.6]), np.array([27.8]))
    assert abs(lon[0] - 120.6) > 0.003
    shape = items(analyst, dataset)["features"][0]["geometry"]["coordinates"]
    assert shape == pytest.approx([lon[0], lat[0]], abs=1e-7)


def test_metres_of_a_declared_system_are_brought_to_wgs84(analyst):
    x, y = Transformer.from_crs(4326, 4549, always_xy=True).transform(120.65, 27.75)
    dataset = brought(analyst, f"名称,x,y\n井,{x},{y}\n".encode(), file_name="井.csv", datum="EPSG:4549")
    feature = items(analyst, dataset)["features"][0]
    assert feature["geometry"]["coordinates"] == pytest.approx([120.65, 27.75], abs=1e-7)
    assert feature["properties"] == {"名称": "井"}
    assert (dataset["title"], dataset["datum"], feature["id"]) == ("井", "EPSG:4549", 2)


@pytest.mark.parametrize(
    ("driver", "suffix"), [("GPKG", ".gpkg"), ("FlatGeobuf", ".fgb"), ("KML", ".kml"), ("parquet", ".parquet")]
)
def test_polygons_of_every_format_are_known_by_their_first_row(analyst, tmp_path, driver, suffix):
    shapes = [shapely.box(120.6, 27.7, 120.61, 27.71), shapely.box(120.7, 27.7, 120.72, 27.71)]
    frame = geopandas.GeoDataFrame({"Name": ["one", "two"]}, geometry=shapes, crs=4326)
    path = tmp_path / f"parks{suffix}"
    if driver == "parquet":
        frame.to_parquet(path)
    else:
        frame.to_file(path, driver=driver, engine="pyogrio")
    dataset = brought(analyst, path.read_bytes(), file_name=path.name, datum="")
    assert (dataset["shape"], dataset["feature_count"]) == ("polygon", 2)
    collection = json.dumps(items(analyst, dataset, filter="S_INTERSECTS(geom, POINT(120.71 27.705))"))
    found = geopandas.read_file(io.BytesIO(collection.encode()))
    assert shapely.area(found.geometry.iloc[0]) == pytest.approx(0.02 * 0.01)
    assert next(iter(v for k, v in found.iloc[0].items() if k.lower() == "name")) == "two"


def test_the_shares_of_others_are_read_and_nothing_else(make_client, analyst, trees):
    colleague, above = make_client(role=Role.PATROL_PLANNER), make_client(role=Role.SUPERVISOR)
    village = make_client(WEST, Role.ANALYST)
    place, collection = f"/api/workspace/{trees['id']}", f"/ogc/collections/{trees['collection']}"
    for other in (colleague, above, village):
        assert other.get(f"{collection}/items").status_code == 404
        assert other.get(place).status_code == 404
        assert other.get("/api/workspace").json["datasets"] == []
    assert analyst.patch(place, json={"is_shared": True, "title": "老树"}).json["title"] == "老树"
    assert codes(colleague, trees, filter="height_m = 7") == ["B"]
    told = colleague.get("/api/workspace").json
    assert [(each["title"], each["is_own"], each["account"]) for each in told["datasets"]] == [
        ("老树", False, "analyst-330381")
    ]
    assert told["kept"] == {"datasets": 0, "features": 0}
    # Who reads it changes nothing of it, and an office below or beside sees nothing of it.
    assert colleague.patch(place, json={"title": "mine"}).status_code == 404
    assert colleague.delete(place).status_code == 404
    for path in (f"{collection}/items", f"{collection}/items/1", f"{collection}/tiles/WebMercatorQuad/0/0/0", place):
        missing = path.replace(trees["id"], str(uuid.UUID(int=1)))
        foreign, none = village.get(f"{path}?lang=en"), village.get(f"{missing}?lang=en")
        assert (foreign.status_code, none.status_code) == (404, 404)
        assert foreign.get_data(as_text=True).replace(trees["id"], "") == none.get_data(as_text=True).replace(
            str(uuid.UUID(int=1)), ""
        )
    assert analyst.patch(place, json={"is_shared": False}).json["is_shared"] is False
    assert colleague.get(f"{collection}/items").status_code == 404


def test_an_office_shares_with_those_above_it_and_not_beside_it(make_client):
    west, east, city = make_client(WEST, Role.ANALYST), make_client(EAST, Role.ANALYST), make_client()
    dataset = brought(west, geojson())
    west.patch(f"/api/workspace/{dataset['id']}", json={"is_shared": True})
    assert codes(city, dataset) == ["A", "B", "C"]
    assert east.get(f"/ogc/collections/{dataset['collection']}/items").status_code == 404
    assert dataset["collection"] not in east.get("/ogc/collections").get_data(as_text=True)
    assert west.delete(f"/api/workspace/{dataset['id']}").status_code == 204


def test_the_database_itself_keeps_rows_to_their_owner(engine, analyst, trees):
    count = "SELECT count(*) FROM workspace_feature"
    for account, path, expected in (
        ("analyst-330381", "/330381/", 3),
        ("supervisor-330381", "/330381/", 0),
        ("analyst-330381", EAST, 0),
        ("", "/330381/", 0),
    ):
        with engine.begin() as connection:
            connection.execute(
                text("SELECT set_config('jingwei.scope', :path, true), set_config('jingwei.account', :account, true)"),
                {"path": path, "account": account},
            )
            assert connection.execute(text(count)).scalar_one() == expected, (account, path)
            if not expected:
                assert connection.execute(text("UPDATE workspace_dataset SET title = 'x'")).rowcount == 0
                assert connection.execute(text("DELETE FROM workspace_feature")).rowcount == 0


def test_a_role_without_questions_has_no_workspace(make_client, analyst, trees):
    worker = make_client(role=Role.GRID_WORKER)
    analyst.patch(f"/api/workspace/{trees['id']}", json={"is_shared": True})
    assert send(worker, geojson()).status_code == 403
    assert worker.get("/workspace").status_code == 403
    assert worker.get(f"/ogc/collections/{trees['collection']}").status_code == 404


def test_the_same_sent_again_is_stored_once_and_something_else_is_refused(make_client, analyst):
    dataset = uuid.uuid4()
    assert send(analyst, geojson(), dataset=dataset).status_code == 201
    assert send(analyst, geojson(), dataset=dataset).status_code == 200
    assert send(analyst, geojson(TREES[:1]), dataset=dataset).status_code == 409
    assert send(make_client(), geojson(), dataset=dataset).status_code == 409
    assert [each["feature_count"] for each in analyst.get("/api/workspace").json["datasets"]] == [3]


def test_one_bad_row_keeps_all_out_and_is_named(analyst):
    rows = [*TREES[:2], ("C", 27.8, 120.62, {})]
    answer = send(analyst, geojson(rows))
    assert answer.status_code == 400
    assert answer.json["problems"] == [
        {
            "row": 3,
            "field": "geometry",
            "problem": "The coordinates (27.8, 120.62) seem to be swapped.",
            "remedy": "Give longitude (x) before latitude (y).",
        }
    ]
    mixed = json.loads(geojson())
    mixed["features"][1]["geometry"] = {"type": "LineString", "coordinates": [[120.6, 27.8], [120.7, 27.8]]}
    answer = send(analyst, json.dumps(mixed).encode())
    assert [(each["row"], each["problem"]) for each in answer.json["problems"]] == [
        (2, "The geometry is LineString, not a point.")
    ]
    assert analyst.get("/api/workspace").json["datasets"] == []


def test_headers_and_titles_hold_no_hidden_characters(analyst):
    odd = {"a\0b": 1, "c\u202ed": 2, "\u0000": 3, "x" * 300: 4, "e" * 300: 5}
    dataset = brought(analyst, geojson([("A", 120.6, 27.8, odd)]), title="\u202eA\nB")
    assert dataset["title"] == "A B"
    told = {each["name"]: each["title"] for each in dataset["columns"]}
    assert told["a_b"] == "ab"
    assert told["c_d"] == "cd"
    assert told["column"] == "column"
    assert told["x" * 56] == "x" * 200
    assert items(analyst, dataset, filter="a_b = 1 AND c_d = 2")["features"][0]["properties"]["e" * 56] == 5
    assert analyst.patch(f"/api/workspace/{dataset['id']}", json={"title": "\u202e"}).status_code == 400


def test_who_waits_too_long_for_other_files_is_told_when_to_come_back(make_app, make_client):
    app = make_app()
    state = app.extensions["jingwei"]
    lane = HeavyLane(0.01, words="Other files are being read.")
    app.extensions["jingwei"] = replace(state, workspace_intake=replace(state.workspace_intake, lane=lane))
    client = make_client(role=Role.ANALYST, app=app)
    with lane.entered():
        answer = send(client, geojson())
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "5")
    assert answer.json["detail"].startswith("Other files are being read.")


@pytest.mark.parametrize(
    ("content", "told", "status", "words"),
    [
        (geojson(), {"datum": ""}, 400, "is not declared"),
        (geojson(), {"datum": "mars"}, 400, "is not known"),
        (geojson(), {"file_name": "trees.exe"}, 400, "The format of trees.exe"),
        (geojson(), {"shape": "cube"}, 400, "shape is 'cube'"),
        (geojson(), {"format": "gml"}, 400, "format is 'gml'"),
        (geojson(), {"file_name": ""}, 400, "file_name is ''"),
        (b"", {}, 400, "is empty"),
        (b'{"type": "FeatureCollection", "features": []}', {}, 400, "holds no rows"),
        (b"a,b\n1,2\n", {"file_name": "a.csv"}, 422, "no columns that say where"),
        (b"a,village\n1,x\n", {"file_name": "a.csv"}, 400, "no columns that say where"),
        (
            b'<!DOCTYPE kml [<!ENTITY x SYSTEM "file:///etc/passwd">]><kml>&x;</kml>',
            {"file_name": "a.kml"},
            422,
            "DOCTYPE",
        ),
        (b"<OGRVRTDataSource/>", {"file_name": "a.gpkg"}, 422, "is not GeoPackage"),
        (b"PK\x03\x04" + b"\0" * 64, {"file_name": "../../etc/a.zip"}, 422, "archive"),
        (b"[" * 100_000, {}, 422, "GeoJSON"),
    ],
)
def test_what_cannot_be_read_is_refused_and_leaves_nothing(analyst, content, told, status, words):
    answer = send(analyst, content, **told)
    assert (answer.status_code, words in answer.json["detail"]) == (status, True), answer.json
    assert analyst.get("/api/workspace").json["datasets"] == []


def test_an_account_keeps_so_much_and_no_more(make_app, make_client):
    app = make_app()
    state = app.extensions["jingwei"]
    small = replace(state.workspace_intake, quota=Quota(datasets=2, features=5, file_bytes=2000))
    app.extensions["jingwei"] = replace(state, workspace_intake=small)
    client = make_client(role=Role.PATROL_PLANNER, app=app)
    first = brought(client, geojson())
    answer = send(client, geojson())
    assert (answer.status_code, answer.json["detail"]) == (
        400,
        "The file has more rows than you may keep: 2 are left to you. Bring fewer rows, or delete a data set first.",
    )
    brought(client, geojson(TREES[:2]))
    answer = send(client, geojson(TREES[:1]))
    assert answer.json["detail"].startswith("You keep 2 data sets, which is as many as an account may.")
    assert send(client, b" " * 2001).status_code in (413, 422)
    told = client.get("/api/workspace").json
    assert (told["kept"], told["quota"]) == (
        {"datasets": 2, "features": 5},
        {"datasets": 2, "features": 5, "file_bytes": 2000},
    )
    assert client.delete(f"/api/workspace/{first['id']}").status_code == 204
    brought(client, geojson())
    for each in client.get("/api/workspace").json["datasets"]:
        client.delete(f"/api/workspace/{each['id']}")


def test_a_larger_file_than_other_bodies_may_be_comes_in_whole(analyst):
    rows = b"".join(b"%d,120.%05d,27.8,%s\n" % (n, 50_000 + n, b"x" * 300) for n in range(6000))
    dataset = brought(analyst, b"n,lon,lat,words\n" + rows, file_name="many.csv", title="many")
    assert dataset["feature_count"] == 6000
    assert items(analyst, dataset, filter="n >= 5000", limit=1)["numberMatched"] == 1000
    # Too many for one tile: they are counted there, as on every layer of points.
    tile = analyst.get(f"/ogc/collections/{dataset['collection']}/tiles/WebMercatorQuad/5/13/26").data
    counted = mapbox_vector_tile.decode(tile)[dataset["collection"]]["features"]
    assert sum(each["properties"]["count"] for each in counted) == 6000


def test_deleting_takes_its_features_along_and_every_change_stands_in_the_audit(make_client, engine, analyst):
    dataset = brought(analyst, geojson(), title="古树")
    analyst.patch(f"/api/workspace/{dataset['id']}", json={"is_shared": True})
    assert analyst.delete(f"/api/workspace/{dataset['id']}").status_code == 204
    assert analyst.get(f"/ogc/collections/{dataset['collection']}/items").status_code == 404
    assert analyst.delete(f"/api/workspace/{dataset['id']}").status_code == 404
    with engine.begin() as connection:
        connection.execute(text("SELECT set_config('jingwei.scope', '/', true)"))
        found = connection.execute(
            text("SELECT action, detail FROM audit_entry WHERE subject = :subject ORDER BY sequence"),
            {"subject": f"dataset:{dataset['id']}"},
        ).all()
    sha256 = dataset["file_sha256"]
    assert [tuple(each) for each in found] == [
        ("workspace.add", {"title": "古树", "file": "trees.geojson", "sha256": sha256, "rows": 3}),
        ("workspace.change", {"title": "古树", "shared": True}),
        ("workspace.remove", {"title": "古树", "sha256": sha256, "rows": 3}),
    ]


def test_a_single_column_of_times_is_the_time_of_its_features(analyst):
    rows = [f"{name},120.61,27.8,2026-0{month}-01\n" for month, name in enumerate("ABC", 1)]
    dataset = brought(analyst, ("code,lon,lat,found\n" + "".join(rows)).encode(), file_name="found.csv", title="x")
    assert codes(analyst, dataset, datetime="2026-01-15/2026-02-15") == ["B"]
    assert codes(analyst, dataset, datetime="../2026-02-01") == ["A", "B"]
    told = analyst.get(f"/ogc/collections/{dataset['collection']}/schema").json["properties"]["found"]
    assert told["x-ogc-role"] == "primary-instant"
    # Its tiles show all of it, whatever window the map has.
    assert tile_ids(analyst, dataset, "?from=2026-01-01&to=2026-01-02") == tile_ids(analyst, dataset) == [2, 3, 4]


def tile_ids(client, dataset, query=""):
    zoom, lon, lat = 12, 120.61, 27.8
    column = int((lon + 180) / 360 * 2**zoom)
    row = int((1 - np.arcsinh(np.tan(np.radians(lat))) / np.pi) / 2 * 2**zoom)
    place = f"/ogc/collections/{dataset['collection']}/tiles/WebMercatorQuad"
    tile = client.get(f"{place}/{zoom}/{row}/{column}{query}")
    assert tile.status_code == 200
    assert client.get(f"{place}/{zoom}/{row + 9}/{column}{query}").status_code == 204
    features = mapbox_vector_tile.decode(tile.data)[dataset["collection"]]["features"]
    return sorted(each["properties"]["id"] for each in features)


def test_its_tiles_carry_its_shapes_and_nothing_of_other_data_sets(analyst, trees):
    brought(analyst, geojson([("x", 120.605, 27.8, {})]), title="other")
    assert tile_ids(analyst, trees) == [1, 2, 3]
    place = f"/ogc/collections/{trees['collection']}/tiles/WebMercatorQuad"
    assert analyst.get(f"{place}?f=tilejson").json["bounds"] == [120.6, 27.8, 120.62, 27.81]


def test_it_is_exported_and_asked_about_beside_other_layers(analyst, trees):
    export = analyst.get(f"/api/layers/{trees['collection']}/export?format=csv&filter=ill=TRUE").get_data(as_text=True)
    assert [line.split(",")[0] for line in export.lstrip("\ufeff").splitlines()] == ["code", "A"]
    question = {
        "layer": trees["collection"],
        "join": {"layer": "villages", "relation": "within"},
        "group": ["partner", "树种"],
        "measures": [{"kind": "count"}, {"kind": "mean", "of": "girth"}],
    }
    answer = analyst.post("/api/questions/answer", json=question).json
    names = [each["name"] for each in answer["columns"]]
    told = [dict(zip(names, row, strict=True)) for row in answer["rows"]]
    assert {
        each["树种"]: (each["partner.code"], each["count"], each["mean_girth"]) for each in told if each["count"]
    } == {
        "樟": ("33038100101", 2, 1.75),
        "榕": ("33038100101", 1, 0.75),
    }
    question = {
        "layer": "villages",
        "join": {"layer": trees["collection"], "relation": "nearest", "filter": "ill = FALSE"},
    }
    rows = analyst.post("/api/questions/answer", json=question).json
    names = [each["name"] for each in rows["columns"]]
    assert {row[names.index("partner.code")] for row in rows["rows"]} == {"B", "C"}


def test_the_pages_name_it_in_both_languages(analyst, trees):
    page = analyst.get(f"/ogc/collections/{trees['collection']}/items?f=html&lang=zh").get_data(as_text=True)
    assert "古树" in page
    assert "height m" in page
    for language, words in (("zh", "我的数据"), ("en", "My data")):
        page = analyst.get(f"/workspace?lang={language}").get_data(as_text=True)
        assert all(each in page for each in (words, "古树", "trees.geojson", trees["file_sha256"][:12]))
    empty = analyst.delete(f"/api/workspace/{trees['id']}")
    assert empty.status_code == 204
    assert "There is no data set yet" in analyst.get("/workspace?lang=en").get_data(as_text=True)
