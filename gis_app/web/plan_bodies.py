"""Bodies of requests about plans of patrols."""

from __future__ import annotations

import uuid
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field

from gis_app.domain.patrol_plans import PlanStep
from gis_app.services.plan_conditions import ExtraTeam
from gis_app.services.plan_edits import AddedStop, PlanEdit
from gis_app.services.plan_wishes import MAX_LOSS, PlanWish
from gis_app.web.bodies import Code, Line, Strict

Codes = Annotated[list[Code], Field(max_length=600)]
Numbers = Annotated[list[Annotated[int, Field(ge=0, le=2**53)]], Field(max_length=200)]
Version = Annotated[int, Field(ge=1, le=2**31 - 1)]
Dwell = Annotated[float, Field(ge=1, le=240)]
Windows = Annotated[str, Field(max_length=120)]
Skill = Annotated[str, Field(max_length=40)]
LISTS = ("drop", "restore", "release", "absent", "present", "close", "reopen")
CONDITIONS = ("dwell", "dwell_all", "windows", "skill", "team_skills", "minimums")
Least = Annotated[int, Field(ge=0, le=50)]


class PlanBody(Strict):
    """A plan to be made. ``id`` is made by the client, once, and sent again when a request is repeated."""

    id: uuid.UUID
    area: Code
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    title: Line = ""
    teams: Codes = Field(default_factory=list)
    most_stops: Annotated[int, Field(ge=1, le=600)] = 200
    loss: Annotated[float, Field(ge=0, le=MAX_LOSS)] = 0.03
    seconds: Annotated[float, Field(ge=0.1, le=20)] = 6.0
    dwell_min: Dwell = 10.0
    facilities: Annotated[list[Code], Field(max_length=40)] = Field(default_factory=list)
    facility_windows: Windows = ""
    facility_skill: Skill = ""
    most_visits: Annotated[int, Field(ge=1, le=7)] | None = None
    minimum: Annotated[int, Field(ge=0, le=10)] = 0
    minimums: Annotated[dict[Code, Least], Field(max_length=600)] = Field(default_factory=dict)
    closed: Numbers = Field(default_factory=list)
    skills: Annotated[dict[Code, Annotated[list[Skill], Field(max_length=20)]], Field(max_length=120)] = Field(
        default_factory=dict
    )

    def wish(self) -> PlanWish:
        """Return the plan as the services take it."""
        facts = self.model_dump()
        facts |= {name: tuple(facts[name]) for name in ("teams", "facilities", "closed")}
        facts["skills"] = {team: tuple(own) for team, own in self.skills.items()}
        return PlanWish(**facts)


class NewStop(Strict):
    """A place to be visited, degrees in WGS-84."""

    lon: Annotated[float, Field(ge=-180, le=180)]
    lat: Annotated[float, Field(ge=-90, le=90)]
    dwell_min: Dwell = 10.0
    team: str = Field(default="", max_length=40)


class Place(Strict):
    """A place, degrees in WGS-84."""

    lon: Annotated[float, Field(ge=-180, le=180)]
    lat: Annotated[float, Field(ge=-90, le=90)]


class NewTeam(Strict):
    """A team to try out, stationed and equipped like the team ``like`` of the plan."""

    like: Code
    name: Line = ""
    mode: Literal["", "foot", "ebike", "car"] = ""


class EditBody(Strict):
    """Changes to the plan as it was seen at ``version``."""

    version: Version
    drop: Codes = Field(default_factory=list)
    restore: Codes = Field(default_factory=list)
    lock: Annotated[dict[Code, Codes], Field(max_length=120)] = Field(default_factory=dict)
    order: Annotated[dict[Code, Codes], Field(max_length=120)] = Field(default_factory=dict)
    release: Codes = Field(default_factory=list)
    absent: Codes = Field(default_factory=list)
    present: Codes = Field(default_factory=list)
    close: Numbers = Field(default_factory=list)
    reopen: Numbers = Field(default_factory=list)
    add: Annotated[list[NewStop], Field(max_length=20)] = Field(default_factory=list)
    close_at: Annotated[list[Place], Field(max_length=20)] = Field(default_factory=list)
    extra: Annotated[list[NewTeam], Field(max_length=10)] = Field(default_factory=list)
    dwell: Annotated[dict[Code, Dwell], Field(max_length=600)] = Field(default_factory=dict)
    dwell_all: Dwell | None = None
    windows: Annotated[dict[Code, Windows], Field(max_length=600)] = Field(default_factory=dict)
    skill: Annotated[dict[Code, Skill], Field(max_length=600)] = Field(default_factory=dict)
    team_skills: Annotated[dict[Code, Annotated[list[Skill], Field(max_length=20)]], Field(max_length=120)] = Field(
        default_factory=dict
    )
    minimums: Annotated[dict[Code, Least], Field(max_length=600)] = Field(default_factory=dict)

    def edit(self, *, keep_done: bool) -> PlanEdit:
        """Return the edit as the services take it."""
        conditions: dict[str, Any] = {name: getattr(self, name) for name in CONDITIONS}
        lists: dict[str, Any] = {name: tuple(getattr(self, name)) for name in LISTS}
        return PlanEdit(
            self.version,
            **lists,
            lock=self.lock,
            order=self.order,
            add=tuple(AddedStop(each.lon, each.lat, each.dwell_min, each.team) for each in self.add),
            close_at=tuple((each.lon, each.lat) for each in self.close_at),
            extra=tuple(ExtraTeam(each.like, each.name, each.mode) for each in self.extra),
            **conditions,
            keep_done=keep_done,
        )


class StepBody(Strict):
    """A step with the plan as it was seen at ``version``."""

    version: Version
    step: PlanStep


class CopyBody(Strict):
    """``id`` of the copy is made by the client, once, and sent again when a request is repeated."""

    id: uuid.UUID


class RestoreBody(Strict):
    """Which earlier version is to be the newest one, of the plan as it was seen at ``version``."""

    version: Version
    number: Version
