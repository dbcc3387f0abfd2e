"""Every sample file is read; adding a format means adding a sample."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from gis_app.importers.formats import IMPORTERS
from gis_app.importers.frame import CityRules, read
from gis_app.importers.kinds import ImportKind

SAMPLES = Path(__file__).parent / "samples"
CITY = CityRules(
    bounds=(120.17, 27.61, 121.23, 27.99),
    categories={"fire": ("消防隐患",), "flood": ("洪涝隐患",)},
    now=datetime(2026, 11, 23, tzinfo=UTC),
)


@pytest.mark.parametrize("sample", sorted(SAMPLES.iterdir()), ids=lambda path: path.name)
def test_every_sample_is_read_without_a_problem(sample):
    imported = read(sample, ImportKind(sample.stem), datum="wgs84", city=CITY)

    assert len(imported.frame) >= 2
    assert imported.frame.crs.to_epsg() == 4326


def test_every_format_and_every_kind_has_a_sample():
    assert {suffix for known in IMPORTERS.values() for suffix in known.suffixes} >= {
        path.suffix for path in SAMPLES.iterdir()
    }
    # Files that are no text are made by made_files.py.
    assert {"geojson", "csv", "gpx"} <= {
        name for name, known in IMPORTERS.items() for path in SAMPLES.iterdir() if path.suffix in known.suffixes
    }
    assert {path.stem for path in SAMPLES.iterdir()} == set(ImportKind)


def test_chinese_headers_and_words_become_columns_and_values():
    first = read(SAMPLES / "hazards.csv", ImportKind.HAZARDS, datum="wgs84", city=CITY).frame.iloc[0]

    assert first["external_id"] == "RA-0101"
    assert (first["category_code"], first["severity"], first["stage"]) == ("fire", "general", "reported")
    assert (first["discovered_by"], first["title"]) == ("hotline", "消防通道堵塞")
    assert first["description"] == "杂物占道,无法通行"
    assert first["source_row"] == 2


def test_a_time_without_a_zone_is_city_time():
    first = read(SAMPLES / "hazards.csv", ImportKind.HAZARDS, datum="wgs84", city=CITY).frame.iloc[0]

    assert first["discovered_at"] == datetime(2026, 11, 20, 0, 15, tzinfo=UTC)


def test_markup_in_a_description_stays_the_text_it_is():
    frame = read(SAMPLES / "hazards.geojson", ImportKind.HAZARDS, datum="wgs84", city=CITY).frame

    assert frame["description"][1] == "<img src=x onerror=alert(1)> ${7*7}"


def test_the_original_coordinates_and_the_file_are_kept():
    imported = read(SAMPLES / "hazards.geojson", ImportKind.HAZARDS, datum="cgcs2000", city=CITY)

    assert imported.frame["source_x"].tolist() == [120.6312, 120.6550, 120.5108]
    assert imported.frame["source_y"].tolist() == [27.7789, 27.7921, 27.8204]
    assert set(imported.frame["source_datum"]) == {"cgcs2000"}
    assert (imported.file_format, imported.datum, imported.file_name) == ("geojson", "cgcs2000", "hazards.geojson")
    assert len(imported.file_sha256) == 64


def test_a_gpx_track_becomes_fixes_of_its_device_and_needs_no_declared_datum():
    imported = read(SAMPLES / "tracks.gpx", ImportKind.TRACKS, datum=None, city=CITY)

    assert imported.frame["device"].tolist() == ["D-001"] * 3
    assert imported.frame["recorded_at"][1] == datetime(2026, 11, 22, 12, 0, 15, tzinfo=UTC)
    assert [(point.x, point.y) for point in imported.frame.geometry][1] == (120.6302, 27.7801)
    assert not imported.frame.geometry.has_z.any()
    assert [note.text for note in imported.notes] == ["Heights were left out: 2 positions had one."]


def test_fixes_of_one_moment_are_numbered():
    frame = read(SAMPLES / "tracks.csv", ImportKind.TRACKS, datum="wgs84", city=CITY).frame

    assert frame["sequence"].tolist() == [0, 0, 1, 0]
    assert frame["speed_mps"].tolist()[:3] == [1.2, 1.3, 1.3]


def test_polygons_become_multipolygons():
    frame = read(SAMPLES / "grids.geojson", ImportKind.GRIDS, datum="wgs84", city=CITY).frame

    assert set(frame.geom_type) == {"MultiPolygon"}
    assert frame["kind"].tolist() == ["residential", "commercial"]
    assert frame["household_count"].tolist() == [312, 287]
