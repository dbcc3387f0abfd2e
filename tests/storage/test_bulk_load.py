"""Whole columns copied into PostGIS come back as they were sent, and only where the scope allows."""

import uuid
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest
import shapely
from sqlalchemy import Integer, text
from sqlalchemy.exc import ProgrammingError

from gis_app.domain.rights import Scope
from gis_app.storage.bulk_load import copy_rows, drop_staged, insert_staged, stage_rows
from gis_app.storage.engine import scoped, system_scope
from gis_app.storage.models import Area, ImportRun, StreetSegment
from gis_app.storage.models.base import table_of

SQUARE = shapely.MultiPolygon([shapely.box(120.6, 27.7, 120.7, 27.8)])


def areas(codes, paths, **more):
    count = len(codes)
    return {
        "code": codes,
        "level": ["township"] * count,
        "name_zh": ["塘下镇"] * count,
        "scope_path": paths,
        "geom": [SQUARE] * count,
        "label_point": np.tile([120.65, 27.75], (count, 1)),
        "area_m2": np.arange(count) + 0.5,
        "valid_from": [date(1999, 12, 31)] * count,
        **more,
    }


def rows(database, query):
    with scoped(database.app, system_scope()) as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def test_every_type_comes_back_as_it_was_sent(migrated_database):
    identity = uuid.uuid4()
    columns = areas(["甲", 'a"b\t\\N\n'], ["/1/", "/2/"], name_en=["", None], import_id=[identity, None],
                    parent_id=[None, None], valid_to=[None, date(2030, 2, 1)], is_synthetic=[True, False])  # fmt: skip
    with scoped(migrated_database.app, system_scope()) as connection:
        assert copy_rows(connection, table_of(Area), columns) == 2
    assert rows(
        migrated_database,
        """SELECT code, name_zh, name_en, area_m2, import_id, valid_from, valid_to, is_synthetic, parent_id,
                  ST_AsText(geom), ST_SRID(geom), ST_AsText(label_point), ST_SRID(label_point) FROM area ORDER BY id""",
    ) == [
        ("甲", "塘下镇", "", 0.5, identity, date(1999, 12, 31), None, True, None,
         "MULTIPOLYGON(((120.7 27.7,120.7 27.8,120.6 27.8,120.6 27.7,120.7 27.7)))", 4326, "POINT(120.65 27.75)", 4326),
        ('a"b\t\\N\n', "塘下镇", None, 1.5, None, date(1999, 12, 31), date(2030, 2, 1), False, None,
         "MULTIPOLYGON(((120.7 27.7,120.7 27.8,120.6 27.8,120.6 27.7,120.7 27.7)))", 4326, "POINT(120.65 27.75)", 4326),
    ]  # fmt: skip


def test_times_keep_their_microseconds_before_and_after_2000(migrated_database):
    moments = [datetime(1999, 5, 1, 1, 2, 3, 456789, UTC), datetime(2026, 11, 23, 20, 0, 0, 1, UTC)]
    columns = {
        "id": [uuid.uuid4() for _ in moments],
        "created_at": pd.Series(moments),
        "row_count": [1, 2],
        **{name: ["x", "y"] for name in ("kind", "file_name", "file_sha256", "datum", "account")},
        "scope_path": ["/1/", "/2/"],
    }
    with scoped(migrated_database.app, system_scope()) as connection:
        copy_rows(connection, table_of(ImportRun), columns)
    assert [row[0] for row in rows(migrated_database, "SELECT created_at FROM import_run ORDER BY 1")] == moments


def test_missing_numbers_and_texts_become_null(migrated_database):
    columns = {
        "external_id": pd.Series(["a", pd.NA, None], dtype=object),
        "kind": ["lane"] * 3,
        "from_node": pd.array([7, None, 9], dtype="Int64"),
        "length_m": [1.0, 2.0, 3.0],
        "geom": [shapely.LineString([(120, 27), (121, 28)])] * 3,
    }
    with scoped(migrated_database.app, system_scope()) as connection:
        assert copy_rows(connection, table_of(StreetSegment), columns) == 3
    assert rows(migrated_database, "SELECT external_id, from_node FROM street_segment ORDER BY length_m") == [
        ("a", 7),
        (None, None),
        (None, 9),
    ]


def test_more_rows_than_one_block_arrive_in_order(migrated_database):
    count = 120_003
    columns = {
        "kind": np.full(count, "lane", dtype=object),
        "from_node": np.arange(count),
        "length_m": np.arange(count) / 3,
        "geom": np.full(count, shapely.LineString([(120, 27), (121, 28)])),
    }
    with scoped(migrated_database.app, system_scope()) as connection:
        assert copy_rows(connection, table_of(StreetSegment), columns) == count
    assert rows(
        migrated_database,
        "SELECT count(*), min(from_node), max(from_node), bool_and(length_m = from_node / 3.0::float8)"
        " FROM street_segment",
    ) == [(count, 0, count - 1, True)]


def test_no_rows_are_no_fault(migrated_database):
    columns = {"kind": [], "length_m": [], "geom": []}
    with scoped(migrated_database.app, system_scope()) as connection:
        assert copy_rows(connection, table_of(StreetSegment), columns) == 0


def test_rows_outside_the_scope_are_refused_with_all_others(migrated_database):
    inside_and_outside = areas(["1", "2"], ["/330381/330381001/", "/330381/330381002/"])
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        scoped(migrated_database.app, Scope("office", "/330381/330381001/")) as connection,
    ):
        copy_rows(connection, table_of(Area), inside_and_outside)
    assert rows(migrated_database, "SELECT code FROM area") == []


def test_what_is_copied_ends_with_its_transaction(migrated_database):
    with (
        pytest.raises(RuntimeError, match="on the way"),
        scoped(migrated_database.app, system_scope()) as connection,
    ):
        copy_rows(connection, table_of(Area), areas(["1"], ["/1/"]))
        raise RuntimeError("on the way")
    assert rows(migrated_database, "SELECT code FROM area") == []


def test_columns_of_different_length_are_refused_before_anything_is_sent(migrated_database):
    columns = {"kind": ["a", "b"], "length_m": [1.0], "geom": [None, None]}
    with (
        pytest.raises(ValueError, match="one length"),
        scoped(migrated_database.app, system_scope()) as connection,
    ):
        copy_rows(connection, table_of(StreetSegment), columns)


def test_staged_rows_can_be_changed_before_they_are_inserted(migrated_database):
    columns = areas(["1", "2"], ["/1/", "/2/"], source_row=[5, 6])
    with scoped(migrated_database.app, system_scope()) as connection:
        staged = stage_rows(connection, table_of(Area), columns, extra={"source_row": Integer()})
        connection.execute(text(f"UPDATE {staged} SET name_zh = 'row ' || source_row"))  # noqa: S608 - a name of ours
        kept = [name for name in columns if name != "source_row"]
        assert insert_staged(connection, staged, table_of(Area), kept) == 2
        drop_staged(connection, staged)
    assert rows(migrated_database, "SELECT code, name_zh FROM area ORDER BY 1") == [("1", "row 5"), ("2", "row 6")]
