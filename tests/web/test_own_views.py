"""A view that an administrator names in a file of layers/ is a collection, under the scope of whoever reads it."""

import re
import shutil

import pytest
from sqlalchemy import text

from gis_app import paths
from gis_app.domain.rights import Role
from gis_app.storage.engine import make_engine, scoped, system_scope

GUIDE = paths.layers().parent / "docs" / "layers.md"
SHELTERS = text("""
INSERT INTO facility (kind, name_zh, name_en, area_id, scope_path, geom)
SELECT kind, name, 'Shelter ' || name, a.id, a.scope_path, ST_SetSRID(ST_MakePoint(lon, 27.8), 4326)
FROM (VALUES ('shelter', '甲', 120.61), ('shelter', '乙', 120.65), ('school', '丙', 120.62), ('shelter', '丁', 120.81))
    t (kind, name, lon)
JOIN area a ON a.level = 'village' AND ST_Contains(a.geom, ST_SetSRID(ST_MakePoint(lon, 27.8), 4326))""")


def example(language):
    """Return the guide's own example."""
    section = GUIDE.read_text(encoding="utf-8").partition("## A view of your own")[2]
    return re.search(rf"```{language}\n(.*?)```", section, re.DOTALL)[1]


@pytest.fixture
def city(engine, clone):
    engine.dispose()
    urls = clone(engine.url.database)
    owner, app = make_engine(urls.owner_url, pool_size=1), make_engine(urls.app_url)
    with owner.begin() as connection:
        for statement in example("sql").split(";\n"):
            if statement.strip():
                connection.execute(text(statement))
    with scoped(app, system_scope()) as connection:
        connection.execute(SHELTERS)
    yield app
    owner.dispose()
    app.dispose()


@pytest.fixture
def shelters(city, make_app, make_client, tmp_path, monkeypatch):
    """Make clients of a server whose layers have one more file."""
    folder = shutil.copytree(paths.layers(), tmp_path / "layers")
    (folder / "shelters.toml").write_text(example("toml"), encoding="utf-8")
    monkeypatch.setattr(paths, "layers", lambda: folder)
    app = make_app(on=city)
    return lambda area_path: make_client(area_path, Role.SUPERVISOR, on=city, app=app)


def names(client, query=""):
    answer = client.get(f"/ogc/collections/shelters/items?sortby=name_en{query}")
    assert answer.status_code == 200, answer.json
    assert answer.json["numberMatched"] == len(answer.json["features"])
    return [each["properties"]["name_en"] for each in answer.json["features"]]


def test_the_view_of_the_guide_is_a_collection_of_the_own_area(shelters):
    whole, west, east = (shelters(path) for path in ("/330381/", "/330381/330381001/", "/330381/330381002/"))
    listed = {each["id"]: each["title"] for each in whole.get("/ogc/collections?lang=en").json["collections"]}
    assert listed["shelters"] == "Shelters"
    assert set(names(whole)) == {"Shelter 甲", "Shelter 乙", "Shelter 丁"}
    assert set(names(west)) == {"Shelter 甲", "Shelter 乙"}
    assert names(east) == ["Shelter 丁"]
    assert names(whole, "&filter=name_zh='乙'") == ["Shelter 乙"]
    assert names(whole, "&bbox=120.6,27.7,120.62,27.9") == ["Shelter 甲"]
    assert names(west, "&bbox=120.8,27.7,120.9,27.9") == []
    told = whole.get("/ogc/collections/shelters/queryables?lang=en").json["properties"]
    assert told["name_zh"] == {"type": "string", "title": "Name"}
    feature = east.get("/ogc/collections/shelters/items").json["features"][0]
    assert feature["geometry"] == {"type": "Point", "coordinates": [120.81, 27.8]}
    # What another area has is answered as what is missing.
    assert east.get(f"/ogc/collections/shelters/items/{feature['id']}").status_code == 200
    answers = [west.get(f"/ogc/collections/shelters/items/{each}") for each in (feature["id"], 987654321)]
    assert [each.status_code for each in answers] == [404, 404]
    assert answers[0].data == answers[1].data


def test_it_is_asked_about_and_exported_like_every_layer(shelters):
    west = shelters("/330381/330381001/")
    question = {"layer": "shelters", "join": {"layer": "villages", "relation": "within"}, "group": ["partner.code"]}
    assert west.post("/api/questions/answer", json=question).json["rows"] == [["33038100101", 2]]
    export = west.get("/api/layers/shelters/export?format=csv").get_data(as_text=True)
    assert "Shelter 甲" in export
    assert "Shelter 丁" not in export
