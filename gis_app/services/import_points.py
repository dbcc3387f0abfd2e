"""Loads hazards, facilities and streets."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely
from sqlalchemy import Text

from gis_app.importers.problems import ProblemLog
from gis_app.services.loading import SOURCE_ROW, Loading
from gis_app.storage.bulk_load import stage_rows
from gis_app.storage.hazard_cells import refresh_hazard_month_cells
from gis_app.storage.imported_rows import (
    LoadCount,
    give_to_named_areas,
    months_of,
    rows_of_others,
    rows_with_taken_number,
    rows_without,
    upsert_staged,
)
from gis_app.storage.loaded_hazards import FIRST_VALUES, RULE_OF_ROW
from gis_app.storage.models import Facility, Hazard, StreetSegment, Team
from gis_app.storage.models.base import table_of
from gis_app.storage.placing import DAY_OF_HAZARD, place_staged

HAZARD_COLUMNS = (
    *("external_id", "category_code", "severity", "stage", "discovered_by", "title", "description", "place"),
    *("discovered_at", "filed_at", "assigned_at", "due_at", "feedback_at", "verified_at", "closed_at"),
    *("is_supervised", "reopened_count", "source_datum", "source_x", "source_y"),
)


_KEYS = {"hazard": ("external_id", "number"), "facility": ("external_id",), "team": ("code",)}


def load_hazards(loading: Loading) -> LoadCount:
    """Load hazards into the village and grid they were found in, and count them for low zooms."""
    columns = loading.columns(*HAZARD_COLUMNS)
    columns["number"] = _numbers(loading)
    staged = stage_rows(loading.connection, table_of(Hazard), columns, extra=SOURCE_ROW)
    place_staged(loading.connection, staged, day=DAY_OF_HAZARD)
    log = _outside(loading, staged, "hazard")
    for row, number in rows_with_taken_number(loading.connection, staged):
        log.add(
            row,
            "external_id",
            "Another hazard has the number {number}.",
            "Give it a number of its own.",
            number=number,
        )
    loading.refuse(log)
    months = months_of(loading.connection, staged, "hazard")
    kept = [name for name in columns if name != "source_row"]
    count = upsert_staged(
        loading.connection,
        staged,
        "hazard",
        columns=[*kept, "village_id", "grid_id", "scope_path"],
        import_id=loading.import_id,
        extra="version = t.version + 1, changed_at = now()",
        first_values=FIRST_VALUES,
        joined=RULE_OF_ROW,
    )
    refresh_hazard_month_cells(loading.connection, months)
    return count


def load_facilities(loading: Loading) -> LoadCount:
    """Load facilities into the village they lie in."""
    columns = loading.columns("external_id", "kind", "name_zh", "name_en")
    staged = stage_rows(loading.connection, table_of(Facility), columns, extra=SOURCE_ROW)
    place_staged(loading.connection, staged, day="CURRENT_DATE")
    loading.refuse(_outside(loading, staged, "facility"))
    loading.connection.exec_driver_sql(f"ALTER TABLE {staged} RENAME village_id TO area_id")
    kept = [name for name in columns if name != "source_row"]
    return upsert_staged(
        loading.connection,
        staged,
        "facility",
        columns=[*kept, "area_id", "scope_path"],
        import_id=loading.import_id,
    )


def load_teams(loading: Loading) -> LoadCount:
    """Load teams into the township or village they name, or else the village their station lies in."""
    columns = loading.columns("code", "name_zh", "name_en", "kind", "mode")
    columns["station"] = columns["geom"]
    columns["area_code"] = loading.frame["area_code"]
    extra = {**SOURCE_ROW, "geom": table_of(Facility).columns["geom"].type, "area_code": Text()}
    staged = stage_rows(loading.connection, table_of(Team), columns, extra=extra)
    place_staged(loading.connection, staged, day="CURRENT_DATE")
    log = _outside(loading, staged, "team")
    for row, code in give_to_named_areas(loading.connection, staged):
        log.add(
            row,
            "area_code",
            "There is no township or village {code} in your area.",
            "Correct the code, or leave it out: the team is then of the village its station lies in.",
            code=code,
        )
    loading.refuse(log)
    loading.connection.exec_driver_sql(f"ALTER TABLE {staged} RENAME village_id TO area_id")
    kept = [name for name in columns if name not in ("source_row", "geom", "area_code")]
    return upsert_staged(
        loading.connection,
        staged,
        "team",
        columns=[*kept, "area_id", "scope_path"],
        import_id=loading.import_id,
        key="code",
    )


def load_streets(loading: Loading) -> LoadCount:
    """Load streets with their length in the projected CRS."""
    columns = loading.columns("external_id", "name_zh", "name_en", "kind", "is_bridge", "one_way")
    columns["length_m"] = shapely.length(loading.in_metres())
    staged = stage_rows(loading.connection, table_of(StreetSegment), columns, extra=SOURCE_ROW)
    kept = [name for name in columns if name != "source_row"]
    return upsert_staged(loading.connection, staged, "street_segment", columns=kept, import_id=loading.import_id)


def _numbers(loading: Loading) -> pd.Series:
    """Return the file's own numbers, and for hazards without one a number made of import and row."""
    made = loading.import_id.hex[:8] + "-" + loading.frame["source_row"].astype(str)
    numbers: pd.Series = loading.frame["external_id"].where(loading.frame["external_id"].notna(), made)
    return numbers


def _outside(loading: Loading, staged: str, table: str) -> ProblemLog:
    """Return the rows that lie in no village of the importer's area, or bear the number of a row of another one."""
    log = ProblemLog()
    keys = _KEYS[table]
    taken = {row for key in keys for row in rows_of_others(loading.connection, staged, table, key=key)}
    for row in sorted(taken):
        log.add(
            row,
            keys[0],
            "The number belongs to a row outside your area.",
            "Leave the row to the office of that area, or give it a number of its own.",
        )
    place = loading.frame.set_index("source_row").geometry
    for row in rows_without(loading.connection, staged, "village_id"):
        log.add(
            row,
            "geometry",
            "The place at ({x}, {y}) lies in no village.",
            "Correct the coordinates or their datum, or import the village it lies in.",
            x=float(np.round(place[row].x, 6)),
            y=float(np.round(place[row].y, 6)),
        )
    return log
