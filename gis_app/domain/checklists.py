"""Checklists of inspections: versioned items with their answers, and the hazards that a "no" becomes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from gis_app.domain.duties import InspectionKind
from gis_app.domain.errors import InvalidInput
from gis_app.domain.hazards import Severity

YES, NO, NOT_APPLICABLE = "yes", "no", "not_applicable"
GREATEST_NUMBER = 1_000_000


class ItemKind(StrEnum):
    """What an item asks for; "not applicable" answers both."""

    YES_NO = "yes_no"
    NUMBER = "number"


@dataclass(frozen=True)
class Item:
    """One question; a "no" to one with a ``category`` has to be reported as a hazard of it."""

    key: str
    kind: ItemKind
    text_zh: str
    text_en: str
    unit_zh: str = ""
    unit_en: str = ""
    category: str = ""
    severity: Severity = Severity.GENERAL


@dataclass(frozen=True)
class Checklist:
    """The items of a kind of inspection; a version never changes once it was used."""

    kind: InspectionKind
    version: int
    title_zh: str
    title_en: str
    items: Sequence[Item]

    def item(self, key: str) -> Item | None:
        """Return the item of a key, None if there is none."""
        return next((item for item in self.items if item.key == key), None)


def checklist_of(table: Mapping[str, Any], *, source: str) -> Checklist:
    """Return the checklist of a table as ``data/checklists/*.toml`` hold one.

    Raises
    ------
    InvalidInput
        If it is not usable; names the ``source``.
    """
    try:
        made = Checklist(
            kind=InspectionKind(table["kind"]),
            version=int(table["version"]),
            title_zh=str(table["title"]["zh"]),
            title_en=str(table["title"]["en"]),
            items=tuple(_item(row) for row in table["item"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _unusable(source, str(error)) from None
    if not made.items or len({item.key for item in made.items}) < len(made.items):
        raise _unusable(source, "each item needs a key of its own")
    return made


def _item(row: Mapping[str, Any]) -> Item:
    unit, hazard = row.get("unit", {}), row.get("hazard", {})
    kind = ItemKind(row["kind"])
    if hazard and kind is not ItemKind.YES_NO:
        raise ValueError(f"{row['key']} is no question of yes and no")
    return Item(
        key=str(row["key"]),
        kind=kind,
        text_zh=str(row["text"]["zh"]),
        text_en=str(row["text"]["en"]),
        unit_zh=str(unit.get("zh", "")),
        unit_en=str(unit.get("en", "")),
        category=str(hazard["category"]) if hazard else "",
        severity=Severity(hazard["severity"]) if hazard else Severity.GENERAL,
    )


def _unusable(source: str, reason: str) -> InvalidInput:
    return InvalidInput(
        "The checklist {source} is not usable: {reason}.",
        remedy="Correct it as data/checklists/night_check-1.toml explains.",
        source=source,
        reason=reason,
    )


def newest_checklist(known: Iterable[Checklist], kind: InspectionKind) -> Checklist:
    """Return the newest version for a kind of inspection.

    Raises
    ------
    InvalidInput
        If there is none.
    """
    versions = [each for each in known if each.kind is kind]
    if not versions:
        raise _unusable(f"{kind.value}-1.toml", "there is none")
    return max(versions, key=lambda each: each.version)


def check_answers(checklist: Checklist, answers: Mapping[str, Any]) -> None:
    """Refuse answers that fit no item.

    Raises
    ------
    InvalidInput
        If there is no such item, or the answer is none of its kind; names the item.
    """
    for key, answer in answers.items():
        item = checklist.item(key)
        if item is None:
            raise InvalidInput(
                "The checklist has no item {item!r}.", remedy="Load the inspection again.", item=str(key)[:40]
            )
        if answer != NOT_APPLICABLE and not _fits(item, answer):
            raise InvalidInput(
                "{answer!r} is no answer to the item {item!r}.",
                remedy="Answer yes, no or not applicable, or with a number from 0.",
                answer=str(answer)[:40],
                item=item.key,
            )


def _fits(item: Item, answer: Any) -> bool:
    if item.kind is ItemKind.YES_NO:
        return answer in (YES, NO) if isinstance(answer, str) else False
    is_number = isinstance(answer, int | float) and not isinstance(answer, bool)
    return is_number and math.isfinite(answer) and 0 <= answer <= GREATEST_NUMBER


def unanswered(checklist: Checklist, answers: Mapping[str, Any]) -> list[str]:
    """Return the keys of the items that have no answer, in their order."""
    return [item.key for item in checklist.items if item.key not in answers]


def to_report(checklist: Checklist, answers: Mapping[str, Any], reported: Iterable[str]) -> list[str]:
    """Return the keys of the items whose "no" is a hazard that was not reported yet, in their order."""
    known = set(reported)
    return [
        item.key for item in checklist.items if item.category and answers.get(item.key) == NO and item.key not in known
    ]
