"""Choice of a hotspot method by how well each would have foretold windows of the past, from what was known before each.

The past is cut at moments one horizon apart. At each, a method sees only what came before, and is scored on the window
that follows. Its parameters there are those that did best on the windows before; no later event has a say in either.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gis_app.analysis.event_history import EventHistory
from gis_app.analysis.hotspots import HOTSPOT_METHODS, HotspotMethod, Params
from gis_app.analysis.lattice import FloatArray, IntArray
from gis_app.analysis.place_history import PlaceHistory
from gis_app.analysis.scoring import AREA_SHARES, AreaScore, score_map

History = EventHistory | PlaceHistory
"""What methods learn from: events on a lattice, or on grids and streets."""
CHOICE_VERSION = 4
"""Raised whenever the same past could give another choice."""
BASELINE = "count_so_far"
FALLBACK = "self_exciting"
"""Where too few events came to tell methods apart, or another leads it by no more than chance would."""
SCORED_WINDOWS = 6
FIRST_SHARE = 0.4
"""Of the past before the first window that is scored."""
FEWEST_EVENTS = 50
"""In the scored windows together; with fewer, the standard error of a hit rate is above seven points."""


@dataclass(frozen=True, eq=False)
class MethodRecord:
    """How a method did on the windows of the past.

    Parameters
    ----------
    params
        The parameters that did best on all windows.
    pei
        Shape ``(windows,)``: mean PEI over the shares of area, each window with the parameters chosen before it.
    hit_rate
        Shape ``(windows, shares)``.
    """

    params: Params
    pei: FloatArray
    hit_rate: FloatArray

    @property
    def mean_pei(self) -> float:
        """The figure by which methods are ranked."""
        return float(self.pei.mean())


@dataclass(frozen=True, eq=False)
class WindowTrials:
    """How every method would have done in one window, with each of its parameters.

    Parameters
    ----------
    event_count
        Events in the window.
    pei
        By method, shape ``(choices,)``: mean PEI over the shares of area.
    hit_rate
        By method, shape ``(choices, shares)``.
    """

    event_count: int
    pei: Mapping[str, FloatArray]
    hit_rate: Mapping[str, FloatArray]


@dataclass(frozen=True, eq=False)
class MethodChoice:
    """The chosen method, and the records of all; without a record where too few events came to tell.

    ``window_events`` has shape ``(windows,)``: the events in each scored window.
    """

    name: str
    params: Params
    records: Mapping[str, MethodRecord]
    window_events: IntArray

    @property
    def is_guess(self) -> bool:
        """Whether the past was too short or too sparse to choose by."""
        return not self.records

    @property
    def lead(self) -> float:
        """By how much mean PEI the method leads the baseline; 0 for the baseline itself, negative if it loses."""
        return self.records[self.name].mean_pei - self.records[BASELINE].mean_pei


def choose_method(
    past: History,
    *,
    horizon_days: float,
    methods: Mapping[str, HotspotMethod] = HOTSPOT_METHODS,
    only: str | None = None,
) -> MethodChoice:
    """Return the method whose scores on windows of the past were best, with its parameters.

    Parameters
    ----------
    past
        Events up to now.
    horizon_days
        Length of the windows, and of the time that will be forecast.
    methods
        The methods to choose from; the baseline ``count_so_far`` must be among them.
    only
        The method to take whatever the scores say: its parameters alone are chosen.

    Raises
    ------
    ValueError
        If the horizon is not positive or the baseline is missing.
    """
    if not horizon_days > 0 or BASELINE not in methods:
        raise ValueError(f"Choosing needs a positive horizon and the baseline {BASELINE!r} among the methods.")
    windows = scored_windows(past, horizon_days=horizon_days)
    if _too_few(np.array([later.sum() for _, later in windows], dtype=np.int64)):
        tried = [WindowTrials(int(later.sum()), {}, {}) for _, later in windows]
    else:
        tried = [trials_of(known, later, horizon_days=horizon_days, methods=methods) for known, later in windows]
    return choice_of_trials(tried, methods=methods, only=only)


def trials_of(
    known: History,
    later_count: IntArray,
    *,
    horizon_days: float,
    methods: Mapping[str, HotspotMethod] = HOTSPOT_METHODS,
) -> WindowTrials:
    """Return how every method with each of its parameters foretells a window, from what was known before it."""
    pei, hit_rate = {}, {}
    for name, method in methods.items():
        scores = [
            score_map(method.score(known, horizon_days=horizon_days, **params), later_count, size=known.sizes)
            for params in method.choices
        ]
        pei[name] = np.array([np.mean([area.pei for area in areas]) for areas in scores])
        hit_rate[name] = np.array([[area.hit_rate for area in areas] for areas in scores])
    return WindowTrials(int(later_count.sum()), pei, hit_rate)


def choice_of_trials(
    windows: Sequence[WindowTrials],
    *,
    methods: Mapping[str, HotspotMethod] = HOTSPOT_METHODS,
    only: str | None = None,
) -> MethodChoice:
    """Return the method that did best in windows, oldest first, with its parameters; see ``choose_method``."""
    sizes = np.array([window.event_count for window in windows], dtype=np.int64)
    if _too_few(sizes):
        name = only or (FALLBACK if FALLBACK in methods else BASELINE)
        return MethodChoice(name, middle_choice(methods[name]), {}, sizes)
    records = {name: _record(method, name, windows) for name, method in methods.items()}
    best = only or _best(records)
    return MethodChoice(best, records[best].params, records, sizes)


def _best(records: Mapping[str, MethodRecord]) -> str:
    """Return the method of the best record; the fallback, unless that lead is above one standard error."""
    best = max(records, key=lambda name: records[name].mean_pei)
    if best == FALLBACK or FALLBACK not in records:
        return best
    lead = records[best].pei - records[FALLBACK].pei
    error = lead.std(ddof=1) / np.sqrt(len(lead))
    return best if lead.mean() > error else FALLBACK


def middle_choice(method: HotspotMethod) -> Params:
    """Return the parameters to take where nothing speaks for any: the middle of the list is its least extreme."""
    return method.choices[len(method.choices) // 2]


def _too_few(sizes: IntArray) -> bool:
    return len(sizes) < 2 or sizes.sum() < FEWEST_EVENTS


def choice_digest(past: EventHistory, *, horizon_days: float, only: str | None = None) -> str:
    """Return a digest of all that a choice is made from: equal digests mean equal choices."""
    digest = hashlib.sha256(repr((CHOICE_VERSION, horizon_days, only, past.until)).encode())
    lattice = past.lattice
    digest.update(repr((lattice.cell_m, lattice.first_i, lattice.first_j, lattice.shape)).encode())
    for values in (lattice.mask, past.x, past.y, past.day):
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()


def scored_windows(past: History, *, horizon_days: float) -> list[tuple[History, IntArray]]:
    """Return what was known before each window, and the events per cell that followed in it; oldest first.

    Windows in which nothing happened in the known cells are left out: there is nothing to score on.
    """
    first = past.until - past.span_days * (1 - FIRST_SHARE)
    windows: list[tuple[History, IntArray]] = []
    for number in range(SCORED_WINDOWS, 0, -1):
        start = past.until - number * horizon_days
        if start < first:
            continue
        known = past.before(start)
        later = past.before(start + horizon_days).count - known.count
        if later.any():
            windows.append((known, later))
    return windows


def record_of(
    method: HotspotMethod, windows: Sequence[tuple[History, IntArray]], *, horizon_days: float
) -> MethodRecord:
    """Return how a method did on the windows, its parameters at each chosen on those before."""
    tried = [trials_of(known, later, horizon_days=horizon_days, methods={"it": method}) for known, later in windows]
    return _record(method, "it", tried)


def _record(method: HotspotMethod, name: str, windows: Sequence[WindowTrials]) -> MethodRecord:
    pei = np.array([window.pei[name] for window in windows])
    so_far = np.concatenate([np.zeros((1, pei.shape[1])), np.cumsum(pei, axis=0)])
    # Before the first window nothing speaks for any.
    taken = np.array([len(method.choices) // 2, *(int(np.argmax(sums)) for sums in so_far[1:-1])])
    hits = np.array([window.hit_rate[name][choice] for window, choice in zip(windows, taken, strict=True)])
    best = int(np.argmax(so_far[-1]))
    return MethodRecord(method.choices[best], pei[np.arange(len(taken)), taken], hits)


def score_beside(
    maps: Mapping[str, FloatArray], later_count: IntArray, *, event_total: float | None = None
) -> dict[str, tuple[AreaScore, ...]]:
    """Return the scores of several maps on the same later events, and of perfect foresight."""
    foresight = {"perfect_foresight": later_count.astype(np.float64)}
    return {
        name: score_map(scores, later_count, event_total=event_total, shares=AREA_SHARES)
        for name, scores in {**maps, **foresight}.items()
    }
