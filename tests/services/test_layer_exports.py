"""Layers written into files and read again: identical, within the caller's area, in any reference system."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import geopandas
import pandas as pd
import pytest
import shapely
from sqlalchemy import text

from gis_app import paths
from gis_app.analysis.datum import wgs84_to_gcj02
from gis_app.domain.errors import Forbidden, InvalidInput
from gis_app.domain.rights import Right, Scope
from gis_app.exporters.formats import EXPORTERS
from gis_app.importers.frame import CityRules, read
from gis_app.importers.kinds import KINDS, ImportKind
from gis_app.rendering.layer_spec import load_layers
from gis_app.services.audit import HeadsFile, Ledger
from gis_app.services.feature_collections import Catalogue, Wish
from gis_app.services.imports import FileToImport, import_into
from gis_app.services.layer_exports import ExportWish, export_layer
from gis_app.storage.cql2 import read_text
from gis_app.storage.engine import EVERYTHING, scoped, system_scope

SAMPLES = Path(__file__).resolve().parents[1] / "importers" / "samples"
NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
ALL = Scope("tester", EVERYTHING, frozenset(Right))
HAZARDS = (
    "external_id,category_code,severity,stage,discovered_by,title,description,discovered_at,is_supervised,lon,lat\n"
    "A-1,fire,general,filed,hotline,=1+1,'quoted,2026-11-20 08:00:00,yes,120.635,27.78\n"
    'A-2,flood,severe,reported,sensor,"堵塞, 积水",第一行,2026-11-21T01:02:03Z,no,120.6123456,27.7812345\n'
    "A-3,fire,low,reported,patrol,-x <b> & ${y},,2026-11-21 23:59:59,no,120.6,27.775\n"
)


@pytest.fixture
def city(migrated_database, tmp_path):
    hazards = tmp_path / "hazards.csv"
    hazards.write_text(HAZARDS, encoding="utf-8")
    files = {kind: SAMPLES / f"{kind}.geojson" for kind in ("villages", "grids", "streets")}
    for kind, file in {**files, "facilities": SAMPLES / "facilities.csv", "hazards": hazards}.items():
        import_into(migrated_database.app, FileToImport(file, ImportKind(kind), "wgs84"), now=NOW, srid=4549)
    return migrated_database


@pytest.fixture
def exported(city, tmp_path):
    layers = {layer.id: layer for layer in load_layers(paths.layers())}
    ledger = Ledger(city.app, HeadsFile(tmp_path / "heads"))

    def write(layer, form, *, crs="wgs84", question=None, scope=ALL):
        path = tmp_path / f"{layer}{EXPORTERS[form].suffix}"
        wish = ExportWish(form, crs, question)
        export_layer(ledger, Catalogue(city.app, layers), scope, layers[layer], wish=wish, path=path)
        return path

    return write


def read_again(path, kind, form, datum):
    rules = CityRules(categories={"fire": (), "flood": ()}, now=NOW)
    return read(path, ImportKind(kind), datum=datum, file_format=form, city=rules).frame


def of_database(city, kind):
    """Return what the tables hold, as the importer's frame has it."""
    statements = {
        "hazards": "SELECT * FROM hazard",
        "villages": """SELECT a.*, p.code AS township_code FROM area a JOIN area p ON p.id = a.parent_id
                       WHERE a.level = 'village'""",
        "grids": """SELECT a.*, p.code AS village_code, g.kind, g.household_count FROM area a
                    JOIN area p ON p.id = a.parent_id JOIN grid g ON g.area_id = a.id""",
        "facilities": "SELECT * FROM facility",
        "streets": "SELECT * FROM street_segment",
    }
    with scoped(city.app, system_scope()) as connection:
        return geopandas.read_postgis(text(statements[kind]), connection, geom_col="geom")


KINDS_OUT = ("hazards", "villages", "grids", "facilities", "streets")


@pytest.mark.parametrize("form", EXPORTERS)
def test_what_is_exported_is_imported_as_it_was(city, exported, form):
    for kind in KINDS_OUT:
        key = KINDS[ImportKind(kind)].key[0]
        says_datum = form not in ("csv", "xlsx")
        frame = read_again(exported(kind, form), kind, form, None if says_datum else "wgs84")
        frame = frame.sort_values(key).reset_index(drop=True)
        stored = of_database(city, kind).sort_values(key).reset_index(drop=True)
        assert len(frame) == len(stored) >= 2
        for column in KINDS[ImportKind(kind)].columns:
            found, wanted = frame[column.name].tolist(), stored[column.name].tolist()
            assert [None if pd.isna(v) else v for v in found] == [None if pd.isna(v) else v for v in wanted], (
                column.name
            )
        # A shapefile turns its rings the other way; what they enclose is the same to the last bit.
        shapes = (shapely.normalize(each.geometry.to_numpy()) for each in (frame, stored))
        assert shapely.equals_exact(*shapes, tolerance=0.0).all(), kind


def test_an_exported_file_imported_again_changes_nothing(city, exported):
    for kind in KINDS_OUT:
        path = exported(kind, "gpkg")
        outcome = import_into(city.app, FileToImport(path, ImportKind(kind)), now=NOW, srid=4549)
        assert (outcome.count.added, outcome.count.changed) == (0, 0), kind
        assert outcome.count.unchanged >= 2


def test_a_projected_file_names_its_system_and_comes_back_within_a_micrometre(city, exported):
    for form in ("geojson", "gpkg", "shapefile", "geoparquet"):
        frame = read_again(exported("facilities", form, crs="EPSG:4549"), "facilities", form, None)

        assert set(frame["source_datum"]) == {"EPSG:4549"}
        assert frame["source_x"].min() > 400_000
        assert_close(frame, of_database(city, "facilities"))


def test_a_file_in_gcj02_is_where_the_offset_puts_it_and_comes_back(city, exported):
    stored = of_database(city, "facilities").sort_values("external_id")
    lon, lat = wgs84_to_gcj02(stored.geometry.x, stored.geometry.y)
    for form in ("geojson", "gpkg", "shapefile", "geoparquet", "csv", "xlsx"):
        frame = read_again(exported("facilities", form, crs="gcj02"), "facilities", form, "gcj02")
        frame = frame.sort_values("external_id")

        assert abs(frame["source_x"].to_numpy() - lon).max() < 1e-12, form
        assert abs(frame["source_y"].to_numpy() - lat).max() < 1e-12, form
        assert_close(frame, stored)


def assert_close(frame, stored):
    frame, stored = (each.sort_values("external_id") for each in (frame, stored))
    assert abs(frame.geometry.x.to_numpy() - stored.geometry.x.to_numpy()).max() < 1e-11
    assert abs(frame.geometry.y.to_numpy() - stored.geometry.y.to_numpy()).max() < 1e-11


def test_a_csv_runs_nothing_in_a_spreadsheet(exported):
    rows = list(csv.DictReader(io.StringIO(exported("hazards", "csv").read_text(encoding="utf-8-sig"))))

    assert {row["title"] for row in rows} >= {"'=1+1", "'-x <b> & ${y}"}


def test_a_sheet_holds_texts_and_no_formula(exported):
    with zipfile.ZipFile(exported("hazards", "xlsx")) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()

    assert "<f>" not in sheet
    assert "=1+1" in sheet


def test_a_shapefile_is_gb18030_and_says_so(exported):
    with zipfile.ZipFile(exported("hazards", "shapefile")) as archive:
        assert sorted(Path(name).suffix for name in archive.namelist()) == [".cpg", ".dbf", ".prj", ".shp", ".shx"]
        assert archive.read("data.cpg").decode().strip().upper() == "GB18030"
        assert "堵塞, 积水".encode("gb18030") in archive.read("data.dbf")


def test_a_filter_and_the_area_of_the_caller_narrow_what_is_written(exported):
    question = Wish(limit=1, filter=read_text("severity = 'severe'"))
    west = Scope("west", "/330381/330381001/330381001902/", frozenset(Right))

    def numbers(path):
        return {f["properties"]["external_id"] for f in json.loads(path.read_text(encoding="utf-8"))["features"]}

    assert numbers(exported("hazards", "geojson", question=question)) == {"A-2"}
    assert numbers(exported("hazards", "geojson", scope=west)) == {"A-2", "A-3"}


def test_who_may_not_export_or_asks_for_what_is_not_there_is_told(exported):
    with pytest.raises(Forbidden):
        exported("hazards", "geojson", scope=Scope("x", EVERYTHING, frozenset({Right.VIEW_MAP})))
    with pytest.raises(InvalidInput, match="datum 'EPSG:99999' is not known"):
        exported("hazards", "geojson", crs="EPSG:99999")
    with pytest.raises(InvalidInput, match="KML is WGS-84"):
        exported("hazards", "kml", crs="gcj02")
    with pytest.raises(InvalidInput, match="nothing to export"):
        exported("hazards", "geojson", question=Wish(limit=1, filter=read_text("severity = 'none'")))


def test_a_text_too_long_for_a_shapefile_is_refused_and_not_cut(city, exported):
    with city.superuser.begin() as connection:
        connection.execute(text("UPDATE hazard SET description = repeat('长', 200) WHERE external_id = 'A-1'"))

    with pytest.raises(InvalidInput, match="A text in 描述 is longer than the 254 bytes"):
        exported("hazards", "shapefile")


def test_an_export_stands_in_the_audit(city, exported):
    exported("hazards", "csv", crs="gcj02")

    with scoped(city.app, system_scope()) as connection:
        entries = connection.execute(text("SELECT detail FROM audit_entry WHERE action = 'layer.export'")).all()
    assert [entry.detail for entry in entries] == [{"crs": "gcj02", "format": "csv", "rows": 3}]


def test_every_layer_can_be_written(exported):
    written = set()
    for layer in load_layers(paths.layers()):
        try:
            assert exported(layer.id, "gpkg").read_bytes().startswith(b"SQLite format 3")
            written.add(layer.id)
        except InvalidInput as error:
            assert error.message == "There is nothing to export."

    assert written >= {"hazards", "villages", "grids", "facilities", "streets", "townships"}
