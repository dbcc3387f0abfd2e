"""Steps of hazards through the closed loop: each is one transaction with its history and its entry in the audit."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, RowMapping

from gis_app.domain import closed_loop
from gis_app.domain.errors import Conflict, InvalidInput
from gis_app.domain.hazards import ENDED_STAGES
from gis_app.domain.transitions import Action
from gis_app.services import notices
from gis_app.services.audit import Ledger, Writing
from gis_app.services.closed_loop import actor_of, missing_case, state_of, stored_cases
from gis_app.services.gate import Caller
from gis_app.services.loop_values import Step, assigned_unit, stored_state
from gis_app.storage import hazard_cells, hazards, loop

MOST_AT_ONCE = 200


def move(ledger: Ledger, caller: Caller, step: Step, *, targets: Sequence[tuple[uuid.UUID, int]]) -> list[RowMapping]:
    """Take one step with each of some hazards, all of them or none, and return them as they are then.

    Parameters
    ----------
    targets
        Identifier and version seen of each.

    Raises
    ------
    NotFound
        If one is not in the caller's area.
    Conflict
        If one changed meanwhile or is not at a stage for this; or the identifier stands for another step.
    Forbidden
        If the caller's duty, unit or level does not allow it.
    InvalidInput
        If a reason, unit or value is missing or not usable, or there are too many at once.
    """
    if not 1 <= len(targets) <= MOST_AT_ONCE or len({target for target, _ in targets}) != len(targets):
        raise InvalidInput(
            "{count} hazards are too many or too few at once, or one is named twice.",
            remedy="Choose 1 to {most} different ones.",
            count=len(targets),
            most=MOST_AT_ONCE,
        )
    body_hash = hashlib.sha256(json.dumps([str(step), [str(each) for each in targets]]).encode()).digest()
    with ledger.writing(caller.scope) as work:
        # Locked before it is asked whether this was done: the same request sent twice at once is one step.
        known = loop.cases_for_change(work.connection, [target for target, _ in targets])
        if not _was_done(work.connection, caller, step, body_hash=body_hash):
            for hazard_id, version in targets:
                if hazard_id not in known:
                    raise missing_case()
                _take(work, caller, known[hazard_id], step, version=version, at=ledger.now())
            hazard_cells.note_changes(work.connection, {known[hazard_id]["scope_path"] for hazard_id, _ in targets})
            _promise(work.connection, caller, step, known[targets[0][0]], body_hash=body_hash, at=ledger.now())
        return stored_cases(work.connection, [hazard_id for hazard_id, _ in targets])


def _take(work: Writing, caller: Caller, row: RowMapping, step: Step, *, version: int, at: datetime) -> None:
    unit = assigned_unit(work.connection, row, step, at) if step.action is Action.ASSIGN else None
    before = state_of(row)
    after = closed_loop.apply(
        before, step.action, actor=actor_of(caller), at=at, version=version, reason=step.reason, unit=unit
    )
    stored, detail = stored_state(work.connection, row, after, step, at=at)
    loop.store_state(work.connection, row["id"], stored)
    loop.add_event(
        work.connection,
        {
            "hazard_id": row["id"],
            "version": after.version,
            "action": step.action.value,
            "from_stage": before.stage.value,
            "to_stage": after.stage.value,
            "at": at,
            "account": caller.scope.account,
            "unit_code": after.responsible_unit or before.responsible_unit,
            "reason": step.reason.strip(),
            "detail": detail,
            "scope_path": row["scope_path"],
        },
    )
    if (before.stage in ENDED_STAGES) != (after.stage in ENDED_STAGES):
        hazard_cells.count_ended_or_reopened(work.connection, row["id"])
    work.note(f"hazard.{step.action.value}", f"hazard:{row['id']}", scope_path=row["scope_path"], version=after.version)
    work.notices.append(
        notices.of_step(
            step.action,
            hazard_id=row["id"],
            stage=after.stage.value,
            unit=after.responsible_unit or before.responsible_unit,
            account=caller.scope.account,
            level=caller.level,
            at=at,
            scope_path=row["scope_path"],
        )
    )


def _was_done(connection: Connection, caller: Caller, step: Step, *, body_hash: bytes) -> bool:
    """Return whether this very step was taken before, under the client's identifier."""
    if step.client_id is None:
        return False
    known = hazards.promised(connection, caller.account_id, step.client_id)
    if known is not None and bytes(known["body_hash"]) != body_hash:
        raise Conflict("The identifier stands for another step.", remedy="Make a new identifier for a new step.")
    return known is not None


def _promise(
    connection: Connection, caller: Caller, step: Step, row: RowMapping, *, body_hash: bytes, at: datetime
) -> None:
    if step.client_id is None:
        return
    kept = {
        "account_id": caller.account_id,
        "client_id": step.client_id,
        "body_hash": body_hash,
        "hazard_id": row["id"],
        "now": at,
        "scope_path": row["scope_path"],
    }
    if not hazards.promise(connection, kept):
        raise Conflict("The same step is being taken right now.", remedy="Reload the hazard.")
