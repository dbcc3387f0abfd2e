"""Maps of hotspots as a caller sees them: cells of the own area, ranked among these, scored on what came in them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, Engine, RowMapping

from gis_app.analysis.hotspot_series import HORIZON_DAYS
from gis_app.analysis.lattice import DEFAULT_CELL_M
from gis_app.analysis.places import PlaceKind
from gis_app.analysis.rolling_origin import BASELINE, FEWEST_EVENTS
from gis_app.analysis.scoring import AreaScore, CalibrationGroup, calibration, count_in_share, score_map
from gis_app.domain.errors import NotFound, none_of
from gis_app.domain.rights import Scope
from gis_app.services.hotspot_ground import group_key, group_of
from gis_app.services.hotspot_rows import ALL, run_id
from gis_app.services.hotspot_runs import PAST_MAPS, weekly_moments
from gis_app.storage import hotspot_maps
from gis_app.storage.engine import scoped
from gis_app.storage.hotspot_maps import KIND, Parts
from gis_app.storage.reference import category_names

EXPECTING = frozenset({BASELINE, "decayed_count", "kernel_density", "near_repeat", "self_exciting"})
"""Methods whose scores stand in proportion to the hazards they expect."""
SHOWN_SHARE = 0.10
HIT_SHARE = 0.05


class Verdict(StrEnum):
    """How a map did beside the count so far."""

    BETTER = "better"
    WORSE = "worse"
    ALIKE = "alike"
    BASELINE = "baseline"
    TOO_FEW = "too_few"


@dataclass(frozen=True, eq=False)
class Judged:
    """A map and the count so far on the same later hazards of the caller's area.

    Parameters
    ----------
    method
        By which the map was made.
    start, end
        When the hazards were found.
    event_count
        How many of them.
    ours, baseline
        The scores by share of the area; empty without a hazard.
    groups
        What was expected and what came, from the coldest cells to the hottest; empty for methods that expect no number.
    """

    method: str
    start: datetime
    end: datetime
    event_count: int
    ours: tuple[AreaScore, ...]
    baseline: tuple[AreaScore, ...]
    groups: Sequence[CalibrationGroup]

    @property
    def verdict(self) -> Verdict:
        """By mean PEI; nothing is said on fewer hazards than a method would be chosen by."""
        if self.event_count < FEWEST_EVENTS:
            return Verdict.TOO_FEW
        if self.method == BASELINE:
            return Verdict.BASELINE
        lead = sum(mine.pei - other.pei for mine, other in zip(self.ours, self.baseline, strict=True))
        return Verdict.ALIKE if abs(lead) < 1e-9 else Verdict.BETTER if lead > 0 else Verdict.WORSE


@dataclass(frozen=True, eq=False)
class ShownMap:
    """One map by one method.

    Parameters
    ----------
    id
        None for a map that is not kept.
    kind
        What its places are.
    until
        Hazards found before this moment were learnt from.
    methods
        What may be asked for; the chosen one first.
    chosen
        The method that did best in the past.
    held_back
        How the map of one horizon before did since.
    then
        How this map did, once its horizon has passed.
    """

    id: uuid.UUID | None
    group: str
    until: datetime
    data_from: datetime
    method: str
    chosen: str
    methods: Sequence[str]
    params: Mapping[str, float]
    is_guess: bool
    window_count: int
    parts: Parts
    scores: npt.NDArray[np.float64]
    held_back: Judged | None
    then: Judged | None
    kind: PlaceKind = PlaceKind.CELLS
    cell_m: float = DEFAULT_CELL_M
    horizon_days: float = HORIZON_DAYS

    @property
    def horizon_end(self) -> datetime:
        """The end of what it speaks of."""
        return self.until + timedelta(days=self.horizon_days)

    @property
    def order(self) -> npt.NDArray[np.intp]:
        """Places of the cells, the hottest first; equal ones by their count, then from the south."""
        return np.lexsort((*self.parts.cells.T, -self.parts.event_count, -self.scores))

    def taken(self, share: float) -> int:
        """Return how many of the hottest places make up a share of the area, or of the length of all streets."""
        sizes = self.parts.sizes
        return count_in_share(share, np.ones(len(self.scores)) if sizes is None else sizes[self.order])


def listed(engine: Engine, scope: Scope, *, group: str = ALL, kind: PlaceKind = PlaceKind.CELLS) -> dict[str, Any]:
    """Return the groups and the runs of one that have places of a kind in the caller's area; the newest last.

    ``names`` holds the Chinese and the English name of each category, ``kinds`` the kinds of place with maps of it.
    """
    with scoped(engine, scope) as connection:
        names = category_names(connection)
        known = {row["code"]: row for row in hotspot_maps.groups(connection)}
        groups = [code for code in (ALL, *names) if code in known]
        kinds = [each for each in PlaceKind if group_key(each, group) in known]
        rows = [
            row
            for row in hotspot_maps.runs(connection, group_key(kind, group))
            if row["result"] and "method" in row["result"]
        ]
        seen = hotspot_maps.with_parts(connection, [row["id"] for row in rows])
    return {
        "names": names,
        "groups": groups,
        "kinds": kinds,
        "runs": [row for row in rows if row["id"] in seen][-PAST_MAPS - 1 :],
    }


def one(engine: Engine, scope: Scope, run: uuid.UUID, *, method: str = "") -> ShownMap:
    """Return a map by its chosen method, or by another one that the run keeps.

    Raises
    ------
    NotFound
        If there is no such run, or none of its cells lies in the caller's area.
    InvalidInput
        If the run keeps no map of the method.
    """
    with scoped(engine, scope) as connection:
        row = hotspot_maps.run(connection, run)
        if row is None or "method" not in row["result"]:
            raise missing()
        parts = _parts(connection, row)
        if parts is None:
            raise missing()
        shown = shown_map(row, parts, method=method)
        return replace(shown, held_back=_held_back(connection, shown))


def missing() -> NotFound:
    """Return the one answer for what is not there and what lies elsewhere."""
    return NotFound("There is no such thing.", remedy="It may have been moved, or lie outside your area.")


def shown_map(row: RowMapping, parts: Parts, *, method: str = "") -> ShownMap:
    """Return a run's map by a method, not scored on what was held back."""
    result = row["result"]
    chosen = result["method"]
    methods = [chosen, *(name for name in (BASELINE, *result["methods"]) if name != chosen)]
    name = method or chosen
    if name not in methods:
        raise none_of("This map was not made by {method}.", methods, method=name[:40])
    scores = _scores(result["methods"], parts, name)
    until = row["data_to"]
    kind, group = group_of(row["kind"].removeprefix(KIND))
    shown = ShownMap(
        id=row["id"],
        group=group,
        until=until,
        data_from=row["data_from"],
        method=name,
        chosen=chosen,
        methods=methods,
        params=result["params"].get(name, {}),
        is_guess=result["is_guess"],
        window_count=result["window_count"],
        parts=parts,
        scores=scores,
        held_back=None,
        then=None,
        kind=kind,
    )
    if parts.later_count is None:
        return shown
    return replace(shown, then=judged(name, scores, parts, start=until))


def judged(method: str, scores: npt.NDArray[np.float64], parts: Parts, *, start: datetime) -> Judged:
    """Return how a map did on the later counts of its parts, beside the count so far."""
    later = parts.later_count
    if later is None:
        raise ValueError("The horizon has not passed.")
    ours: tuple[AreaScore, ...] = ()
    baseline: tuple[AreaScore, ...] = ()
    groups: list[CalibrationGroup] = []
    if later.any():
        sizes = parts.sizes
        ours, baseline = (score_map(each, later, size=sizes) for each in (scores, counted(parts)))
        if method in EXPECTING and (scores > 0).any():
            # Scores of grids and streets are per km2 or km.
            groups = calibration(scores if sizes is None else scores * sizes, later)
    end = start + timedelta(days=HORIZON_DAYS)
    return Judged(method, start, end, int(later.sum()), ours, baseline, groups)


def counted(parts: Parts) -> npt.NDArray[np.float64]:
    """Return the count so far as a score: per cell, or per km2 or km."""
    return np.asarray(parts.event_count / (1.0 if parts.sizes is None else parts.sizes), dtype=np.float64)


def window_before(until: datetime) -> datetime:
    """Return the beginning of the newest window that had ended at a moment."""
    return max(moment for moment in weekly_moments(until) if moment <= until) - timedelta(days=HORIZON_DAYS)


def _held_back(connection: Connection, shown: ShownMap) -> Judged | None:
    """Return how the map of one horizon before did, by the same method if it is kept, else by the one chosen then."""
    start = window_before(shown.until)
    row = hotspot_maps.run(connection, run_id(KIND + group_key(shown.kind, shown.group), start))
    if row is None or "method" not in row["result"]:
        return None
    parts = _parts(connection, row)
    if parts is None or parts.later_count is None:
        return None
    kept = row["result"]["methods"]
    method = shown.method if shown.method in (BASELINE, *kept) else row["result"]["method"]
    return judged(method, _scores(kept, parts, method), parts, start=start)


def _parts(connection: Connection, row: RowMapping) -> Parts | None:
    return hotspot_maps.parts(connection, row["id"], method_count=len(row["result"]["methods"]))


def _scores(kept: Sequence[str], parts: Parts, method: str) -> npt.NDArray[np.float64]:
    if method == BASELINE:
        return counted(parts)
    return np.asarray(parts.scores[list(kept).index(method)], dtype=np.float64)
