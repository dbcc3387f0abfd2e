"""Maps of past events on a lattice: faded with age, smoothed over space, each with a total of 1.

A map holds, per cell, the share of the faded and smoothed events that fall into it. Events go to nodes half a cell
apart; narrow smoothing works on these, wide smoothing on whole cells, where the difference no longer shows.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from gis_app.analysis.event_history import EventHistory
from gis_app.analysis.lattice import FloatArray, Lattice

NEVER_FADES = float("inf")
NODES_PER_CELL = 2
"""Along each axis."""
WIDE_CELLS = 2.0
"""From this standard deviation on, in sides of a cell, smoothing works on whole cells."""
REACH = 4.0
"""Standard deviations after which the Gaussian is cut."""
DAYS_PER_YEAR = 365.25
SEASON_SHARPNESS = 3.0
"""Of the von Mises curve over the year: events 39 days off count half, those of the other half-year next to nothing."""


def cell_map(past: EventHistory, *, half_life_days: float = NEVER_FADES, spread_cells: float = 0.0) -> FloatArray:
    """Return the share of faded, smoothed events per cell.

    Parameters
    ----------
    past
        Events before a moment.
    half_life_days
        Age at which an event counts half.
    spread_cells
        Standard deviation of the Gaussian, in sides of a cell; 0 leaves events where they are.

    Returns
    -------
    Shape ``(n,)``, sum 1; even over all cells if there is nothing to map.
    """
    mass = _smoothed(_faded_nodes(past, half_life_days), spread_cells)[past.lattice.mask]
    total = mass.sum()
    return mass / total if total > 0 else even_map(past.lattice)


def season_map(past: EventHistory, *, day: float, spread_cells: float) -> FloatArray:
    """Return the share of smoothed events per cell, those that fell in the season of ``day`` counting most.

    Parameters
    ----------
    past
        Events before a moment.
    day
        The day spoken of, days since 1970-01-01.
    spread_cells
        Standard deviation of the Gaussian, in sides of a cell.

    Returns
    -------
    Shape ``(n,)``, sum 1; 0 throughout if the past is shorter than a year, and tells nothing of seasons.
    """
    if past.span_days < DAYS_PER_YEAR:
        return np.zeros(past.lattice.cell_count)
    key = ("season", day, 0.0, past.until)
    if key not in past.memo:
        angle = 2 * np.pi / DAYS_PER_YEAR * (past.day - day)
        past.memo[key] = _on_nodes(past, np.exp(SEASON_SHARPNESS * (np.cos(angle) - 1)))
    mass = _smoothed(past.memo[key], spread_cells)[past.lattice.mask]
    total = mass.sum()
    return mass / total if total > 0 else even_map(past.lattice)


def steady_map(past: EventHistory, *, period_days: float) -> FloatArray:
    """Return the share of the periods with an event per cell: many events at once count as one.

    Parameters
    ----------
    past
        Events before a moment.
    period_days
        Length of the periods, counted back from the moment.

    Returns
    -------
    Shape ``(n,)``, sum 1; even over all cells without events.
    """
    n, inside = past.lattice.cell_count, past.cells >= 0
    period = np.floor((past.until - past.day[inside]) / period_days).astype(np.int64)
    busy = np.unique(period * n + past.cells[inside]) % n
    return np.bincount(busy, minlength=n) / len(busy) if len(busy) else even_map(past.lattice)


def sharpened(share: FloatArray, power: float) -> FloatArray:
    """Return a map raised to a power above 1, sum 1: hot cells are hotter, as where true rates have a heavy tail."""
    raised = share**power
    return np.asarray(raised / raised.sum(), dtype=np.float64)


def faded(age_days: FloatArray | float, half_life_days: float) -> FloatArray:
    """Return what events of some age still count, from 1 down to 0."""
    return np.asarray(np.exp2(-np.asarray(age_days) / half_life_days), dtype=np.float64)


def _faded_nodes(past: EventHistory, half_life_days: float) -> FloatArray:
    """Return the faded events on nodes, built upon those of the latest earlier moment: only new events are added."""
    same = [key for key in past.memo if key[:2] == ("nodes", half_life_days) and key[3] <= past.until]
    latest = max(same, key=lambda key: key[3], default=None)
    if latest is not None and latest[3] == past.until:
        return past.memo[latest]
    newer = past if latest is None else past.since(latest[3])
    nodes = _on_nodes(newer, faded(newer.until - newer.day, half_life_days))
    if latest is not None:
        nodes += past.memo.pop(latest) * faded(past.until - latest[3], half_life_days)
    past.memo["nodes", half_life_days, 0.0, past.until] = nodes
    return nodes


def _on_nodes(events: EventHistory, weight: FloatArray) -> FloatArray:
    lattice = events.lattice
    rows, columns = lattice.shape[0] * NODES_PER_CELL, lattice.shape[1] * NODES_PER_CELL
    node_m = lattice.cell_m / NODES_PER_CELL
    column = np.floor(events.x / node_m).astype(np.int64) - lattice.first_i * NODES_PER_CELL
    row = np.floor(events.y / node_m).astype(np.int64) - lattice.first_j * NODES_PER_CELL
    inside = (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
    node = row[inside] * columns + column[inside]
    # Without events, bincount would forget that weights are no whole numbers.
    return np.bincount(node, weights=weight[inside], minlength=rows * columns).astype(np.float64).reshape(rows, columns)


def _smoothed(nodes: FloatArray, spread_cells: float) -> FloatArray:
    if spread_cells == 0:
        return _whole_cells(nodes)
    if spread_cells >= WIDE_CELLS:
        return _gaussian(_whole_cells(nodes), spread_cells)
    return _whole_cells(_gaussian(nodes, spread_cells * NODES_PER_CELL))


def _gaussian(raster: FloatArray, spread: float) -> FloatArray:
    smooth = ndimage.gaussian_filter(raster, spread, mode="constant", truncate=REACH)
    return np.asarray(smooth, dtype=np.float64)


def _whole_cells(nodes: FloatArray) -> FloatArray:
    rows, columns = nodes.shape[0] // NODES_PER_CELL, nodes.shape[1] // NODES_PER_CELL
    sums = nodes.reshape(rows, NODES_PER_CELL, columns, NODES_PER_CELL).sum(axis=(1, 3))
    return np.asarray(sums, dtype=np.float64)


def even_map(lattice: Lattice) -> FloatArray:
    """Return what is expected where nothing is known: as much in every cell, shape ``(n,)``, sum 1."""
    return np.full(lattice.cell_count, 1.0 / lattice.cell_count)
