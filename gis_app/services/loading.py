"""What every loader of an import works with."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import geopandas
import numpy as np
import numpy.typing as npt
import shapely
from pyproj import Transformer
from sqlalchemy import Connection, Integer

from gis_app.domain.periods import CITY_TIME
from gis_app.importers.frame import ImportedFrame
from gis_app.importers.problems import ProblemLog

SOURCE_ROW = {"source_row": Integer()}
"""The row number in the file, which only the temporary table has."""


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
    """

    connection: Connection
    imported: ImportedFrame
    import_id: uuid.UUID
    now: datetime
    srid: int

    @property
    def frame(self) -> geopandas.GeoDataFrame:
        """The rows, EPSG:4326."""
        return self.imported.frame

    @property
    def today(self) -> date:
        """The day in the city."""
        return self.now.astimezone(CITY_TIME).date()

    def columns(self, *names: str) -> dict[str, Any]:
        """Return columns of the frame with geometry, row number and import id."""
        return {
            **{name: self.frame[name] for name in names},
            "geom": np.asarray(self.frame.geometry.array, dtype=object),
            "source_row": self.frame["source_row"],
            "import_id": np.full(len(self.frame), self.import_id, dtype=object),
        }

    def in_metres(self) -> npt.NDArray[np.object_]:
        """Return the geometries in the projected CRS."""
        convert = Transformer.from_crs(4326, self.srid, always_xy=True).transform
        shapes = np.asarray(self.frame.geometry.array, dtype=object)
        return np.asarray(shapely.transform(shapes, lambda xy: np.column_stack(convert(xy[:, 0], xy[:, 1]))))

    def refuse(self, log: ProblemLog) -> None:
        """Raise ImportRefused if there are problems; the transaction then leaves nothing behind."""
        log.refuse_if_any(self.imported.file_name)
