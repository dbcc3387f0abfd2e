"""Making plans: from a wish to candidates, teams and routes, stored as a draft; and copies to try out what if."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping

from gis_app.domain.duties import InspectionKind
from gis_app.domain.errors import Conflict, InvalidInput
from gis_app.domain.periods import CITY_TIME, night_of
from gis_app.services import duties
from gis_app.services.audit import Ledger, Writing
from gis_app.services.gate import Caller
from gis_app.services.patrol_plans import MISSING, alone, kept
from gis_app.services.plan_actual import last_nights_value
from gis_app.services.plan_candidates import CandidateRules, candidates
from gis_app.services.plan_conditions import counted_minimums, instants
from gis_app.services.plan_solving import PlanQuestion, solved
from gis_app.services.plan_streets import network, street_lines
from gis_app.services.plan_wishes import MOST_SECONDS, MOST_STOPS, MOST_TEAMS, PlanWish, check_shift
from gis_app.services.repeated_requests import body_hash, same_request
from gis_app.storage import patrol_plans, plan_candidates
from gis_app.storage.street_names import street_names

REUSE_NIGHTS = 7


@dataclass(frozen=True)
class MadePlan:
    """The stored plan, and whether this request stored it or an earlier one with the same body."""

    plan: RowMapping
    is_new: bool


def make(ledger: Ledger, caller: Caller, wish: PlanWish, *, srid: int) -> MadePlan:
    """Plan a night and store the plan as a draft; the same wish sent again returns the stored one.

    Raises
    ------
    InvalidInput
        If the area, a team or the shift cannot be, or there is nothing to plan for.
    Conflict
        If the identifier stands for another plan, or the account plans another one at this moment.
    """
    asked = body_hash(caller, wish)
    night, now = night_of(wish.starts_at), ledger.now()
    check_shift(wish)
    owed = duties.owed_now(ledger.engine, caller.scope, now=now)
    due = frozenset(
        row.area for duty, _, still_open in owed if duty.kind is InspectionKind.NIGHT_CHECK for row in still_open
    )
    with ledger.writing(caller.scope) as work:
        known = patrol_plans.one(work.connection, wish.id)
        if known is not None:
            return MadePlan(same_request(known, asked, _taken()), is_new=False)
        alone(work)
        area = plan_candidates.area(work.connection, wish.area)
        if area is None:
            raise InvalidInput(
                "There is no township or village with the code {code!r}.",
                remedy="Use a code of your own area, such as 330381001.",
                code=wish.area[:40],
            )
        content = _content(work, wish, area, now=now, srid=srid, due=due)
        earlier = patrol_plans.before(work.connection, night, night - timedelta(days=REUSE_NIGHTS), area["scope_path"])
        seed = night.toordinal() if wish.loss > 0 else None
        question = PlanQuestion(area["scope_path"], night, srid, min(wish.seconds, MOST_SECONDS))
        content["result"] = solved(work.connection, content, question, earlier=earlier, seed=seed)
        content["last_night"] = last_nights_value(
            work.connection, area["scope_path"], content["stops"], night=night, srid=srid
        )
        values = {
            "id": wish.id,
            "night": night,
            "title": wish.title,
            "area_code": area["code"],
            "content": content,
            "account": caller.scope.account,
            "body_hash": asked,
            "at": now,
            "scope_path": area["scope_path"],
        }
        if not patrol_plans.add(work.connection, values):
            raise _taken()
        made = kept(work, wish.id, "make")
        work.note("plan.make", f"plan:{wish.id}", scope_path=area["scope_path"], night=night.isoformat())
    return MadePlan(made, is_new=True)


def copy(ledger: Ledger, caller: Caller, plan_id: uuid.UUID, new_id: uuid.UUID) -> MadePlan:
    """Store a draft like a plan, to try out what if; sent again with the same id it is stored once.

    Raises
    ------
    NotFound
        If the caller sees no such plan.
    Conflict
        If the identifier stands for another plan.
    """
    asked = hashlib.sha256(f"copy {plan_id} {new_id} {caller.scope.account}".encode()).digest()
    with ledger.writing(caller.scope) as work:
        found = patrol_plans.one(work.connection, plan_id)
        if found is None:
            raise MISSING
        known = patrol_plans.one(work.connection, new_id)
        if known is not None:
            return MadePlan(same_request(known, asked, _taken()), is_new=False)
        values = {name: found[name] for name in ("night", "title", "area_code", "content", "scope_path")}
        own = {"id": new_id, "account": caller.scope.account, "body_hash": asked, "at": ledger.now()}
        if not patrol_plans.add(work.connection, values | own):
            raise _taken()
        made = kept(work, new_id, "copy")
        work.note("plan.copy", f"plan:{new_id}", scope_path=made["scope_path"], of=str(plan_id))
    return MadePlan(made, is_new=True)


def _content(
    work: Writing, wish: PlanWish, area: RowMapping, *, now: datetime, srid: int, due: frozenset[str]
) -> dict[str, Any]:
    _, streets = network(work.connection, srid=srid)
    rules = CandidateRules(
        min(wish.most_stops, MOST_STOPS), due, wish.facilities, wish.most_visits, wish.dwell_min * 60
    )
    night = night_of(wish.starts_at)
    found = candidates(work.connection, area["scope_path"], rules, streets=streets, now=now, night=night, srid=srid)
    stops = found.stops
    if not stops:
        raise InvalidInput(
            "There is nothing to plan for: no hotspot and no duty in this area.",
            remedy="Make the hotspot maps first (jingwei analyse), or choose another area.",
        )
    windows = instants(wish.facility_windows, wish.starts_at)
    for stop in stops:
        if stop["facility"]:
            stop["windows"], stop["skill"] = windows, wish.facility_skill
    return {
        "settings": _settings(wish) | {"often_enough": found.often_enough},
        "teams": _teams(work, wish, area),
        "stops": stops,
        "minimums": counted_minimums(stops, least=wish.minimum, minimums=wish.minimums),
        "closed": sorted(wish.closed),
        "closed_lines": street_lines(streets, wish.closed, srid=srid),
        "closed_names": street_names(work.connection, wish.closed),
        "dropped": [],
        "locks": [],
        "absent": [],
        "done": {},
    }


def _settings(wish: PlanWish) -> dict[str, Any]:
    return {
        "starts_at": _local(wish.starts_at),
        "ends_at": _local(wish.ends_at),
        "loss": wish.loss,
        "most_stops": wish.most_stops,
        "dwell_min": wish.dwell_min,
        "facilities": list(wish.facilities),
        "most_visits": wish.most_visits,
        "minimum": wish.minimum,
    }


def _teams(work: Writing, wish: PlanWish, area: RowMapping) -> list[dict[str, Any]]:
    """Return the teams chosen; what its kind is called is the first of a team's skills."""
    teams = plan_candidates.teams(work.connection, area["scope_path"])
    known = {row["code"] for row in teams}
    for code in (*wish.teams, *wish.skills):
        if code not in known:
            raise InvalidInput(
                "There is no team {code!r} in this area.", remedy="Choose one of the list.", code=code[:40]
            )
    chosen = [row for row in teams if not wish.teams or row["code"] in wish.teams]
    if not 0 < len(chosen) <= MOST_TEAMS:
        raise InvalidInput(
            "The plan would have {count} teams.",
            remedy="Choose from 1 to {most} teams, or a smaller area.",
            count=len(chosen),
            most=MOST_TEAMS,
        )
    shift = {"starts_at": _local(wish.starts_at), "ends_at": _local(wish.ends_at)}
    names = ("code", "name_zh", "name_en", "kind", "mode", "lon", "lat")
    return [
        {name: row[name] for name in names}
        | shift
        | {"skills": list(dict.fromkeys((row["kind"], *wish.skills.get(row["code"], ()))))}
        for row in chosen
    ]


def _local(instant: datetime) -> str:
    return instant.astimezone(CITY_TIME).isoformat()


def _taken() -> Conflict:
    return Conflict("The identifier stands for another plan.", remedy="Make a new identifier for a new one.")
