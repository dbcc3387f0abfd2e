"""Maps of hotspots computed and kept: one a week and the newest, of all hazards and of each category with enough."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine

from gis_app import __version__
from gis_app.analysis.hotspot_series import HORIZON_DAYS, WEEK_DAYS, Step, map_series, steps_of
from gis_app.analysis.places import PlaceKind
from gis_app.analysis.rolling_origin import SCORED_WINDOWS, WindowTrials
from gis_app.domain.periods import CITY_TIME
from gis_app.services.hotspot_ground import ground_of, group_key
from gis_app.services.hotspot_rows import (
    ALL,
    MappedCity,
    day_of,
    is_kept_run,
    kept_trials,
    moment_of,
    rows_of,
    run_id,
)
from gis_app.storage import hotspot_maps
from gis_app.storage.engine import long_job, scoped, system_scope

FEWEST_EVENTS = 100
"""A category with fewer hazards has no map of its own."""
PAST_MAPS = 26
"""One a week: half a year."""
_HORIZON_WEEKS = int(HORIZON_DAYS / WEEK_DAYS)
KEPT_MAPS = PAST_MAPS + _HORIZON_WEEKS
"""The oldest ones shown are scored by maps of one horizon before."""
_KEPT_WEEKS = KEPT_MAPS + SCORED_WINDOWS * _HORIZON_WEEKS
_YEARS = 3
Progress = Callable[[str, float], None]


def refresh(
    engine: Engine,
    *,
    now: datetime,
    srid: int,
    groups: Sequence[str] | None = None,
    progress: Progress = lambda stage, share: None,
) -> dict[str, int]:
    """Compute the maps that are missing or whose hazards changed; return how many, by group and kind of place.

    Where no hazard changed since the last look, nothing is read; what is unchanged of a group is left as it is.

    Parameters
    ----------
    engine
        Of the app's role.
    now
        The newest map knows what was found before this day began in the city, or before the day after the newest
        hazard, if that is earlier.
    srid
        Projected CRS of the cells.
    groups
        ``all`` or codes of categories; all of them, if None.
    """
    with long_job(engine) as connection:
        made_from = _facts(connection, now, groups)
        if made_from is None or _is_unchanged(connection, made_from):
            return {}
        city = _city(connection, now, srid)
        if city is None:
            return {}
        grounds = [
            city.ground,
            *(ground_of(connection, kind, srid=srid) for kind in PlaceKind if kind != PlaceKind.CELLS),
        ]
    counted = city.events["category_code"].value_counts()
    known = [ALL, *sorted(str(code) for code, count in counted.items() if count >= FEWEST_EVENTS)]
    wanted = known if groups is None else [group for group in known if group in groups]
    cities = [replace(city, ground=ground) for ground in grounds if ground is not None]
    tasks = [(each, group) for group in wanted for each in cities]
    made = {}
    for number, (each, group) in enumerate(tasks):
        share = (number / len(tasks), 1 / len(tasks))
        with long_job(engine) as connection:
            key = group_key(each.ground.kind, group)
            made[key] = _refresh_group(connection, each, group, progress=progress, share=share)
    with scoped(engine, system_scope()) as connection:
        if groups is None:
            _remove_others(connection, [group_key(each.ground.kind, group) for group in known for each in cities])
        hotspot_maps.note_facts(connection, ALL, made_from)
    progress("", 1.0)
    return made


def weekly_moments(end: datetime) -> list[datetime]:
    """Return the beginnings of the weeks, Mondays in the city, up to a moment, oldest first."""
    day = end.astimezone(CITY_TIME).date()
    monday = day - timedelta(days=day.weekday())
    return [_midnight(monday - timedelta(weeks=number)) for number in range(_KEPT_WEEKS, -1, -1)]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), CITY_TIME).astimezone(UTC)


def _facts(connection: Connection, now: datetime, groups: Sequence[str] | None) -> dict[str, Any] | None:
    row = hotspot_maps.facts(connection, now=now)
    if row["newest"] is None:
        return None
    return {
        "hazards": row["hazards"],
        "changed_at": row["changed_at"].isoformat(),
        "areas": row["areas"],
        "streets": row["streets"],
        "end": _end(now, row["newest"]).isoformat(),
        "groups": None if groups is None else sorted(groups),
        "version": __version__,
    }


def _end(now: datetime, newest: datetime) -> datetime:
    """Return the moment of the newest map: today's beginning, or the end of the day of the newest hazard."""
    today = now.astimezone(CITY_TIME).date()
    return _midnight(min(today, newest.astimezone(CITY_TIME).date() + timedelta(days=1)))


def _is_unchanged(connection: Connection, made_from: dict[str, Any]) -> bool:
    current = [row for row in hotspot_maps.runs(connection, ALL) if row["is_current"]]
    before = current[0]["result"].get("made_from") if current else None
    # Who asked for all groups has made each of them.
    return (
        before is not None
        and before | {"groups": None} == made_from | {"groups": None}
        and before["groups"]
        in (
            None,
            made_from["groups"],
        )
    )


def _city(connection: Connection, now: datetime, srid: int) -> MappedCity | None:
    cells = ground_of(connection, PlaceKind.CELLS, srid=srid)
    newest = hotspot_maps.facts(connection, now=now)["newest"]
    if newest is None or cells is None:
        return None
    end = _end(now, newest)
    # From the beginning of a year: were it a number of days, every day would change every map.
    start = _midnight(date(end.astimezone(CITY_TIME).year - _YEARS, 1, 1))
    events = hotspot_maps.events(connection, start=start, end=end, srid=srid)
    return MappedCity(cells, events, end)


def _refresh_group(
    connection: Connection, city: MappedCity, group: str, *, progress: Progress, share: tuple[float, float]
) -> int:
    key, methods = group_key(city.ground.kind, group), city.ground.methods
    kind = hotspot_maps.KIND + key
    hotspot_maps.lock(connection, kind)
    past = city.history(group)
    oldest = float(past.day[0]) if len(past) else past.until
    weekly = [day_of(moment) for moment in weekly_moments(city.end) if day_of(moment) > oldest]
    steps = steps_of(past, sorted({*weekly, past.until}), map_count=KEPT_MAPS + 1, methods=methods)
    stored = {row["data_to"]: row for row in hotspot_maps.runs(connection, key)}

    def is_kept(step: Step) -> bool:
        return is_kept_run(stored.get(moment_of(step.until)), step)

    def trials(step: Step) -> WindowTrials | None:
        return kept_trials(stored[moment_of(step.until)]["result"]["trials"])

    made = 0
    series = map_series(
        past, steps, weekly=weekly, kept=trials, is_kept=is_kept, every_method=group == ALL, methods=methods
    )
    for step, one, trial in series:
        progress(key, share[0] + share[1] * steps.index(step) / len(steps))
        hotspot_maps.store_run(connection, *rows_of(city, group, step, oldest=oldest, made=(one, trial)))
        made += one is not None
    moments = {moment_of(step.until): step for step in steps}
    hotspot_maps.remove_runs(connection, [row["id"] for at, row in stored.items() if at not in moments])
    aged = [row["id"] for at, row in stored.items() if at in moments and not moments[at].is_map]
    hotspot_maps.remove_parts(connection, aged)
    hotspot_maps.make_current(connection, kind, run_id(kind, city.end))
    return made


def _remove_others(connection: Connection, known: Sequence[str]) -> None:
    for group in hotspot_maps.groups(connection):
        if group["code"] not in known:
            gone = hotspot_maps.runs(connection, group["code"])
            hotspot_maps.remove_runs(connection, [row["id"] for row in gone])
