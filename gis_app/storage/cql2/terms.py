"""What a part of a filter is: SQL and the kind of its values."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import ColumnElement

from gis_app.domain.errors import InvalidInput

KINDS = ("text", "number", "boolean", "moment", "date", "geometry", "array", "null")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?([Zz]|[+-]\d\d:?\d\d)?")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True)
class Term:
    """An operand.

    Parameters
    ----------
    kind
        One of ``KINDS``; of a geometry, ``sql`` is in EPSG:4326.
    literal
        The value where it stands in the filter, None for properties and what is made of them.
    """

    sql: ColumnElement[Any]
    kind: str
    literal: Any = None


def refused(place: str, what: str, remedy: str = "", **values: Any) -> InvalidInput:
    """Return the error for a part of a filter; ``place`` is its JSON pointer."""
    return InvalidInput("The filter is wrong at {place}: " + what, remedy=remedy, place=place or "/", **values)


def require_kind(term: Term, kinds: tuple[str, ...], place: str, op: str) -> Term:
    """Return the term if it is of one of the kinds."""
    if term.kind not in kinds:
        raise refused(
            place,
            "{op} takes {wanted}, not {kind}.",
            "Look at the queryables for the type of each property.",
            op=op,
            wanted=" / ".join(kinds),
            kind=term.kind,
        )
    return term


def day_of(value: Any, place: str) -> date:
    """Return a day that is written as 2026-11-23."""
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise refused(place, "{value!r} is no day.", "Write it as DATE('2026-11-23').", value=str(value)[:40])


def moment_of(value: Any, place: str) -> datetime:
    """Return a moment that is written as 2026-11-23T08:00:00Z; one without a zone is of UTC."""
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        try:
            made = datetime.fromisoformat(value.upper().replace(" ", "T"))
            # In any zone it has to lie in the years 1 to 9999.
            return (made if made.tzinfo else made.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise refused(
        place, "{value!r} is no moment.", "Write it as TIMESTAMP('2026-11-23T08:00:00Z').", value=str(value)[:40]
    )
