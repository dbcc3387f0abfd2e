"""Edits of a plan's content: stops dropped, locked, given to another team, added; teams away; streets closed."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping

from gis_app.domain.errors import InvalidInput
from gis_app.domain.patrol_plans import PlanState
from gis_app.domain.periods import CITY_TIME
from gis_app.services.plan_conditions import ExtraTeam, add_team, apply_conditions
from gis_app.services.plan_tasks import behind

ADDED_PRIZE = 5.0
"""A place that somebody adds by hand is worth as much as a village's open duty and more."""
MOST_ADDED = 50


@dataclass(frozen=True)
class AddedStop:
    """A place that is to be visited: degrees (WGS-84), minutes, and perhaps by whom."""

    lon: float
    lat: float
    dwell_min: float = 10.0
    team: str = ""


@dataclass(frozen=True)
class PlanEdit:
    """Changes to a plan that was seen at ``version``.

    Parameters
    ----------
    drop, restore
        Codes of stops that are not to be visited, and that may be again.
    lock
        Stops by team: each is visited by this team.
    order
        Stops by team that are visited one directly after another, in this order.
    release
        Codes of stops that are locked no more.
    absent, present
        Codes of teams that do not go, and that go again.
    close, reopen
        Ids of streets that are closed, and open again.
    add
        New stops.
    close_at
        Longitudes and latitudes of streets that are closed.
    extra
        Teams to try out.
    dwell, dwell_all, windows, skill, team_skills, minimums
        As ``plan_conditions.apply_conditions`` takes them.
    keep_done
        Whether visits that have begun by now are kept, and only the rest of the night is planned anew.
    """

    version: int
    drop: tuple[str, ...] = ()
    restore: tuple[str, ...] = ()
    lock: Mapping[str, Sequence[str]] | None = None
    order: Mapping[str, Sequence[str]] | None = None
    release: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    present: tuple[str, ...] = ()
    close: tuple[int, ...] = ()
    reopen: tuple[int, ...] = ()
    add: tuple[AddedStop, ...] = ()
    close_at: tuple[tuple[float, float], ...] = ()
    extra: tuple[ExtraTeam, ...] = ()
    dwell: Mapping[str, float] = field(default_factory=dict)
    dwell_all: float | None = None
    windows: Mapping[str, str] = field(default_factory=dict)
    skill: Mapping[str, str] = field(default_factory=dict)
    team_skills: Mapping[str, Sequence[str]] = field(default_factory=dict)
    minimums: Mapping[str, int] = field(default_factory=dict)
    keep_done: bool = False

    def told(self) -> dict[str, Any]:
        """Return what the audit keeps of it."""
        names = ("drop", "restore", "release", "absent", "present", "close", "reopen")
        facts: dict[str, Any] = {name: list(getattr(self, name)) for name in names if getattr(self, name)}
        for name in ("lock", "order", "team_skills"):
            if getattr(self, name):
                facts[name] = {team: list(stops) for team, stops in getattr(self, name).items()}
        for name in ("windows", "skill", "minimums"):
            if getattr(self, name):
                facts[name] = dict(getattr(self, name))
        if self.dwell:
            facts["dwell"] = {stop: f"{minutes:g}" for stop, minutes in self.dwell.items()}
        counts = {"added": self.add, "closed_at": self.close_at, "extra": self.extra}
        facts |= {name: len(each) for name, each in counts.items() if each}
        return facts | ({"dwell_all": f"{self.dwell_all:g}"} if self.dwell_all is not None else {})


def edited(content: Mapping[str, Any], edit: PlanEdit, *, now: datetime) -> dict[str, Any]:
    """Return the content with an edit; codes of new stops are under ``new``.

    Raises
    ------
    InvalidInput
        If a stop or team is not in the plan, or too many stops are added.
    """
    after = copy.deepcopy(dict(content))
    stops, teams = {stop["code"] for stop in after["stops"]}, {team["code"] for team in after["teams"]}
    pairs = [*(edit.lock or {}).items(), *(edit.order or {}).items()]
    named = [*edit.drop, *edit.restore, *edit.release, *edit.dwell, *edit.windows, *edit.skill]
    _require("stop", [*named, *(stop for _, own in pairs for stop in own)], stops)
    asked = [*edit.absent, *edit.present, *edit.team_skills, *(each.like for each in edit.extra)]
    _require("team", [*asked, *(team for team, _ in pairs)], teams)
    _require("team", [each.team for each in edit.add if each.team], teams)
    after["dropped"] = sorted((set(after["dropped"]) | set(edit.drop)) - set(edit.restore))
    after["absent"] = sorted((set(after["absent"]) | set(edit.absent)) - set(edit.present))
    after["closed"] = sorted((set(after["closed"]) | set(edit.close)) - set(edit.reopen))
    for team, own in (edit.lock or {}).items():
        _lock(after, team, own, keeps_order=False)
    for team, own in (edit.order or {}).items():
        _lock(after, team, own, keeps_order=True)
    _unlock(after, {*edit.release, *edit.drop})
    apply_conditions(
        after,
        dwell=edit.dwell,
        dwell_all=edit.dwell_all,
        windows=edit.windows,
        skill=edit.skill,
        team_skills=edit.team_skills,
        minimums=edit.minimums,
    )
    after["new"] = [_add(after, each) for each in edit.add]
    for each in edit.extra:
        add_team(after, each)
    if edit.keep_done:
        after["done"] = behind(after["result"], now)
        after["now"] = now.astimezone(CITY_TIME).isoformat()
    return after


def is_under_way(plan: RowMapping, now: datetime) -> bool:
    """Return whether a published plan's shift has begun, so that edits keep what is done."""
    starts = datetime.fromisoformat(plan["content"]["settings"]["starts_at"])
    return plan["state"] == PlanState.PUBLISHED and starts <= now


def _lock(content: dict[str, Any], team: str, stops: Sequence[str], *, keeps_order: bool) -> None:
    _unlock(content, set(stops))
    content["dropped"] = [code for code in content["dropped"] if code not in stops]
    if stops:
        content["locks"].append({"team": team, "stops": list(dict.fromkeys(stops)), "keeps_order": keeps_order})


def _unlock(content: dict[str, Any], stops: set[str]) -> None:
    kept = [{**lock, "stops": [stop for stop in lock["stops"] if stop not in stops]} for lock in content["locks"]]
    content["locks"] = [lock for lock in kept if lock["stops"]]


def _add(content: dict[str, Any], added: AddedStop) -> str:
    own = [stop for stop in content["stops"] if stop["code"].startswith("A")]
    if len(own) >= MOST_ADDED:
        raise InvalidInput("{count} stops were added already.", remedy="Drop some first.", count=len(own))
    code = f"A{len(own) + 1:02d}"
    content["stops"].append(
        {
            "code": code,
            "lon": added.lon,
            "lat": added.lat,
            "dwell_s": added.dwell_min * 60,
            "village": None,
            "village_zh": None,
            "village_en": None,
            "prize_parts": {"added": ADDED_PRIZE},
            "facility": None,
            "last_visit": None,
            "is_required": True,
            "windows": [],
            "skill": "",
        }
    )
    if added.team:
        content["locks"].append({"team": added.team, "stops": [code], "keeps_order": False})
    return code


def _require(what: str, codes: Sequence[str], known: set[str]) -> None:
    for code in codes:
        if code not in known:
            raise InvalidInput(
                "There is no {what} {code!r} in this plan.", remedy="Load the plan again.", what=what, code=code[:40]
            )
