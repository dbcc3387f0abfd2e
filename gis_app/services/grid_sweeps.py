"""What was swept of each grid in a night by which kind of work, and how long and how far somebody was inside."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gis_app.analysis.coverage import SWEEP_M_BY_MODE
from gis_app.analysis.swept_cells import NO_GRID, SweepGround, points_along
from gis_app.services.night_fixes import CLASS


class SweptGrids:
    """The grids of a city, for many nights.

    Parameters
    ----------
    grids
        Of ``analysis_runs.current_areas``.
    """

    def __init__(self, grids: pd.DataFrame) -> None:
        self._grids = grids
        self._ground = SweepGround(grids["shape"].to_numpy())

    def swept(self, fixes: pd.DataFrame) -> pd.DataFrame:
        """Return a row per grid and kind of work.

        Parameters
        ----------
        fixes
            Of ``night_fixes.fixes_of``.

        Returns
        -------
        Columns area_id, shift, mode, team_kind, cells (booleans over the grid's window), cell_count, visits, seconds,
        walked_m, scope_path.
        """
        x, y, piece = (fixes[name].to_numpy() for name in ("x", "y", "piece"))
        places, fix = points_along(x, y, piece)
        number = fixes.groupby(list(CLASS), observed=True).ngroup().to_numpy()
        work = self._work(fixes, number)
        rows = []
        for each, mode in enumerate(self._kinds(fixes)["mode"]):
            found = self._ground.sweep(places[number[fix] == each], SWEEP_M_BY_MODE[mode])
            rows += [(grid, each, cells) for grid, cells in found.items()]
        return self._table(fixes, rows, work)

    @staticmethod
    def _kinds(fixes: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame(list(fixes.groupby(list(CLASS), observed=True).groups), columns=list(CLASS), dtype=object)

    def _work(self, fixes: pd.DataFrame, number: Any) -> pd.DataFrame:
        """Return by grid and number of the kind of work: visits, seconds, walked_m."""
        grid = self._ground.grid_at(fixes[["x", "y"]].to_numpy())
        patrol = fixes["patrol_id"].to_numpy()
        goes_on = np.append(np.diff(fixes["piece"].to_numpy()) == 0, False)[: len(fixes)]
        steps = {name: np.append(np.diff(fixes[name].to_numpy()), 0.0)[: len(fixes)] for name in ("second", "x", "y")}
        # A patrol comes to a grid once in a night, with the kind of work it first came with.
        _, first = np.unique(np.column_stack([patrol, grid]), axis=0, return_index=True)
        came = np.zeros(len(fixes), dtype=np.int64)
        came[first] = 1
        table = pd.DataFrame(
            {
                "grid": grid,
                "class": number,
                "visits": came,
                "seconds": np.where(goes_on, steps["second"], 0.0),
                "walked_m": np.where(goes_on, np.hypot(steps["x"], steps["y"]), 0.0),
            }
        )
        return table[table["grid"] != NO_GRID].groupby(["grid", "class"]).sum()

    def _table(self, fixes: pd.DataFrame, rows: list[tuple[int, int, Any]], work: pd.DataFrame) -> pd.DataFrame:
        kinds = self._kinds(fixes)
        grid = np.array([row[0] for row in rows], dtype=np.int64)
        kind = np.array([row[1] for row in rows], dtype=np.int64)
        known = work.reindex(pd.MultiIndex.from_arrays([grid, kind])).fillna(0)
        cells = np.empty(len(rows), dtype=object)
        cells[:] = [row[2] for row in rows]
        return pd.DataFrame(
            {
                "area_id": self._grids["id"].to_numpy()[grid],
                **{name: kinds[name].to_numpy(dtype=object)[kind] for name in CLASS},
                "cells": cells,
                "cell_count": [self._ground.cell_count(each) for each in grid.tolist()],
                "visits": known["visits"].to_numpy(dtype=np.int64),
                "seconds": known["seconds"].to_numpy(dtype=np.float64),
                "walked_m": known["walked_m"].to_numpy(dtype=np.float64),
                "scope_path": self._grids["scope_path"].to_numpy()[grid],
            }
        )
