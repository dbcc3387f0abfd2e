"""Tiles over HTTP: content, validators, compression, memory, and a bound on bytes."""

import gzip
import math

import mapbox_vector_tile
import pytest
from sqlalchemy import text

from gis_app import paths
from gis_app.domain.rights import Right, Scope
from gis_app.rendering.layer_spec import load_layers
from gis_app.services.tiles import LARGEST_TILE_BYTES, TileStore
from gis_app.storage.engine import make_engine, scoped, system_scope
from gis_app.storage.tiles import TileAddress, TileFilter

YEAR = "from=2026-01-01&to=2026-06-15"
CROWD = text("""
INSERT INTO hazard (number, category_code, severity, stage, discovered_by, title, discovered_at, village_id, scope_path,
                    geom)
SELECT 'C' || n, 'fire', 'low', 'handling', 'patrol', '占用消防通道 ' || n, '2026-05-01Z', id, scope_path,
       ST_SetSRID(ST_MakePoint(120.6 + n % 100 * 1e-6, 27.8), 4326)
FROM area, generate_series(1, 100000) n WHERE code = '33038100101'""")
CELLS = text("""
WITH r AS (INSERT INTO analysis_run (id, kind, parameters, data_from, data_to, code_version, input_digest, is_current)
           VALUES (gen_random_uuid(), 'kernel_density', '{}', now(), now(), '0', 'x', true) RETURNING id)
INSERT INTO density_cell (run_id, cell_i, cell_j, density, level, scope_path, geom)
SELECT id, i, j, sin(i) + 1.5, 1 + (i + j) % 5, '/330381/',
       ST_MakeEnvelope(120.5 + i * 0.002, 27.7 + j * 0.001, 120.502 + i * 0.002, 27.701 + j * 0.001, 4326)
FROM r, generate_series(0, 149) i, generate_series(0, 149) j""")


def address(zoom, lon=120.6, lat=27.8):
    row = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2
    return TileAddress(zoom, int((lon + 180) / 360 * 2**zoom), int(row * 2**zoom))


def url(layer, zoom, query=YEAR):
    at = address(zoom)
    return f"/tiles/{layer}/{at.zoom}/{at.x}/{at.y}.mvt?{query}"


def features(body):
    return [each["properties"] for layer in mapbox_vector_tile.decode(body).values() for each in layer["features"]]


@pytest.fixture
def own_engine(clone, engine):
    """An engine on a copy of the city that a test may change."""
    engine.dispose()  # a template is copied only while nobody is connected to it
    urls = clone(engine.url.database)
    own = make_engine(urls.app_url)
    yield own
    own.dispose()


def store_on(engine, **options):
    return TileStore(engine, {layer.id: layer for layer in load_layers(paths.layers())}, **options)


SCREEN = Scope(account="screen", area_path="/", rights=frozenset(Right))


def test_a_tile_holds_the_hazards_of_the_window_with_their_state(client):
    answer = client.get(url("hazards", 14))
    assert answer.content_type == "application/vnd.mapbox-vector-tile"
    states = {each["title"]: (each["state"], each["severity"]) for each in features(answer.data)}
    assert states["井盖缺失"] == ("closed", "severe")
    assert states.keys() == {"通道堵塞", "电线老化", "井盖缺失", "误报"}
    june = features(client.get(url("hazards", 14, "from=2026-06-02&to=2026-06-02")).data)
    assert [each["title"] for each in june] == ["电线老化"]


def test_below_its_zoom_the_layer_is_counted(client):
    found = features(client.get(url("hazards", 12)).data)
    assert [(each["count"], each["open_count"]) for each in found] == [(4, 2)]
    assert [each["count"] for each in features(client.get(url("hazards", 3)).data)] == [6]


def test_an_empty_tile_is_no_content(client):
    answer = client.get("/tiles/hazards/14/0/0.mvt")
    assert (answer.status_code, answer.data) == (204, b"")


@pytest.mark.parametrize(
    "place", ["21/0/0", "3/8/0", "3/0/8", "99/0/0", "9999999999999/0/0", "-1/0/0", "3/0/x", "3.5/0/0"]
)
def test_a_place_that_is_no_tile_is_not_found(client, place):
    answer = client.get(f"/tiles/hazards/{place}.mvt")
    assert answer.status_code == 404
    assert answer.content_type.startswith("application/problem+json")


@pytest.mark.parametrize(
    "query", ["from=yesterday", "to=2026-02-30", "night=1", "from=2026-06-02&to=2026-06-01", "from=1000-01-01"]
)
def test_a_window_that_is_none_is_refused(client, query):
    answer = client.get(url("hazards", 12, query))
    assert (answer.status_code, answer.get_json()["code"]) == (400, "invalid_input")


def test_a_layer_of_nights_shows_the_newest_where_none_is_asked(client):
    newest = client.get(url("coverage", 12, "")).data
    assert newest == client.get(url("coverage", 12, "night=2026-06-14")).data
    assert {each["state"] for each in features(newest)} == {"checked_clear"}
    assert client.get(url("coverage", 12, "night=2026-06-13")).status_code == 204


def test_the_same_content_answers_304_and_is_private(client):
    first = client.get(url("hazards", 14))
    assert first.headers["Cache-Control"].startswith("private")
    again = client.get(url("hazards", 14), headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    other = client.get(
        url("hazards", 14, "from=2026-06-02&to=2026-06-02"), headers={"If-None-Match": first.headers["ETag"]}
    )
    assert other.status_code == 200


def test_who_accepts_gzip_gets_the_same_tile_compressed(client):
    plain = client.get(url("hazards", 14))
    zipped = client.get(url("hazards", 14), headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in plain.headers
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(zipped.data) == plain.data


def test_a_kept_tile_is_made_once_and_again_when_the_data_change(own_engine):
    store = store_on(own_engine)
    wanted = TileFilter(night=None)
    before = store.tile(SCREEN, "villages", address(12), wanted)
    assert store.tile(SCREEN, "villages", address(12), wanted) is before
    with scoped(own_engine, system_scope()) as connection:
        connection.execute(text("UPDATE area SET name_zh = '改名村' WHERE level = 'village'"))
    assert store.tile(SCREEN, "villages", address(12), wanted) is before
    with scoped(own_engine, system_scope()) as connection:
        connection.execute(text("UPDATE analysis_run SET created_at = created_at + interval '1 second'"))
    store._states.clear()
    assert {each["name_zh"] for each in features(store.tile(SCREEN, "villages", address(12), wanted).body)} == {
        "改名村"
    }


def test_two_scopes_never_share_a_kept_tile(engine):
    store = store_on(engine)
    own = Scope(account="t", area_path="/330381/330381001/", rights=frozenset({Right.VIEW_MAP}))
    city = store.tile(SCREEN, "townships", address(7), TileFilter())
    township = store.tile(own, "townships", address(7), TileFilter())
    assert {each["name_zh"] for each in features(city.body)} == {"塘下镇", "安阳街道"}
    assert {each["name_zh"] for each in features(township.body)} == {"塘下镇"}


def test_a_store_without_memory_still_answers(engine):
    store = store_on(engine, cache_bytes=0)
    assert store.tile(SCREEN, "townships", address(7), TileFilter()).body


def test_100_000_hazards_in_one_place_stay_under_500_kb_at_every_zoom(own_engine):
    with scoped(own_engine, system_scope()) as connection:
        connection.execute(CROWD)
    store = store_on(own_engine, cache_bytes=0)
    for zoom in range(3, 21):
        made = store.tile(SCREEN, "hazards", address(zoom, lon=120.60005), TileFilter())
        assert 0 < len(made.body) <= LARGEST_TILE_BYTES, zoom
        if 13 <= zoom <= 15:
            assert sum(each["count"] for each in features(made.body)) >= 100_000


def test_a_fine_lattice_stays_under_500_kb_and_keeps_its_levels(own_engine):
    with scoped(own_engine, system_scope()) as connection:
        connection.execute(CELLS)
    store = store_on(own_engine, cache_bytes=0)
    sizes = {}
    for zoom in range(8, 15):
        body = store.tile(SCREEN, "density", address(zoom), TileFilter()).body
        sizes[zoom] = len(body)
        assert {each["level"] for each in features(body)} == {1, 2, 3, 4, 5}
    assert max(sizes.values()) <= LARGEST_TILE_BYTES
