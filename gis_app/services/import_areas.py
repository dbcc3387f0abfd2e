"""Loads villages and grids, as new versions where a boundary changed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import shapely
from sqlalchemy import Integer, Text
from sqlalchemy.types import TypeEngine

from gis_app.domain.areas import AreaLevel
from gis_app.importers.problems import ProblemLog
from gis_app.services.loading import Loading
from gis_app.storage.bulk_load import stage_rows
from gis_app.storage.imported_areas import INSIDE_SHARE, AreaFact, find_relations, store_areas
from gis_app.storage.imported_rows import LoadCount
from gis_app.storage.models import Area
from gis_app.storage.models.base import table_of

_EXTRA: dict[str, TypeEngine[Any]] = {
    "source_row": Integer(),
    "parent_code": Text(),
    "kind": Text(),
    "household_count": Integer(),
}


def load_villages(loading: Loading) -> LoadCount:
    """Load villages into their townships."""
    return _load(loading, AreaLevel.VILLAGE, AreaLevel.TOWNSHIP, parent_column="township_code")


def load_grids(loading: Loading) -> LoadCount:
    """Load grids into their villages."""
    return _load(loading, AreaLevel.GRID, AreaLevel.VILLAGE, parent_column="village_code")


def _load(loading: Loading, level: AreaLevel, parent_level: AreaLevel, *, parent_column: str) -> LoadCount:
    columns = loading.columns("code", "name_zh", "name_en", "valid_from")
    columns["parent_code"] = loading.frame[parent_column]
    columns["label_point"] = shapely.point_on_surface(columns["geom"])
    columns["area_m2"] = shapely.area(loading.in_metres())
    for name in ("kind", "household_count"):
        columns[name] = loading.frame[name] if level is AreaLevel.GRID else np.full(len(loading.frame), None)
    staged = stage_rows(loading.connection, table_of(Area), columns, extra=_EXTRA)
    facts = find_relations(loading.connection, staged, level=level, parent_level=parent_level)
    log = ProblemLog()
    _note_problems(facts, log, level=level, parent_level=parent_level, parent_column=parent_column)
    loading.refuse(log)
    return store_areas(
        loading.connection,
        staged,
        level=level,
        today=loading.today,
        import_id=loading.import_id,
        is_whole=loading.is_whole,
    )


def _note_problems(
    facts: Iterable[AreaFact], log: ProblemLog, *, level: AreaLevel, parent_level: AreaLevel, parent_column: str
) -> None:
    for fact in facts:
        names = {"code": fact.code, "parent": fact.parent_code, "level": parent_level.value}
        if not fact.has_parent:
            log.add(fact.source_row, parent_column, "There is no {level} {parent}.",
                    "Correct the code, or import that area first.", **names)  # fmt: skip
            continue
        if fact.current_level not in (None, level):
            log.add(fact.source_row, "code", "The code {code} belongs to an area of another level.",
                    "Use a code of its own.", **names)  # fmt: skip
        elif fact.is_moved:
            log.add(fact.source_row, parent_column, "The area {code} lies in another {level} so far.",
                    "Give an area that moves a new code.", **names)  # fmt: skip
        elif fact.begins_too_early:
            log.add(fact.source_row, "valid_from", "The area {code} has a version that begins later.",
                    "Give the day from which this boundary is valid.", **names)  # fmt: skip
        if fact.inside_share < INSIDE_SHARE:
            log.add(fact.source_row, "geometry", "Only {percent} % of the grid lie in its village {parent}.",
                    "Mend the boundary or the village's code.",
                    percent=int(100 * fact.inside_share), **names)  # fmt: skip
