"""Hotspots, density and coverage: computed by the pure functions of analysis, stored with what they were made from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import shapely
from pyproj import Transformer
from sqlalchemy import Connection, Engine

from gis_app import __version__
from gis_app.analysis.contiguity import queen_pairs_of_polygons
from gis_app.analysis.density import kernel_density
from gis_app.analysis.gi_star import getis_ord_gi_star, gi_star_on_lattice, two_sided_p
from gis_app.analysis.lattice import Lattice, count_in_cells, lattice_over
from gis_app.analysis.significance import hotspot_classes, is_significant
from gis_app.domain.errors import InvalidInput
from gis_app.services.coverage_nights import coverage_rows
from gis_app.storage import analysis_runs
from gis_app.storage.engine import long_job
from gis_app.storage.models import DensityCell, GridCoverage, HotspotCell

Progress = Callable[[str, float], None]
DENSITY_SHARES = (0.02, 0.1, 0.25, 0.45, 0.7)
"""Shares of the highest density at which the levels 1 to 5 begin."""


@dataclass(frozen=True)
class AnalysisSettings:
    """Parameters of the analyses; stored with every run."""

    window_days: int = 365
    cell_m: float = 250.0
    bandwidth_m: float = 500.0
    coverage_nights: int = 30


@dataclass(frozen=True)
class _Run:
    """What one analysis is given: a transaction, the moment, the CRS, its parameters."""

    connection: Connection
    now: datetime
    srid: int
    settings: AnalysisSettings

    @property
    def window(self) -> tuple[datetime, datetime]:
        return self.now - timedelta(days=self.settings.window_days), self.now


def run_all(
    engine: Engine,
    *,
    now: datetime,
    srid: int,
    kinds: tuple[str, ...] | None = None,
    settings: AnalysisSettings | None = None,
    progress: Progress = lambda stage, share: None,
) -> dict[str, bool]:
    """Run analyses, each in one transaction, and return which were computed: False where nothing had changed.

    Parameters
    ----------
    engine
        Of the app's role.
    now
        End of the data taken into account.
    srid
        Projected CRS for areas and lengths.
    kinds
        Keys of ``ANALYSES``; all if None.

    Raises
    ------
    InvalidInput
        If a kind is unknown.
    """
    computed = {}
    wanted = tuple(ANALYSES) if kinds is None else kinds
    for number, kind in enumerate(wanted):
        if kind not in ANALYSES:
            raise InvalidInput(
                "There is no analysis {kind}.", remedy="Choose of {known}.", kind=kind, known=", ".join(ANALYSES)
            )
        progress(kind, number / len(wanted))
        with long_job(engine) as connection:
            computed[kind] = ANALYSES[kind](_Run(connection, now, srid, settings or AnalysisSettings()))
    progress("", 1.0)
    return computed


def _gi_star_lattice(run: _Run) -> bool:
    events, villages = _events_and(run, "village")
    parameters = {"cell_m": run.settings.cell_m, "window_days": run.settings.window_days, "fdr": 0.05}
    digest = _digest(events[["x", "y"]], villages["code"])
    if not len(villages) or _unchanged(run, "gi_star_lattice", parameters, digest):
        return False
    lattice = lattice_over(villages["shape"].to_numpy(), run.settings.cell_m)
    count = count_in_cells(lattice, events["x"], y=events["y"])
    if len(set(count.tolist())) < 2:
        return False
    z = gi_star_on_lattice(lattice.raster(count), lattice.mask)[lattice.mask]
    cells = {
        "cell_i": lattice.cells[:, 0],
        "cell_j": lattice.cells[:, 1],
        "scope_path": _paths_of_cells(lattice, villages),
        "geom": shapely.multipolygons(_to_degrees(lattice.polygons(), run.srid)[:, None]),
    }
    _store(run, "gi_star_lattice", parameters, digest=digest, table=HotspotCell, columns=cells | _scores(count, z))
    return True


def _gi_star_grid(run: _Run) -> bool:
    events, grids = _events_and(run, "grid")
    parameters = {"neighbours": "queen", "window_days": run.settings.window_days, "fdr": 0.05}
    digest = _digest(events[["grid_id"]], grids["code"])
    if not len(grids) or _unchanged(run, "gi_star_grid", parameters, digest):
        return False
    count = events["grid_id"].value_counts().reindex(grids["id"], fill_value=0).to_numpy()
    if len(set(count.tolist())) < 2:
        return False
    z = getis_ord_gi_star(count, queen_pairs_of_polygons(grids["shape"].to_numpy()))
    cells = {
        "area_id": grids["id"].to_numpy(),
        "scope_path": grids["scope_path"].to_numpy(),
        "geom": _to_degrees(grids["shape"].to_numpy(), run.srid),
    }
    _store(run, "gi_star_grid", parameters, digest=digest, table=HotspotCell, columns=cells | _scores(count, z))
    return True


def _kernel_density(run: _Run) -> bool:
    events, villages = _events_and(run, "village")
    parameters = {
        "cell_m": run.settings.cell_m,
        "window_days": run.settings.window_days,
        "bandwidth_m": run.settings.bandwidth_m,
        "kernel": "gaussian",
    }
    digest = _digest(events[["x", "y"]], villages["code"])
    if not len(villages) or not len(events) or _unchanged(run, "kernel_density", parameters, digest):
        return False
    lattice = lattice_over(villages["shape"].to_numpy(), run.settings.cell_m)
    density = kernel_density(lattice, events["x"], y=events["y"], bandwidth_m=run.settings.bandwidth_m)
    level = np.searchsorted(np.asarray(DENSITY_SHARES) * density.max(), density, side="right")
    kept = np.nonzero(level > 0)[0]
    columns = {
        "cell_i": lattice.cells[kept, 0],
        "cell_j": lattice.cells[kept, 1],
        "density": density[kept],
        "level": level[kept],
        "scope_path": _paths_of_cells(lattice, villages)[kept],
        "geom": _to_degrees(lattice.polygons()[kept], run.srid),
    }
    _store(run, "kernel_density", parameters, digest=digest, table=DensityCell, columns=columns)
    return True


def _grid_coverage(run: _Run) -> bool:
    span = analysis_runs.patrol_span(run.connection)
    grids = analysis_runs.current_areas(run.connection, "grid", srid=run.srid)
    if span is None or not len(grids):
        return False
    parameters = {"nights": run.settings.coverage_nights}
    rows = coverage_rows(run.connection, grids, now=run.now, srid=run.srid, nights=run.settings.coverage_nights)
    digest = _digest(rows[["night", "grid_id", "area_share", "state", "idle_days"]], grids["code"])
    if _unchanged(run, "grid_coverage", parameters, digest):
        return False
    columns = {name: rows[name].to_numpy() for name in rows.columns}
    _store(run, "grid_coverage", parameters, digest=digest, table=GridCoverage, columns=columns, span=span)
    return True


ANALYSES: Mapping[str, Callable[[_Run], bool]] = {
    "gi_star_lattice": _gi_star_lattice,
    "gi_star_grid": _gi_star_grid,
    "kernel_density": _kernel_density,
    "grid_coverage": _grid_coverage,
}
"""Every stored analysis by its kind."""


def _events_and(run: _Run, level: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    start, end = run.window
    events = analysis_runs.events(run.connection, start=start, end=end, srid=run.srid)
    return events, analysis_runs.current_areas(run.connection, level, srid=run.srid)


def _scores(count: Any, z: Any) -> dict[str, Any]:
    p = two_sided_p(z)
    return {
        "event_count": count,
        "z": z,
        "p": p,
        "is_significant": is_significant(p),
        "hotspot_class": hotspot_classes(z, p),
    }


def _paths_of_cells(lattice: Lattice, villages: pd.DataFrame) -> Any:
    """Return the scope path of the village nearest to the middle of each cell: the one it lies in, for most."""
    tree = shapely.STRtree(villages["shape"].to_numpy())
    nearest = tree.nearest(shapely.points(lattice.centres))
    return villages["scope_path"].to_numpy()[nearest]


def _to_degrees(shapes: Any, srid: int) -> Any:
    """Return shapes of the projected CRS in EPSG:4326, lon and lat."""
    convert = Transformer.from_crs(srid, 4326, always_xy=True).transform
    return shapely.transform(shapes, lambda xy: np.column_stack(convert(xy[:, 0], xy[:, 1])))


def _digest(data: pd.DataFrame, codes: pd.Series) -> str:
    """Return a digest of what went in: equal inputs need no new run."""
    digest = hashlib.sha256()
    for part in (data, codes.to_frame()):
        digest.update(pd.util.hash_pandas_object(part, index=False).to_numpy().tobytes())
    return digest.hexdigest()


def _unchanged(run: _Run, kind: str, parameters: Mapping[str, Any], digest: str) -> bool:
    return analysis_runs.is_current(
        run.connection, kind, parameters=parameters, input_digest=digest, code_version=__version__
    )


def _store(
    run: _Run,
    kind: str,
    parameters: Mapping[str, Any],
    *,
    digest: str,
    table: Any,
    columns: Mapping[str, Any],
    span: tuple[datetime, datetime] | None = None,
) -> None:
    analysis_runs.replace_run(
        run.connection,
        kind,
        parameters=parameters,
        span=span or run.window,
        input_digest=digest,
        code_version=__version__,
        table=table.__table__,
        columns=columns,
    )
