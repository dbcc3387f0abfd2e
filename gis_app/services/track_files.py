"""Takes a file of fixes: read in the sandbox, checked row by row, stored whole or not at all, as from a device."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from gis_app.domain.errors import InvalidInput
from gis_app.domain.rights import Scope
from gis_app.importers.frame import CityRules, ImportedFrame, read
from gis_app.importers.kinds import ImportKind
from gis_app.importers.problems import ImportRefused
from gis_app.services.audit import Ledger
from gis_app.services.track_intake import MOST_FIXES, FixBatch, GivenFix, store_all
from gis_app.storage import reference
from gis_app.storage.engine import scoped, system_scope

_FILES = uuid.UUID("7f0e7a52-9f6b-4c55-8f0c-2a52f1b0c0de")
"""Batches of a file are called after it, so that the same file sent again is the same batches."""


def receive_file(
    ledger: Ledger, scope: Scope, account_id: int, path: Path, *, file_format: str, datum: str | None
) -> dict[str, int]:
    """Store the fixes of a file that are not stored yet; all of them, or none.

    Raises
    ------
    InvalidInput
        If a row has a problem, the format or datum is unknown, or a team is not one of the caller's area.
    Refused
        If the file as a whole cannot be read, is hostile or beyond a limit.
    Conflict
        As ``track_intake.receive``.
    """
    # The city's own outline lies above the caller's area; rows far off it are refused whoever sends them.
    with scoped(ledger.engine, system_scope()) as connection:
        bounds = reference.city_bounds(connection)
    if bounds is None:
        raise InvalidInput(
            "There is no city in the database yet.",
            remedy="Run `jingwei demo`, or begin a city of your own with `jingwei import villages FILE`.",
        )
    rules = CityRules(bounds=bounds, categories={}, now=ledger.now())
    try:
        imported = read(path, ImportKind.TRACKS, datum=datum, file_format=file_format, city=rules)
    except ImportRefused as refused:
        first = refused.problems[0]
        raise InvalidInput(
            "Nothing was stored: {count} rows cannot be used; the first is row {row}, {field}.",
            remedy="Mend the rows and send the file again.",
            count=len(refused.problems) + refused.further_count,
            row=first.row,
            field=first.field,
        ) from refused
    return store_all(ledger, scope, account_id, list(_batches(imported)))


def _batches(imported: ImportedFrame) -> Iterator[FixBatch]:
    frame = imported.frame.assign(lon=imported.frame.geometry.x, lat=imported.frame.geometry.y)
    frame["team"] = frame["team_code"].where(frame["team_code"].notna(), frame["device"])
    for (device, team), own in frame.groupby(["device", "team"], sort=True):
        rows = own.sort_values(["recorded_at", "sequence"]).to_dict("records")
        for first in range(0, len(rows), MOST_FIXES):
            client_id = uuid.uuid5(_FILES, f"{imported.file_sha256} {imported.datum} {device} {team} {first}")
            fixes = [_fix(row) for row in rows[first : first + MOST_FIXES]]
            yield FixBatch(client_id, str(device), str(team), "wgs84", None, fixes)


def _fix(row: Any) -> GivenFix:
    return GivenFix(
        recorded_at=row["recorded_at"].to_pydatetime(),
        lon=float(row["lon"]),
        lat=float(row["lat"]),
        sequence=int(row["sequence"]),
        accuracy_m=None if pd.isna(row["accuracy_m"]) else float(row["accuracy_m"]),
        speed_mps=None if pd.isna(row["speed_mps"]) else float(row["speed_mps"]),
    )
