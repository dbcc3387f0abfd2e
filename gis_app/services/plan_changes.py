"""Changing plans: edited around what is locked, taken back to an earlier version, moved from state to state."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping

from gis_app.domain.errors import Conflict, Forbidden, InvalidInput
from gis_app.domain.patrol_plans import STEP_RULES, PlanState, PlanStep, state_after, state_after_edit
from gis_app.services.audit import Ledger, Writing
from gis_app.services.gate import Caller
from gis_app.services.patrol_plans import MISSING, alone, kept
from gis_app.services.plan_actual import against_tracks
from gis_app.services.plan_edits import PlanEdit, edited
from gis_app.services.plan_publishing import publish, refuse_extra_teams
from gis_app.services.plan_solving import PlanQuestion, solved
from gis_app.services.plan_streets import network, on_streets, street_at, street_lines
from gis_app.storage import patrol_plans
from gis_app.storage.street_names import street_names

EDIT_SECONDS = 2.0


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
        alone(work)
        content = edited(before["content"], wanted, now=ledger.now())
        _placed(work, content, wanted, srid=srid)
        question = PlanQuestion(before["scope_path"], before["night"], srid, EDIT_SECONDS)
        content["result"] = solved(work.connection, content, question)
        after = _store(work, before, state=state, content=content, step="edit", at=ledger.now())
        if state is PlanState.PUBLISHED:
            refuse_extra_teams(content)
            publish(work, after)
        work.note("plan.edit", f"plan:{plan_id}", scope_path=after["scope_path"], **wanted.told())
    return after


def _placed(work: Writing, content: dict[str, Any], wanted: PlanEdit, *, srid: int) -> None:
    """Move new stops onto the streets, and find the streets that are closed; in place."""
    _, streets = network(work.connection, srid=srid)
    own = [stop for stop in content["stops"] if stop["code"] in content["new"]]
    moved = {stop["code"]: stop for stop in on_streets(streets, own, srid=srid)}
    if len(moved) < len(own):
        raise InvalidInput("The place is too far from any street.", remedy="Choose one beside a street.")
    content["stops"] = [moved.get(stop["code"], stop) for stop in content["stops"]]
    content.pop("new")
    found = {street_at(streets, lon, lat, srid=srid) for lon, lat in wanted.close_at}
    content["closed"] = sorted({*content["closed"], *found})
    content["closed_lines"] = street_lines(streets, content["closed"], srid=srid)
    content["closed_names"] = street_names(work.connection, content["closed"])


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
            publish(work, after)
        work.note("plan.restore", f"plan:{plan_id}", scope_path=after["scope_path"], number=number)
    return after


def take_step(
    ledger: Ledger, caller: Caller, plan_id: uuid.UUID, step: PlanStep, *, version: int, srid: int
) -> RowMapping:
    """Approve, publish, close or withdraw a plan.

    Publishing gives each team its route; closing keeps what came of each stop as the tracks tell.

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
        content = dict(before["content"])
        if step is PlanStep.PUBLISH:
            refuse_extra_teams(content)
        if step is PlanStep.CLOSE:
            content["actual"] = against_tracks(
                work.connection, before["scope_path"], content, night=before["night"], srid=srid, now=ledger.now()
            )
        after = _store(work, before, state=state, content=content, step=step.value, at=ledger.now(), approver=approver)
        if step is PlanStep.PUBLISH:
            publish(work, after)
        elif step is PlanStep.WITHDRAW:
            patrol_plans.replace_routes(work.connection, plan_id, ())
        work.note(f"plan.{step.value}", f"plan:{plan_id}", scope_path=after["scope_path"])
    return after


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
    return kept(work, before["id"], step)
