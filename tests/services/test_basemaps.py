"""Basemaps of the operator's: PMTiles and MBTiles read in place, wrong settings refused by name."""

import gzip
import io
import json
import sqlite3

import pytest
from PIL import Image
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer

from gis_app.domain.errors import InvalidInput, NotFound
from gis_app.rendering.figure import content_security_policy
from gis_app.services.basemaps import configured


def picture(colour):
    out = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(out, "PNG")
    return out.getvalue()


RED, BLUE = picture("red"), picture("blue")


def pmtiles(path, tiles, *, tile_type=TileType.PNG, compression=Compression.NONE, metadata=None):
    with path.open("wb") as stream:
        writer = Writer(stream)
        for zxy, body in sorted(tiles.items(), key=lambda each: zxy_to_tileid(*each[0])):
            writer.write_tile(zxy_to_tileid(*zxy), body)
        zooms = [zxy[0] for zxy in tiles]
        header = {
            "tile_type": tile_type,
            "tile_compression": compression,
            "min_zoom": min(zooms),
            "max_zoom": max(zooms),
        }
        bounds = {"min_lon_e7": -1, "min_lat_e7": -1, "max_lon_e7": 1, "max_lat_e7": 1, "center_zoom": 0}
        writer.finalize(header | bounds | {"center_lon_e7": 0, "center_lat_e7": 0}, metadata or {})
    return path


def mbtiles(path, rows, *, tile_format="png", **facts):
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE metadata (name text, value text)")
        database.execute("CREATE TABLE tiles (zoom_level int, tile_column int, tile_row int, tile_data blob)")
        database.executemany("INSERT INTO metadata VALUES (?, ?)", [("format", tile_format), *facts.items()])
        database.executemany("INSERT INTO tiles VALUES (?, ?, ?, ?)", rows)
    return path


def test_tiles_of_a_pmtiles_file_are_found_by_zoom_column_and_row(tmp_path):
    path = pmtiles(tmp_path / "city.pmtiles", {(0, 0, 0): RED, (1, 1, 0): BLUE})
    basemap = configured([path], "", "gcj02")["city"]
    assert (basemap.kind, basemap.tile_format, basemap.minzoom, basemap.maxzoom) == ("raster", "png", 0, 1)
    assert basemap.tile(1, 1, 0) == BLUE
    assert basemap.tile(0, 0, 0) == RED
    assert basemap.tile(1, 0, 0) is None
    assert basemap.described("en")["datum"] == "gcj02"


def test_rows_of_an_mbtiles_file_count_from_the_south(tmp_path):
    # Row 1 of zoom 1 is the northern one, which addresses call 0.
    path = mbtiles(tmp_path / "photo.mbtiles", [(1, 0, 1, RED), (1, 0, 0, BLUE)])
    basemap = configured([path], "", "wgs84")["photo"]
    assert (basemap.tile(1, 0, 0), basemap.tile(1, 0, 1)) == (RED, BLUE)


def test_compressed_vector_tiles_come_out_plain_with_the_names_of_their_layers(tmp_path):
    body = b"\x1a\x00vector"
    layers = {"vector_layers": [{"id": "roads"}, {"id": "water"}]}
    first = pmtiles(
        tmp_path / "a.pmtiles",
        {(0, 0, 0): gzip.compress(body)},
        tile_type=TileType.MVT,
        compression=Compression.GZIP,
        metadata=layers,
    )
    second = mbtiles(
        tmp_path / "b.mbtiles", [(0, 0, 0, gzip.compress(body))], tile_format="pbf", json=json.dumps(layers)
    )
    for basemap in configured([first, second], "", "wgs84").values():
        assert basemap.kind == "vector"
        assert basemap.tile(0, 0, 0) == body
        assert basemap.described("zh")["vectorLayers"] == ["roads", "water"]


@pytest.mark.parametrize("address", [(0, 1, 0), (-1, 0, 0), (25, 0, 0), (2, 0, 4)])
def test_a_tile_that_cannot_exist_is_not_found(tmp_path, address):
    basemap = configured([pmtiles(tmp_path / "city.pmtiles", {(0, 0, 0): RED})], "", "wgs84")["city"]
    with pytest.raises(NotFound):
        basemap.tile(*address)


def test_a_tile_server_is_the_one_other_place_that_images_may_come_from():
    basemap = configured([], "http://tiles.city.lan:8080/{z}/{x}/{y}.png", "gcj02")["server"]
    assert basemap.origin == "http://tiles.city.lan:8080"
    policy = content_security_policy("n", image_origins=[basemap.origin]).split("; ")
    assert "img-src 'self' data: blob: http://tiles.city.lan:8080" in policy
    assert [part for part in policy if "tiles" in part and not part.startswith("img-src")] == []
    with pytest.raises(NotFound):
        basemap.tile(0, 0, 0)


@pytest.mark.parametrize(
    "template", ["tiles/{z}/{x}/{y}", "http://a/{z}/{x}", "ftp://a/{z}/{x}/{y}", "http://a; script-src *;/{z}/{x}/{y}"]
)
def test_a_template_that_is_no_address_is_refused(template):
    with pytest.raises(InvalidInput, match="JINGWEI_BASEMAP_TILES"):
        configured([], template, "wgs84")


def test_files_that_are_missing_broken_or_of_another_kind_are_refused_by_name(tmp_path):
    broken = tmp_path / "broken.pmtiles"
    broken.write_bytes(b"PMTiles\x03" + b"\xff" * 200)
    other = tmp_path / "city.tif"
    other.write_bytes(b"x")
    bad_name = pmtiles(tmp_path / "a b.pmtiles", {(0, 0, 0): RED})
    for path in (tmp_path / "none.pmtiles", broken, other, bad_name):
        with pytest.raises(InvalidInput, match="JINGWEI_BASEMAPS"):
            configured([path], "", "wgs84")
    vector = pmtiles(tmp_path / "v.pmtiles", {(0, 0, 0): b"x"}, tile_type=TileType.MVT)
    with pytest.raises(InvalidInput, match="JINGWEI_BASEMAP_DATUM"):
        configured([vector], "", "gcj02")
    with pytest.raises(InvalidInput, match="bd09"):
        configured([], "", "bd09")
