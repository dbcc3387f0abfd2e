"""Findings of inspections: hazards reported from an item of the checklist, in one transaction with their link."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace

from sqlalchemy import RowMapping

from gis_app.domain.checklists import Checklist
from gis_app.domain.duties import InspectionState
from gis_app.domain.errors import Conflict, InvalidInput
from gis_app.domain.hazards import DiscoveryWay
from gis_app.services import hazards
from gis_app.services.audit import Ledger, Writing
from gis_app.services.checklists import checklist
from gis_app.services.gate import Caller
from gis_app.services.hazards import Report
from gis_app.services.inspections import MISSING, not_at_that_stage, require_inspector
from gis_app.storage import inspections


@dataclass(frozen=True)
class Found:
    """The hazard that a finding became, and whether this request reported it or an earlier one."""

    hazard: RowMapping
    is_new: bool


def report(ledger: Ledger, caller: Caller, inspection_id: uuid.UUID, item: str, wanted: Report) -> Found:
    """Report a hazard found by an inspection under way; the same finding sent again returns the stored hazard.

    Parameters
    ----------
    item
        Key of the item it was found by; empty for none.
    wanted
        The hazard; its ``client_id`` is the finding's too, and whatever it says, an inspection found it.

    Raises
    ------
    NotFound
        If the caller sees no such inspection.
    Forbidden
        If it is not the caller's level that inspects.
    InvalidInput
        If there is no such item, or the place lies outside the area inspected; as ``hazards.report``.
    Conflict
        If the inspection is not under way, or the identifier stands for something else.
    """
    wanted = replace(wanted, discovered_by=DiscoveryWay.INSPECTION)
    with ledger.writing(caller.scope) as work:
        row = inspections.inspection(work.connection, inspection_id, for_change=True)
        if row is None:
            raise MISSING
        require_inspector(caller, row)
        known = inspections.finding(work.connection, wanted.client_id)
        ours = (inspection_id, item, caller.scope.account)
        if known is not None and (known["inspection_id"], known["item"], known["account"]) != ours:
            raise _taken()
        if known is None and row["state"] != InspectionState.UNDER_WAY:
            raise not_at_that_stage()
        _check_item(checklist(row["kind"], row["checklist_version"]), item)
        done = hazards.report_within(ledger, work, caller.account_id, wanted)
        if known is None:
            _link(ledger, work, caller, row, done, item=item, finding_id=wanted.client_id)
    return Found(done.hazard, done.is_new)


def _link(
    ledger: Ledger,
    work: Writing,
    caller: Caller,
    row: RowMapping,
    done: hazards.Reported,
    *,
    item: str,
    finding_id: uuid.UUID,
) -> None:
    if not done.is_new:
        raise _taken()
    if not done.hazard["scope_path"].startswith(row["scope_path"]):
        raise InvalidInput("The place lies outside the area inspected.", remedy="Choose a place inside it.")
    values = {
        "id": finding_id,
        "inspection_id": row["id"],
        "hazard_id": done.hazard["id"],
        "item": item,
        "account": caller.scope.account,
        "at": ledger.now(),
        "scope_path": done.hazard["scope_path"],
    }
    if not inspections.add_finding(work.connection, values):
        raise _taken()
    work.note(
        "inspection.finding",
        f"inspection:{row['id']}",
        scope_path=row["scope_path"],
        hazard=str(done.hazard["id"]),
        item=item,
    )


def _check_item(items: Checklist, item: str) -> None:
    if item and items.item(item) is None:
        raise InvalidInput("The checklist has no item {item!r}.", remedy="Load the inspection again.", item=item[:40])


def _taken() -> Conflict:
    return Conflict("The identifier stands for another report.", remedy="Make a new identifier for a new report.")
