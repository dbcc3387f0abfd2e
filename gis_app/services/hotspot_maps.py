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
from gis_app.analysis.rolling_origin import BASELINE, FEWEST_EVENTS
from gis_app.analysis.scoring import AreaScore, CalibrationGroup, calibration, score_map
from gis_app.domain.errors import InvalidInput, NotFound
from gis_app.domain.rights import Scope
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


def listed(engine: Engine, scope: Scope, *, group: str = ALL) -> dict[str, Any]:
    """Return the groups and the runs of one that have cells in the caller's area; the newest last.

    ``names`` holds the Chinese and the English name of each category.
    """
    with scoped(engine, scope) as connection:
        names = category_names(connection)
        known = {row["code"]: row for row in hotspot_maps.groups(connection)}
        groups = [code for code in (ALL, *names) if code in known]
        rows = [row for row in hotspot_maps.runs(connection, group) if row["result"] and "method" in row["result"]]
        seen = hotspot_maps.with_parts(connection, [row["id"] for row in rows])
    return {"names": names, "groups": groups, "runs": [row for row in rows if row["id"] in seen][-PAST_MAPS - 1 :]}


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
        raise InvalidInput(
            "This map was not made by {method}.",
            remedy="Use one of {known}.",
            method=name[:40],
            known=", ".join(methods),
        )
    scores = _scores(result["methods"], parts, name)
    until = row["data_to"]
    shown = ShownMap(
        id=row["id"],
        group=row["kind"].removeprefix(KIND),
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
        ours, baseline = score_map(scores, later), score_map(parts.event_count, later)
        if method in EXPECTING and (scores > 0).any():
            groups = calibration(scores, later)
    end = start + timedelta(days=HORIZON_DAYS)
    return Judged(method, start, end, int(later.sum()), ours, baseline, groups)


def window_before(until: datetime) -> datetime:
    """Return the beginning of the newest window that had ended at a moment."""
    return max(moment for moment in weekly_moments(until) if moment <= until) - timedelta(days=HORIZON_DAYS)


def _held_back(connection: Connection, shown: ShownMap) -> Judged | None:
    """Return how the map of one horizon before did, by the same method if it is kept, else by the one chosen then."""
    start = window_before(shown.until)
    row = hotspot_maps.run(connection, run_id(KIND + shown.group, start))
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
        return parts.event_count.astype(np.float64)
    return np.asarray(parts.scores[list(kept).index(method)], dtype=np.float64)
