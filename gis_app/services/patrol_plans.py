"""Plans of a night's patrols: made, edited around what is locked, approved, published to teams, revised, closed."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, RowMapping

from gis_app.domain.duties import InspectionKind
from gis_app.domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from gis_app.domain.patrol_plans import STEP_RULES, PlanState, PlanStep, state_after, state_after_edit, steps_from
from gis_app.domain.periods import CITY_TIME, night_of
from gis_app.domain.rights import Scope
from gis_app.services import duties
from gis_app.services.audit import Ledger, Writing
from gis_app.services.gate import Caller
from gis_app.services.plan_candidates import candidates
from gis_app.services.plan_edits import PlanEdit, edited
from gis_app.services.plan_solving import network, on_streets, solved
from gis_app.storage import patrol_plans
from gis_app.storage.engine import scoped

MOST_LISTED, MOST_TEAMS, MOST_STOPS = 100, 120, 600
LONGEST_SHIFT_H = 14
MOST_SECONDS = 20.0
MAX_LOSS = 0.2
EDIT_SECONDS = 2.0
REUSE_NIGHTS = 7
MISSING = NotFound("There is no such plan.", remedy="It may lie outside your area.")


@dataclass(frozen=True)
class PlanWish:
    """What a plan is to be made for; the client makes ``id`` once and sends it again in retries.

    ``teams`` are codes, none for all teams of the area; ``loss`` is the share of the best plan's value that variation
    may cost, 0 for none.
    """

    id: uuid.UUID
    area: str
    starts_at: datetime
    ends_at: datetime
    title: str = ""
    teams: tuple[str, ...] = ()
    most_stops: int = 200
    loss: float = 0.03
    seconds: float = 6.0


@dataclass(frozen=True)
class MadePlan:
    """The stored plan, and whether this request stored it or an earlier one with the same body."""

    plan: RowMapping
    is_new: bool


@dataclass(frozen=True)
class ShownPlan:
    """A plan with its versions, the numbers of its published routes by team, and the steps the caller may take."""

    plan: RowMapping
    versions: Sequence[RowMapping]
    routes: Mapping[str, int]
    steps: Sequence[PlanStep] = field(default=())


def listed(engine: Engine, scope: Scope) -> Sequence[RowMapping]:
    """Return the plans of the caller's area, the newest night first."""
    with scoped(engine, scope) as connection:
        return patrol_plans.listed(connection, most=MOST_LISTED)


def choices(engine: Engine, scope: Scope) -> dict[str, Any]:
    """Return the areas a plan may be made for, and the teams of the caller's area."""
    with scoped(engine, scope) as connection:
        return {
            "areas": patrol_plans.areas(connection),
            "teams": patrol_plans.teams(connection, scope.area_path),
        }


def one(engine: Engine, caller: Caller, plan_id: uuid.UUID) -> ShownPlan:
    """Return a plan.

    Raises
    ------
    NotFound
        If the caller sees no such plan.
    """
    with scoped(engine, caller.scope) as connection:
        plan = patrol_plans.one(connection, plan_id)
        if plan is None:
            raise MISSING
        return ShownPlan(
            plan,
            patrol_plans.versions(connection, plan_id),
            patrol_plans.routes(connection, plan_id),
            steps_from(PlanState(plan["state"]), caller.scope.rights),
        )


def make(ledger: Ledger, caller: Caller, wish: PlanWish, *, srid: int) -> MadePlan:
    """Plan a night and store the plan as a draft; the same wish sent again returns the stored one.

    Raises
    ------
    InvalidInput
        If the area, a team or the shift cannot be, or there is nothing to plan for.
    Conflict
        If the identifier stands for another plan, or the account plans another one at this moment.
    """
    body_hash = _body_hash(caller, wish)
    night, now = night_of(wish.starts_at), ledger.now()
    _check(wish)
    owed = duties.owed_now(ledger.engine, caller.scope, now=now)
    due = frozenset(
        row.area for duty, _, still_open in owed if duty.kind is InspectionKind.NIGHT_CHECK for row in still_open
    )
    with ledger.writing(caller.scope) as work:
        known = patrol_plans.one(work.connection, wish.id)
        if known is not None:
            return MadePlan(_same(known, body_hash), is_new=False)
        _alone(work)
        area = patrol_plans.area(work.connection, wish.area)
        if area is None:
            raise InvalidInput(
                "There is no township or village with the code {code!r}.",
                remedy="Use a code of your own area, such as 330381001.",
                code=wish.area[:40],
            )
        content = _content(work, wish, area, now=now, srid=srid, due=due)
        earlier = patrol_plans.before(work.connection, night, night - timedelta(days=REUSE_NIGHTS), area["scope_path"])
        seed = night.toordinal() if wish.loss > 0 else None
        content["result"] = solved(
            work.connection, content, srid=srid, seconds=min(wish.seconds, MOST_SECONDS), earlier=earlier, night=seed
        )
        values = {
            "id": wish.id,
            "night": night,
            "title": wish.title,
            "area_code": area["code"],
            "content": content,
            "account": caller.scope.account,
            "body_hash": body_hash,
            "at": now,
            "scope_path": area["scope_path"],
        }
        if not patrol_plans.add(work.connection, values):
            raise _taken()
        made = _kept(work, wish.id, "make")
        work.note("plan.make", f"plan:{wish.id}", scope_path=area["scope_path"], night=night.isoformat())
    return MadePlan(made, is_new=True)


def edit(ledger: Ledger, caller: Caller, plan_id: uuid.UUID, wanted: PlanEdit, *, srid: int) -> RowMapping:
    """Change a plan and solve it anew around what is locked; a published one is published anew at once.

    Raises
    ------
    NotFound
        If the caller sees no such plan.
    InvalidInput
        If the edit names a stop or team that is none.
    Conflict
        If the plan is over, or was changed by somebody else.
    """
    with ledger.writing(caller.scope) as work:
        before = _to_change(work, plan_id, wanted.version)
        state = state_after_edit(PlanState(before["state"]))
        _alone(work)
        content = edited(before["content"], wanted, now=ledger.now())
        if wanted.add:
            _, streets = network(work.connection, srid=srid)
            own = [stop for stop in content["stops"] if stop["code"] in {code for code in content["new"]}]
            moved = {stop["code"]: stop for stop in on_streets(streets, own, srid=srid)}
            if len(moved) < len(own):
                raise InvalidInput("The place is too far from any street.", remedy="Choose one beside a street.")
            content["stops"] = [moved.get(stop["code"], stop) for stop in content["stops"]]
        content.pop("new", None)
        content["result"] = solved(work.connection, content, srid=srid, seconds=EDIT_SECONDS)
        after = _store(work, before, state=state, content=content, step="edit", at=ledger.now())
        if state is PlanState.PUBLISHED:
            _publish(work, after)
        work.note("plan.edit", f"plan:{plan_id}", scope_path=after["scope_path"], **wanted.told())
    return after


def copy(ledger: Ledger, caller: Caller, plan_id: uuid.UUID, new_id: uuid.UUID) -> MadePlan:
    """Store a draft like a plan, to try out what if; sent again with the same id it is stored once.

    Raises
    ------
    NotFound
        If the caller sees no such plan.
    Conflict
        If the identifier stands for another plan.
    """
    body_hash = hashlib.sha256(f"copy {plan_id} {new_id} {caller.scope.account}".encode()).digest()
    with ledger.writing(caller.scope) as work:
        found = patrol_plans.one(work.connection, plan_id)
        if found is None:
            raise MISSING
        known = patrol_plans.one(work.connection, new_id)
        if known is not None:
            return MadePlan(_same(known, body_hash), is_new=False)
        values = {name: found[name] for name in ("night", "title", "area_code", "content", "scope_path")}
        own = {"id": new_id, "account": caller.scope.account, "body_hash": body_hash, "at": ledger.now()}
        if not patrol_plans.add(work.connection, values | own):
            raise _taken()
        made = _kept(work, new_id, "copy")
        work.note("plan.copy", f"plan:{new_id}", scope_path=made["scope_path"], of=str(plan_id))
    return MadePlan(made, is_new=True)


def restore(ledger: Ledger, caller: Caller, plan_id: uuid.UUID, *, version: int, number: int) -> RowMapping:
    """Make an earlier version of a plan the newest one: undo.

    Raises
    ------
    NotFound
        If the caller sees no such plan or version.
    Conflict
        As ``edit``.
    """
    with ledger.writing(caller.scope) as work:
        before = _to_change(work, plan_id, version)
        state = state_after_edit(PlanState(before["state"]))
        content = patrol_plans.version(work.connection, plan_id, number)
        if content is None:
            raise MISSING
        after = _store(work, before, state=state, content=content, step="restore", at=ledger.now())
        if state is PlanState.PUBLISHED:
            _publish(work, after)
        work.note("plan.restore", f"plan:{plan_id}", scope_path=after["scope_path"], number=number)
    return after


def take_step(ledger: Ledger, caller: Caller, plan_id: uuid.UUID, step: PlanStep, *, version: int) -> RowMapping:
    """Approve, publish, close or withdraw a plan; publishing gives each team its route.

    Raises
    ------
    NotFound
        If the caller sees no such plan.
    Forbidden
        If the caller may not take this step.
    Conflict
        If the step does not lead on from the plan's state, or somebody else changed the plan.
    """
    with ledger.writing(caller.scope) as work:
        before = _to_change(work, plan_id, version)
        if STEP_RULES[step].right not in caller.scope.rights:
            raise Forbidden("This step is taken by others.", remedy="Ask a supervisor to approve the plan.")
        state = state_after(PlanState(before["state"]), step)
        approver = caller.scope.account if step is PlanStep.APPROVE else before["approved_by"]
        after = _store(
            work, before, state=state, content=before["content"], step=step.value, at=ledger.now(), approver=approver
        )
        if step is PlanStep.PUBLISH:
            _publish(work, after)
        elif step is PlanStep.WITHDRAW:
            patrol_plans.replace_routes(work.connection, plan_id, ())
        work.note(f"plan.{step.value}", f"plan:{plan_id}", scope_path=after["scope_path"])
    return after


def route(engine: Engine, scope: Scope, route_id: int) -> tuple[RowMapping, Sequence[RowMapping]]:
    """Return a published route and its stops.

    Raises
    ------
    NotFound
        If the caller sees no such route.
    """
    with scoped(engine, scope) as connection:
        found = patrol_plans.route(connection, route_id)
        if found is None:
            raise NotFound("There is no such route.", remedy="It may lie outside your area.")
        return found, patrol_plans.stops(connection, route_id)


def _check(wish: PlanWish) -> None:
    hours = (wish.ends_at - wish.starts_at).total_seconds() / 3600
    if not 0 < hours <= LONGEST_SHIFT_H:
        raise InvalidInput(
            "The shift ends before it starts, or takes more than {hours} hours.",
            remedy="Correct its start and end.",
            hours=LONGEST_SHIFT_H,
        )


def _content(
    work: Writing, wish: PlanWish, area: RowMapping, *, now: datetime, srid: int, due: frozenset[str]
) -> dict[str, Any]:
    teams = patrol_plans.teams(work.connection, area["scope_path"])
    known = {row["code"] for row in teams}
    for code in wish.teams:
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
    _, streets = network(work.connection, srid=srid)
    most = min(wish.most_stops, MOST_STOPS)
    found = candidates(work.connection, area["scope_path"], now=now, srid=srid, due=due, most=most)
    stops = on_streets(streets, found, srid=srid)
    if not stops:
        raise InvalidInput(
            "There is nothing to plan for: no hotspot and no duty in this area.",
            remedy="Make the hotspot maps first (jingwei analyse), or choose another area.",
        )
    shift = {"starts_at": _local(wish.starts_at), "ends_at": _local(wish.ends_at)}
    return {
        "settings": {**shift, "loss": wish.loss, "most_stops": wish.most_stops},
        "teams": [
            {name: row[name] for name in ("code", "name_zh", "name_en", "kind", "mode", "lon", "lat")} | shift
            for row in chosen
        ],
        "stops": stops,
        "closed": [],
        "dropped": [],
        "locks": [],
        "absent": [],
        "done": {},
    }


def _publish(work: Writing, plan: RowMapping) -> None:
    content = plan["content"]
    by_code = {stop["code"]: stop for stop in content["stops"]}
    patrol_plans.replace_routes(
        work.connection,
        plan["id"],
        (
            {
                "team": route["team"],
                "night": plan["night"],
                "starts_at": route["departs_at"],
                "ends_at": route["returns_at"],
                "length_m": route["length_m"],
                "line": json.dumps({"type": "LineString", "coordinates": route["line"]}),
                "stops": [
                    {
                        "ordinal": number,
                        "dwell_min": by_code[visit["stop"]]["dwell_s"] / 60,
                        "code": visit["stop"],
                        "begins_at": visit["begins_at"],
                        "prize_parts": by_code[visit["stop"]]["prize_parts"],
                        "lon": by_code[visit["stop"]]["lon"],
                        "lat": by_code[visit["stop"]]["lat"],
                    }
                    for number, visit in enumerate(route["visits"], start=1)
                ],
            }
            for route in content["result"]["routes"]
            if route["visits"]
        ),
    )


def _alone(work: Writing) -> None:
    """Let an account plan one plan at a time: each search takes a core for seconds."""
    if not patrol_plans.may_plan(work.connection, work.account):
        raise Conflict("A plan is being made at this moment.", remedy="Wait a few seconds and try again.")


def _to_change(work: Writing, plan_id: uuid.UUID, version: int) -> RowMapping:
    found = patrol_plans.one(work.connection, plan_id, for_change=True)
    if found is None:
        raise MISSING
    if found["version"] != version:
        raise Conflict("Somebody else changed the plan.", remedy="Load it again.")
    return found


def _store(
    work: Writing,
    before: RowMapping,
    *,
    state: PlanState,
    content: Mapping[str, Any],
    step: str,
    at: datetime,
    approver: str = "",
) -> RowMapping:
    values = {
        "state": state.value,
        "content": dict(content),
        "version": before["version"],
        "approved_by": approver if state is not PlanState.DRAFT else "",
        "at": at,
    }
    if state is PlanState.PUBLISHED and not approver:
        values["approved_by"] = before["approved_by"]
    patrol_plans.store(work.connection, before["id"], values)
    return _kept(work, before["id"], step)


def _kept(work: Writing, plan_id: uuid.UUID, step: str) -> RowMapping:
    patrol_plans.keep_version(work.connection, plan_id, step=step, account=work.account)
    found = patrol_plans.one(work.connection, plan_id)
    if found is None:
        raise MISSING
    return found


def _local(instant: datetime) -> str:
    return instant.astimezone(CITY_TIME).isoformat()


def _body_hash(caller: Caller, wish: PlanWish) -> bytes:
    facts = {name: str(value) for name, value in vars(wish).items()} | {"account": caller.scope.account}
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).digest()


def _same(known: RowMapping, body_hash: bytes) -> RowMapping:
    if known["body_hash"] is None or bytes(known["body_hash"]) != body_hash:
        raise _taken()
    return known


def _taken() -> Conflict:
    return Conflict("The identifier stands for another plan.", remedy="Make a new identifier for a new one.")


def tonight(now: datetime) -> date:
    """Return the night that a plan is for unless another one is chosen."""
    return night_of(now)
