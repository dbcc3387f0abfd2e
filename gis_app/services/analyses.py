"""Hotspots, density and coverage: computed by the pure functions of analysis, stored with what they were made from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd
import shapely
from sqlalchemy import Connection, Engine, Table

from gis_app import __version__
from gis_app.analysis.contiguity import queen_pairs_of_polygons
from gis_app.analysis.density import kernel_density
from gis_app.analysis.gi_star import getis_ord_gi_star, gi_star_on_lattice, two_sided_p
from gis_app.analysis.lattice import Lattice, count_in_cells, lattice_over
from gis_app.analysis.significance import FALSE_DISCOVERY_RATE, hotspot_classes, is_significant
from gis_app.analysis.street_coverage import stretches_in
from gis_app.analysis.transformers import transformer
from gis_app.domain.errors import InvalidInput
from gis_app.services.coverage_nights import CoverageInput, coverage_rows
from gis_app.storage import analysis_runs, street_walks
from gis_app.storage.engine import long_job
from gis_app.storage.models import DensityCell, GridCoverage, HotspotCell, StreetPiece
from gis_app.storage.models.base import table_of

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


class Outcome(StrEnum):
    """What came of one analysis."""

    COMPUTED = "computed"
    UNCHANGED = "unchanged"
    NO_DATA = "no data"


@dataclass(frozen=True)
class _Task:
    """What one analysis is given: a transaction, the moment, the CRS, its parameters."""

    connection: Connection
    now: datetime
    srid: int
    settings: AnalysisSettings
    progress: Callable[[float], None]

    @property
    def window(self) -> tuple[datetime, datetime]:
        return self.now - timedelta(days=self.settings.window_days), self.now


@dataclass(frozen=True)
class _Plan:
    """An analysis about to run: what it is made from, and what computes its rows (None: they cannot be scored)."""

    parameters: Mapping[str, Any]
    span: tuple[datetime, datetime]
    digest: str
    table: Table
    compute: Callable[[], Mapping[str, Any] | None]


def run_all(
    engine: Engine,
    *,
    now: datetime,
    srid: int,
    kinds: tuple[str, ...] | None = None,
    settings: AnalysisSettings | None = None,
    progress: Progress = lambda stage, share: None,
) -> dict[str, Outcome]:
    """Run analyses, each in one transaction, and return what came of each.

    Equal data, parameters and code version leave the stored run as it is; without data there is none.

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
    wanted = tuple(ANALYSES) if kinds is None else kinds
    for kind in wanted:
        if kind not in ANALYSES:
            raise InvalidInput(
                "There is no analysis {kind}.", remedy="Choose of {known}.", kind=kind, known=", ".join(ANALYSES)
            )
    outcomes, begun = {}, 0.0
    whole = sum(_WORK[kind] for kind in wanted)
    for kind in wanted:
        part = _part_of(progress, kind, begun / whole, _WORK[kind] / whole)
        part(0.0)
        with long_job(engine) as connection:
            outcomes[kind] = _run(kind, _Task(connection, now, srid, settings or AnalysisSettings(), part))
        begun += _WORK[kind]
    progress("", 1.0)
    return outcomes


def _part_of(progress: Progress, kind: str, start: float, width: float) -> Callable[[float], None]:
    return lambda share: progress(kind, start + width * share)


def _run(kind: str, task: _Task) -> Outcome:
    plan = ANALYSES[kind](task)
    if plan is not None and analysis_runs.is_current(
        task.connection, kind, parameters=plan.parameters, input_digest=plan.digest, code_version=__version__
    ):
        return Outcome.UNCHANGED
    columns = None if plan is None else plan.compute()
    if plan is None or columns is None:
        analysis_runs.remove_run(task.connection, kind)
        return Outcome.NO_DATA
    analysis_runs.replace_run(
        task.connection,
        kind,
        parameters=plan.parameters,
        span=plan.span,
        input_digest=plan.digest,
        code_version=__version__,
        table=plan.table,
        columns=columns,
    )
    return Outcome.COMPUTED


def _gi_star_lattice(task: _Task) -> _Plan | None:
    events, villages = _events_and(task, "village")
    if not len(villages) or not len(events):
        return None
    parameters = {"cell_m": task.settings.cell_m, "window_days": task.settings.window_days, "fdr": FALSE_DISCOVERY_RATE}

    def compute() -> Mapping[str, Any] | None:
        lattice = lattice_over(villages["shape"].to_numpy(), task.settings.cell_m)
        count = count_in_cells(lattice, events["x"], y=events["y"])
        scores = _scores(count, lambda: gi_star_on_lattice(lattice.raster(count), lattice.mask)[lattice.mask])
        return scores and {
            "cell_i": lattice.cells[:, 0],
            "cell_j": lattice.cells[:, 1],
            "scope_path": paths_of_cells(lattice, villages),
            "geom": shapely.multipolygons(to_degrees(lattice.polygons(), task.srid)[:, None]),
            **scores,
        }

    return _Plan(parameters, task.window, _digest(events[["x", "y"]], villages), table_of(HotspotCell), compute)


def _gi_star_grid(task: _Task) -> _Plan | None:
    events, grids = _events_and(task, "grid")
    if not len(grids) or not len(events):
        return None
    parameters = {"neighbours": "queen", "window_days": task.settings.window_days, "fdr": FALSE_DISCOVERY_RATE}

    def compute() -> Mapping[str, Any] | None:
        count = events["grid_id"].value_counts().reindex(grids["id"], fill_value=0).to_numpy()
        shapes = grids["shape"].to_numpy()
        scores = _scores(count, lambda: getis_ord_gi_star(count, queen_pairs_of_polygons(shapes)))
        return scores and {
            "area_id": grids["id"].to_numpy(),
            "scope_path": grids["scope_path"].to_numpy(),
            "geom": to_degrees(shapes, task.srid),
            **scores,
        }

    return _Plan(parameters, task.window, _digest(events[["grid_id"]], grids), table_of(HotspotCell), compute)


def _kernel_density(task: _Task) -> _Plan | None:
    events, villages = _events_and(task, "village")
    if not len(villages) or not len(events):
        return None
    parameters = {
        "cell_m": task.settings.cell_m,
        "window_days": task.settings.window_days,
        "bandwidth_m": task.settings.bandwidth_m,
        "kernel": "gaussian",
    }

    def compute() -> Mapping[str, Any]:
        lattice = lattice_over(villages["shape"].to_numpy(), task.settings.cell_m)
        density = kernel_density(lattice, events["x"], y=events["y"], bandwidth_m=task.settings.bandwidth_m)
        level = np.searchsorted(np.asarray(DENSITY_SHARES) * density.max(), density, side="right")
        kept = np.nonzero(level > 0)[0]
        return {
            "cell_i": lattice.cells[kept, 0],
            "cell_j": lattice.cells[kept, 1],
            "density": density[kept],
            "level": level[kept],
            "scope_path": paths_of_cells(lattice, villages)[kept],
            "geom": to_degrees(lattice.polygons()[kept], task.srid),
        }

    return _Plan(parameters, task.window, _digest(events[["x", "y"]], villages), table_of(DensityCell), compute)


def _grid_coverage(task: _Task) -> _Plan | None:
    span = analysis_runs.patrol_span(task.connection)
    grids = analysis_runs.current_areas(task.connection, "grid", srid=task.srid)
    if span is None or not len(grids):
        return None
    given = CoverageInput(task.connection, grids, task.now, task.srid, task.settings.coverage_nights)
    nights = given.all_nights()
    facts = analysis_runs.night_facts(task.connection, nights[0])
    measured_to = given.end_of(nights[-1]).isoformat()

    def compute() -> Mapping[str, Any]:
        rows = coverage_rows(given, task.progress)
        return {str(name): rows[name] for name in rows.columns}

    return _Plan(
        {"nights": task.settings.coverage_nights},
        span,
        _digest(facts.assign(measured_to=measured_to), grids),
        table_of(GridCoverage),
        compute,
    )


def _street_pieces(task: _Task) -> _Plan | None:
    digest = street_walks.streets_digest(task.connection)
    grids = analysis_runs.current_areas(task.connection, "grid", srid=task.srid)
    if not digest or not len(grids):
        return None

    def compute() -> Mapping[str, Any]:
        streets = street_walks.streets(task.connection, srid=task.srid)
        area, parts = stretches_in(grids["shape"].to_numpy(), streets.geometry)
        length_m = shapely.length(streets.geometry.to_numpy())
        return {
            "area_id": grids["id"].to_numpy()[area],
            "segment_id": streets["id"].to_numpy()[parts.segment],
            "low": parts.low,
            "high": parts.high,
            "length_m": (parts.high - parts.low) * length_m[parts.segment],
            "scope_path": grids["scope_path"].to_numpy()[area],
        }

    facts = pd.DataFrame({"streets": [digest]})
    return _Plan({}, task.window, _digest(facts, grids), table_of(StreetPiece), compute)


ANALYSES: Mapping[str, Callable[[_Task], _Plan | None]] = {
    "gi_star_lattice": _gi_star_lattice,
    "gi_star_grid": _gi_star_grid,
    "kernel_density": _kernel_density,
    "street_pieces": _street_pieces,
    "grid_coverage": _grid_coverage,
}
"""Every stored analysis by its kind."""

ANALYSIS_GROUPS: Mapping[str, tuple[str, ...]] = {
    "hotspots": ("gi_star_lattice", "gi_star_grid"),
    "density": ("kernel_density",),
    "coverage": ("street_pieces", "grid_coverage"),
}
"""The kinds behind the words of the command line."""

_WORK = {"gi_star_lattice": 2, "gi_star_grid": 1, "kernel_density": 1, "street_pieces": 2, "grid_coverage": 60}
"""How long each takes, roughly, for the progress bar."""


def _events_and(task: _Task, level: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    start, end = task.window
    events = analysis_runs.events(task.connection, start=start, end=end, srid=task.srid)
    return events, analysis_runs.current_areas(task.connection, level, srid=task.srid)


def _scores(count: Any, score: Callable[[], Any]) -> dict[str, Any] | None:
    """Return the columns of a scored set of cells; None where no cell can stand out (all equal, or too few)."""
    try:
        z = score()
    except ValueError:
        return None
    p = two_sided_p(z)
    return {
        "event_count": count,
        "z": z,
        "p": p,
        "is_significant": is_significant(p),
        "hotspot_class": hotspot_classes(z, p),
    }


def paths_of_cells(lattice: Lattice, villages: pd.DataFrame) -> Any:
    """Return the scope path of the village nearest to the middle of each cell: the one it lies in, for most."""
    tree = shapely.STRtree(villages["shape"].to_numpy())
    nearest = tree.nearest(shapely.points(lattice.centres))
    return villages["scope_path"].to_numpy()[nearest]


def to_degrees(shapes: Any, srid: int) -> Any:
    """Return shapes of the projected CRS in EPSG:4326, lon and lat."""
    convert = transformer(srid, 4326).transform
    return shapely.transform(shapes, lambda xy: np.column_stack(convert(xy[:, 0], xy[:, 1])))


def _digest(data: pd.DataFrame, areas: pd.DataFrame) -> str:
    """Return a digest of what went in: equal inputs need no new run."""
    digest = hashlib.sha256()
    for part in (data, areas[["id", "scope_path"]]):
        digest.update(pd.util.hash_pandas_object(part, index=False).to_numpy().tobytes())
    for shape in shapely.to_wkb(areas["shape"].to_numpy()):
        digest.update(shape)
    return digest.hexdigest()
