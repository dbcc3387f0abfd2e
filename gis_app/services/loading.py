"""What every loader of an import works with."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import geopandas
import numpy as np
import numpy.typing as npt
import shapely
from sqlalchemy import Connection, Integer

from gis_app.analysis.transformers import transformer
from gis_app.domain.periods import CITY_TIME
from gis_app.importers.frame import ImportedFrame
from gis_app.importers.problems import ImportRefused, ProblemLog, RowProblem

SOURCE_ROW = {"source_row": Integer()}
"""The row number in the file, which only the temporary table has."""


class RowsRefused(ImportRefused):
    """Rows that the database has no place for.

    Parameters
    ----------
    bad_rows
        The numbers of all of them; ``problems`` may leave some out.
    """

    def __init__(
        self, problems: Sequence[RowProblem], *, further_count: int, file_name: str, bad_rows: frozenset[int]
    ) -> None:
        self.bad_rows = bad_rows
        super().__init__(problems, further_count=further_count, file_name=file_name)


@dataclass(frozen=True)
class Loading:
    """One import under way, inside its transaction.

    Parameters
    ----------
    imported
        The checked file.
    import_id
        Id of the import, for its rows.
    now
        The present, with a time zone.
    srid
        Projected CRS for areas and lengths.
    is_whole
        Of areas: the file brings all of the parents it names, so that the others end.
    """

    connection: Connection
    imported: ImportedFrame
    import_id: uuid.UUID
    now: datetime
    srid: int
    is_whole: bool = False

    @property
    def frame(self) -> geopandas.GeoDataFrame:
        """The rows, EPSG:4326."""
        return self.imported.frame

    @property
    def today(self) -> date:
        """The day in the city."""
        return self.now.astimezone(CITY_TIME).date()

    def columns(self, *names: str) -> dict[str, Any]:
        """Return columns of the frame with geometry, row number and import id; points as lon and lat."""
        shapes = np.asarray(self.frame.geometry.array, dtype=object)
        is_point = (shapely.get_type_id(shapes) == shapely.GeometryType.POINT) & ~shapely.is_empty(shapes)
        return {
            **{name: self.frame[name] for name in names},
            "geom": shapely.get_coordinates(shapes) if is_point.all() else shapes,
            "source_row": self.frame["source_row"],
            "import_id": np.full(len(self.frame), self.import_id, dtype=object),
        }

    def in_metres(self) -> npt.NDArray[np.object_]:
        """Return the geometries in the projected CRS."""
        convert = transformer(4326, self.srid).transform
        shapes = np.asarray(self.frame.geometry.array, dtype=object)
        return np.asarray(shapely.transform(shapes, lambda xy: np.column_stack(convert(xy[:, 0], xy[:, 1]))))

    def refuse(self, log: ProblemLog) -> None:
        """Raise RowsRefused if there are problems; the transaction then leaves nothing behind."""
        try:
            log.refuse_if_any(self.imported.file_name)
        except ImportRefused as refused:
            raise RowsRefused(
                refused.problems,
                further_count=refused.further_count,
                file_name=self.imported.file_name,
                bad_rows=log.bad_rows,
            ) from None
