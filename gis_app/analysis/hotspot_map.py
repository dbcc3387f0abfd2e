"""From events to a map of where to expect the next ones: every known cell with a score of its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import geopandas
import numpy as np
import numpy.typing as npt
import shapely

from gis_app.analysis.cell_maps import cell_map
from gis_app.analysis.density import kernel_density
from gis_app.analysis.event_history import EventHistory, event_history, far_from_the_rest, study_lattice
from gis_app.analysis.hotspots import HOTSPOT_METHODS
from gis_app.analysis.instants import MICROSECONDS_PER_DAY, utc_instant, utc_instants
from gis_app.analysis.lattice import DEFAULT_CELL_M, FloatArray, Lattice
from gis_app.analysis.metric_crs import metric_geometries
from gis_app.analysis.rolling_origin import BASELINE, History, MethodChoice, choice_digest, choose_method

SHORTEST_HORIZON_DAYS, LONGEST_HORIZON_DAYS = 7.0, 30.0
BASELINE_BANDWIDTHS_M = (150.0, 300.0)
COARSE_BANDWIDTHS = 6.0
"""From this many bandwidths on, cells are too large for a density in their middles to tell of their events."""
EVENTS_PER_HORIZON = 50
TIE_SPREADS_CELLS = (1.0, 4.0, 16.0)


class Choices(Protocol):
    """What keeps choices by digest, such as a dict, or a folder of files."""

    def get(self, key: str, /) -> MethodChoice | None:
        """Return the choice kept under a digest, if there is one."""

    def __setitem__(self, key: str, choice: MethodChoice, /) -> None:
        """Keep a choice."""


@dataclass(frozen=True, eq=False)
class HotspotMap:
    """Where events are to be expected, learnt from a history.

    Parameters
    ----------
    past
        What it was learnt from, with the lattice of the known cells.
    scores
        Shape ``(n,)``: higher is hotter, no two cells alike.
    choice
        The method and why.
    far_count
        Events left out because their coordinates must be wrong.
    horizon_days
        Length of the time it was fitted to foretell.
    """

    past: EventHistory
    scores: FloatArray
    choice: MethodChoice
    far_count: int
    horizon_days: float

    @property
    def lattice(self) -> Lattice:
        """The known cells."""
        return self.past.lattice

    def frame(self, crs: Any) -> geopandas.GeoDataFrame:
        """Return the cells with columns cell_i, cell_j, score and their squares; ``crs`` is that of the events."""
        cell_i, cell_j = self.lattice.cells.T
        columns = {"cell_i": cell_i, "cell_j": cell_j, "score": self.scores}
        return geopandas.GeoDataFrame(columns, geometry=self.lattice.polygons(), crs=crs)


def hotspot_map(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    day: npt.ArrayLike,
    until: float,
    cell_m: float = DEFAULT_CELL_M,
    horizon_days: float | None = None,
    method: str | None = None,
    choices: Choices | None = None,
) -> HotspotMap:
    """Return where to expect events after a moment, learnt from those before it alone.

    Parameters
    ----------
    x, y
        Shape ``(m,)``: metres in a projected CRS; events with a coordinate that is not finite are left out.
    day
        Shape ``(m,)``: days since 1970-01-01 UTC.
    until
        The moment, in the same days.
    cell_m
        Side of a cell, metres.
    horizon_days
        Length of the time to foretell; as ``default_horizon``, if None.
    method
        A key of ``HOTSPOT_METHODS``; the one that did best on windows of the past, if None.
    choices
        Choices made before, by digest of what they were made from; a new one is added. A dict will do.

    Raises
    ------
    ValueError
        If no event lies before the moment, or the method is unknown.
    """
    east, north, when = (np.asarray(values, dtype=np.float64) for values in (x, y, day))
    if method is not None and method not in HOTSPOT_METHODS:
        raise ValueError(f"No method {method!r}; there are {', '.join(HOTSPOT_METHODS)}.")
    early = when < until
    if not early.any():
        raise ValueError("No event lies before the moment to learn until.")
    far = far_from_the_rest(east[early], y=north[early], cell_m=cell_m)
    east, north, when = (values[early][~far] for values in (east, north, when))
    lattice = study_lattice(east, y=north, cell_m=cell_m)
    past = event_history(lattice, east, y=north, day=when, until=until)
    horizon = default_horizon(past) if horizon_days is None else horizon_days
    choice = _choice(past, horizon, method=method, choices=choices)
    scores = HOTSPOT_METHODS[choice.name].score(past, horizon_days=horizon, **choice.params)
    return HotspotMap(past, distinct(scores, past), choice, int(far.sum()), horizon)


def hotspot_map_of(
    events: geopandas.GeoDataFrame, until: datetime, *, time: str = "time", **options: Any
) -> HotspotMap:
    """Return the map of a frame of points; options as in ``hotspot_map``.

    Parameters
    ----------
    events
        Points. CRS: projected, metres; raises if geographic.
    until
        The moment to learn until, with a time zone.
    time
        Column of the times, with a time zone.
    """
    points = metric_geometries(events)
    moment = days_of(np.array([utc_instant(until)]))[0]
    return hotspot_map(
        shapely.get_x(points), shapely.get_y(points), day=days_of(utc_instants(events[time])), until=moment, **options
    )


def days_of(instants: npt.NDArray[np.datetime64]) -> FloatArray:
    """Return UTC instants as days since 1970-01-01; NaN for a missing one."""
    days = instants.astype("datetime64[us]").astype(np.int64) / MICROSECONDS_PER_DAY
    return np.where(np.isnat(instants), np.nan, days)


def default_horizon(past: History) -> float:
    """Return how many days to foretell, a whole number: a twelfth of the past, a week at least, a month at most.

    Longer than a month, up to a twelfth of the past, where a month brings fewer than 50 events.
    """
    twelfth = past.span_days / 12
    usual = float(np.clip(twelfth, SHORTEST_HORIZON_DAYS, LONGEST_HORIZON_DAYS))
    filled = EVENTS_PER_HORIZON * past.span_days / max(len(past), 1)
    return float(round(max(usual, min(filled, twelfth))))


def _choice(past: EventHistory, horizon_days: float, *, method: str | None, choices: Choices | None) -> MethodChoice:
    key = choice_digest(past, horizon_days=horizon_days, only=method)
    known = None if choices is None else choices.get(key)
    if known is not None:
        return known
    methods = HOTSPOT_METHODS if method is None else {name: HOTSPOT_METHODS[name] for name in (BASELINE, method)}
    choice = choose_method(past, horizon_days=horizon_days, methods=methods, only=method)
    if choices is not None:
        choices[key] = choice
    return choice


def baseline_maps(past: EventHistory) -> dict[str, FloatArray]:
    """Return the maps that every method is shown beside: the count so far, and kernel densities of 150 and 300 m.

    Densities are those in the middles of cells; where cells are so large that hardly an event would reach a middle,
    their means over cells.
    """
    maps = {BASELINE: past.count.astype(np.float64)}
    for bandwidth_m in BASELINE_BANDWIDTHS_M:
        if past.lattice.cell_m > COARSE_BANDWIDTHS * bandwidth_m:
            density = cell_map(past, spread_cells=bandwidth_m / past.lattice.cell_m)
        else:
            density = kernel_density(past.lattice, past.x, y=past.y, bandwidth_m=bandwidth_m)
        maps[f"kernel_density_{bandwidth_m:.0f}_m"] = density
    return maps


def distinct(scores: npt.ArrayLike, past: EventHistory) -> FloatArray:
    """Return scores of the same order without two alike: among equals, cells nearer to past events come first.

    Equal cells are spread over the lower half of the gap to the next higher score, in the order of smoothed counts,
    ever wider, and of their indices last.
    """
    score = np.asarray(scores, dtype=np.float64)
    nearness = [cell_map(past, spread_cells=spread) for spread in reversed(TIE_SPREADS_CELLS)]
    order = np.lexsort((*nearness, score))
    values, group, size = np.unique(score, return_inverse=True, return_counts=True)
    if len(values) == len(score):
        return score
    # Above the highest value there is no next one: a gap like the last will do.
    gap = np.append(np.diff(values), values[-1] - values[-2] if len(values) > 1 else 1.0)
    place = np.empty(len(score))
    place[order] = np.arange(len(score)) - np.repeat(np.cumsum(size) - size, size)
    spread = score + gap[group] * place / (2.0 * size[group])
    if len(np.unique(spread)) == len(score):
        return np.asarray(spread, dtype=np.float64)
    ranks = np.empty(len(score))
    ranks[order] = np.arange(1, len(score) + 1) / len(score)
    return ranks
