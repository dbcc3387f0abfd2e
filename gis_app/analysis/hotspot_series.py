"""Maps of one history at many moments, oldest first, each by what was known then; what is unchanged is not made anew.

At every moment all methods are tried on the window that follows, once it has passed. The map of a later moment takes
the method and the parameters that did best on the windows that had ended before it, one horizon apart.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gis_app.analysis.hotspots import HOTSPOT_METHODS, HotspotMethod, Params
from gis_app.analysis.lattice import FloatArray, IntArray
from gis_app.analysis.rolling_origin import (
    BASELINE,
    CHOICE_VERSION,
    FIRST_SHARE,
    SCORED_WINDOWS,
    History,
    MethodChoice,
    WindowTrials,
    choice_of_trials,
    middle_choice,
    trials_of,
)

HORIZON_DAYS = 28.0
"""Four weeks: windows of weekly moments fit into one another, so each is scored once."""
WEEK_DAYS = 7.0
FEWEST_EVENTS_KNOWN = 20
"""Below that a moment has no map: any would show where a handful of cases happened to be."""


@dataclass(frozen=True, eq=False)
class SeriesMap:
    """The maps of one moment.

    Parameters
    ----------
    until
        The moment, days since 1970-01-01 UTC.
    digest
        Of all that the maps were made from.
    later_digest
        Of what followed within the horizon; empty while it has not passed.
    choice
        The chosen method and the records of all.
    params
        By method: those that did best before the moment.
    scores
        By method, shape ``(n,)``: higher is hotter; equal where a method cannot tell cells apart.
    event_count
        Shape ``(n,)``: events before the moment.
    later_count
        Shape ``(n,)``: events within the horizon, None while it has not passed.
    """

    until: float
    digest: str
    later_digest: str
    choice: MethodChoice
    params: Mapping[str, Params]
    scores: Mapping[str, FloatArray]
    event_count: IntArray
    later_count: IntArray | None


@dataclass(frozen=True)
class Step:
    """What is known of a moment before it is computed: its digests, and whether a map is wanted or the trials alone."""

    until: float
    digest: str
    later_digest: str
    is_map: bool


def steps_of(
    past: History,
    moments: Sequence[float],
    *,
    map_count: int,
    methods: Mapping[str, HotspotMethod] = HOTSPOT_METHODS,
) -> list[Step]:
    """Return the moments, oldest first, with their digests; the last ``map_count`` of them want maps.

    Equal digests mean equal maps: of the lattice or the other places, the events before the moment, the horizon, the
    methods and their version.
    """
    base = hashlib.sha256(repr((CHOICE_VERSION, HORIZON_DAYS, list(methods))).encode())
    past.ground_digest(base)
    ordered = sorted(moments)
    steps = []
    for number, until in enumerate(ordered):
        has_passed = until + HORIZON_DAYS <= past.until
        later = _digest(past, until + HORIZON_DAYS, base) if has_passed else ""
        is_map = number >= len(ordered) - map_count
        steps.append(Step(float(until), _digest(past, until, base), later, is_map))
    return steps


def _digest(past: History, until: float, base: hashlib._Hash) -> str:
    digest, end = base.copy(), int(np.searchsorted(past.day, until, side="left"))
    for values in (past.x, past.y, past.day):
        digest.update(values[:end].tobytes())
    return digest.hexdigest()


def window_starts(past: History, until: float, *, weekly: Sequence[float]) -> list[float]:
    """Return the starts of the windows that a map at ``until`` may choose by, oldest first.

    They end one horizon apart, the last one at the newest weekly moment not after ``until``, and begin after the first
    two fifths of the past.
    """
    ended = [moment for moment in weekly if moment <= until]
    if not ended or not len(past):
        return []
    newest, first = max(ended), float(past.day[0])
    earliest = first + (newest - first) * FIRST_SHARE
    starts = (newest - number * HORIZON_DAYS for number in range(SCORED_WINDOWS, 0, -1))
    return [start for start in starts if start >= earliest]


def map_series(
    past: History,
    steps: Sequence[Step],
    *,
    weekly: Sequence[float],
    kept: Callable[[Step], WindowTrials | None] = lambda step: None,
    is_kept: Callable[[Step], bool] = lambda step: False,
    every_method: bool = True,
    methods: Mapping[str, HotspotMethod] = HOTSPOT_METHODS,
) -> Iterator[tuple[Step, SeriesMap | None, WindowTrials | None]]:
    """Yield each step that is not kept already, with its maps and its trials.

    Parameters
    ----------
    past
        All events up to the last moment.
    steps
        Of ``steps_of``.
    weekly
        The weekly moments among them.
    kept
        The trials kept of a step whose digests are unchanged, None for none.
    is_kept
        Whether a step's maps and trials are kept, unchanged: it is not yielded.
    every_method
        Whether maps of all methods are made, or of the chosen one alone; the baseline is ``event_count``.
    methods
        The methods tried; the baseline must be among them.
    """
    trials: dict[float, WindowTrials] = {}
    for step in steps:
        if is_kept(step):
            trial = kept(step)
            if trial is not None:
                trials[step.until] = trial
            continue
        known = past.before(step.until)
        later = past.before(step.until + HORIZON_DAYS).count - known.count if step.later_digest else None
        trial = None
        if later is not None and later.any() and len(known) >= FEWEST_EVENTS_KNOWN:
            trial = trials[step.until] = trials_of(known, later, horizon_days=HORIZON_DAYS, methods=methods)
        made = None
        if step.is_map and len(known) >= FEWEST_EVENTS_KNOWN:
            starts = window_starts(known, step.until, weekly=weekly)
            choice = choice_of_trials([trials[start] for start in starts if start in trials], methods=methods)
            wanted = methods if every_method else {choice.name: methods[choice.name]}
            made = _maps(known, step, choice, later_count=later, methods=wanted)
        yield step, made, trial


def _maps(
    known: History,
    step: Step,
    choice: MethodChoice,
    *,
    later_count: IntArray | None,
    methods: Mapping[str, HotspotMethod],
) -> SeriesMap:
    made = {name: method for name, method in methods.items() if name != BASELINE}
    params = {
        name: choice.records[name].params if not choice.is_guess else middle_choice(method)
        for name, method in made.items()
    }
    scores = {name: method.score(known, horizon_days=HORIZON_DAYS, **params[name]) for name, method in made.items()}
    return SeriesMap(step.until, step.digest, step.later_digest, choice, params, scores, known.count, later_count)
