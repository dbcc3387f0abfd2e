"""Maps of chosen hazards, made when they are asked for from what the caller may see, and not kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sqlalchemy import Engine, RowMapping

from gis_app.analysis.feedback import accepted_cases
from gis_app.analysis.hotspot_series import FEWEST_EVENTS_KNOWN, HORIZON_DAYS
from gis_app.analysis.hotspots import Params
from gis_app.analysis.places import PlaceKind
from gis_app.analysis.rolling_origin import BASELINE, History, middle_choice
from gis_app.domain.errors import none_of, require_one_of
from gis_app.domain.hazards import DISCOVERED_WAYS, Severity
from gis_app.domain.periods import CITY_TIME
from gis_app.domain.rights import Scope
from gis_app.services import hotspot_maps as maps
from gis_app.services.hotspot_ground import group_key, methods_on
from gis_app.services.hotspot_maps import HIT_SHARE, Judged, ShownMap
from gis_app.services.hotspot_rows import ALL, day_of, run_id
from gis_app.services.hotspot_shapes import OwnGround, own_ground
from gis_app.storage import hotspot_maps
from gis_app.storage.engine import scoped
from gis_app.storage.hotspot_maps import KIND

HOUR_BANDS: Mapping[str, tuple[int, int]] = {"morning": (6, 12), "afternoon": (12, 18), "evening": (18, 22)}
"""Hours of the city's day, the last one left out; the night is what remains."""
HOURS = (*HOUR_BANDS, "night")
DAYS: Mapping[str, frozenset[int]] = {"workdays": frozenset(range(5)), "weekend": frozenset((5, 6))}
FOUND = ("reported", "discovered")
GUARD_SEED = 20260101
_FIRST_YEAR = datetime.combine(date(1990, 1, 1), datetime.min.time(), CITY_TIME)


@dataclass(frozen=True)
class Wish:
    """Which hazards; empty for all.

    Parameters
    ----------
    hours
        One of ``HOURS``.
    days
        Key of ``DAYS``.
    found
        Reported to us, or discovered by looking.
    is_guarded
        Whether what was found by looking is learnt from with the probability that stops the map from running away.
    kind
        On which places the map is made.
    """

    group: str = ALL
    severity: str = ""
    hours: str = ""
    days: str = ""
    found: str = ""
    is_guarded: bool = False
    kind: PlaceKind = PlaceKind.CELLS

    def __post_init__(self) -> None:
        known: Mapping[str, tuple[str, ...]] = {
            "severity": tuple(Severity),
            "hours": HOURS,
            "days": tuple(DAYS),
            "found": FOUND,
        }
        for name, choices in known.items():
            value = getattr(self, name)
            if value:
                require_one_of(name, value, choices)

    @property
    def is_plain(self) -> bool:
        """Whether the kept map of the group shows just this."""
        return replace(self, group=ALL, kind=PlaceKind.CELLS) == Wish()

    def matches(self, events: pd.DataFrame) -> npt.NDArray[np.bool_]:
        """Return which rows are wanted; columns category_code, severity, discovered_by, day."""
        kept = np.ones(len(events), dtype=np.bool_)
        if self.group != ALL:
            kept &= (events["category_code"] == self.group).to_numpy()
        if self.severity:
            kept &= (events["severity"] == self.severity).to_numpy()
        if self.found:
            kept &= discovered(events) == (self.found == "discovered")
        if self.hours or self.days:
            instants = np.rint(events["day"].to_numpy(dtype=np.float64) * 86_400e6).astype("datetime64[us]")
            moments = pd.DatetimeIndex(instants).tz_localize("UTC").tz_convert(CITY_TIME)
            hour, weekday = moments.hour.to_numpy(), moments.day_of_week.to_numpy()
            if self.hours:
                kept &= _in_band(hour, self.hours)
            if self.days:
                kept &= np.isin(weekday, list(DAYS[self.days]))
        return kept


@dataclass(frozen=True, eq=False)
class GuardEffect:
    """What the guard changed: cases left out, the share of the hottest cells that are others, both scores."""

    left_out: int
    changed_share: float
    guarded: Judged | None
    unguarded: Judged | None


@dataclass(frozen=True)
class TooFew:
    """Fewer hazards than a map can be made of."""

    count: int


def discovered(events: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Return which hazards were found because somebody looked there."""
    return np.asarray(events["discovered_by"].isin(list(DISCOVERED_WAYS)), dtype=np.bool_)


def tried(
    engine: Engine, scope: Scope, wish: Wish, *, srid: int, method: str = ""
) -> tuple[ShownMap, GuardEffect | None] | TooFew:
    """Return a map of the caller's own hazards that fit a wish, by the method of the group's newest map or another.

    Parameters
    ----------
    srid
        Projected CRS of the cells.
    method
        Key of the methods on that kind of place; that of the newest map, if empty.

    Raises
    ------
    NotFound
        If the group has no map with cells in the caller's area.
    InvalidInput
        If the method is unknown.
    """
    known, key = methods_on(wish.kind), group_key(wish.kind, wish.group)
    if method and method not in known:
        raise none_of("This map was not made by {method}.", known, method=method[:40])
    with scoped(engine, scope) as connection:
        current = [row for row in hotspot_maps.runs(connection, key) if row["is_current"]]
        if not current or "method" not in current[0]["result"]:
            raise maps.missing()
        row = current[0]
        parts = hotspot_maps.parts(connection, row["id"], method_count=len(row["result"]["methods"]))
        if parts is None:
            raise maps.missing()
        then = hotspot_maps.run(connection, run_id(KIND + key, maps.window_before(row["data_to"])))
        events = hotspot_maps.events(connection, start=_FIRST_YEAR, end=row["data_to"], srid=srid)
        base = maps.shown_map(row, parts)
        ground = own_ground(connection, base, srid=srid)
    name = method or base.method
    # The held-back window is scored with the parameters that were known before it.
    params = [_params(wish.kind, name, each) for each in (row, then)]
    trial = _Trial(base, ground, name, params[0], params[1], events[wish.matches(events)])
    if len(trial.events) < FEWEST_EVENTS_KNOWN:
        return TooFew(len(trial.events))
    plain = trial.map(trial.events)
    if not wish.is_guarded:
        return plain, None
    villages = pd.factorize(trial.events["scope_path"])[0]
    accepted = accepted_cases(villages, discovered(trial.events), seed=GUARD_SEED)
    guarded = trial.map(trial.events[accepted])
    return guarded, GuardEffect(
        int((~accepted).sum()), _changed_share(plain, guarded), guarded.held_back, plain.held_back
    )


@dataclass(frozen=True, eq=False)
class _Trial:
    base: ShownMap
    ground: OwnGround
    method: str
    params: Params
    params_then: Params
    events: pd.DataFrame

    def map(self, learnt_from: pd.DataFrame) -> ShownMap:
        """Return the map, scored on all hazards that fit, whatever it learnt from."""
        place = self.ground.place
        until, start = self.base.until, maps.window_before(self.base.until)
        past, all_of_them = (self.ground.history(rows, day_of(until)) for rows in (learnt_from, self.events))
        end = day_of(start) + HORIZON_DAYS
        later = all_of_them.before(end).count - all_of_them.before(day_of(start)).count
        known = past.before(day_of(start))
        held_back = None
        if len(known) >= FEWEST_EVENTS_KNOWN:
            parts = replace(self.base.parts, event_count=known.count[place], later_count=later[place])
            held_back = maps.judged(self.method, self._scores(known, self.params_then), parts, start=start)
        return replace(
            self.base,
            id=None,
            method=self.method,
            methods=[self.base.chosen, *(name for name in methods_on(self.base.kind) if name != self.base.chosen)],
            params=dict(self.params),
            parts=replace(self.base.parts, event_count=past.count[place], later_count=None),
            scores=self._scores(past, self.params),
            held_back=held_back,
            then=None,
        )

    def _scores(self, past: History, params: Params) -> npt.NDArray[np.float64]:
        score: Callable[..., Any] = methods_on(self.base.kind)[self.method].score
        scores = score(past, horizon_days=HORIZON_DAYS, **(params if self.method != BASELINE else {}))
        return np.asarray(scores[self.ground.place], dtype=np.float64)


def _params(kind: PlaceKind, method: str, row: RowMapping | None) -> Params:
    kept: Params | None = None if row is None else row["result"].get("params", {}).get(method)
    return middle_choice(methods_on(kind)[method]) if kept is None else kept


def _changed_share(one: ShownMap, other: ShownMap) -> float:
    taken = min(one.taken(HIT_SHARE), other.taken(HIT_SHARE))
    both = np.intersect1d(one.order[:taken], other.order[:taken])
    return 1.0 - len(both) / taken


def _in_band(hour: npt.NDArray[Any], band: str) -> npt.NDArray[np.bool_]:
    if band in HOUR_BANDS:
        first, end = HOUR_BANDS[band]
        return np.asarray((hour >= first) & (hour < end), dtype=np.bool_)
    return np.asarray(~np.any([_in_band(hour, name) for name in HOUR_BANDS], axis=0), dtype=np.bool_)
