"""Two values compared, and texts against patterns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement

from gis_app.storage.cql2 import time
from gis_app.storage.cql2.terms import Term, refused, require_kind

COMPARISONS: Mapping[str, Callable[[Any, Any], ColumnElement[bool]]] = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
_ORDERED = ("text", "number", "moment", "date")


def compared(op: str, first: Term, second: Term, place: str) -> ColumnElement[bool]:
    """Return a comparison of two values of one kind; a day and a moment are compared as moments."""
    kinds = {first.kind, second.kind}
    if kinds == {"moment", "date"}:
        return COMPARISONS[op](time.moment_sql(first), time.moment_sql(second))
    usable = len(kinds) == 1 and (first.kind in _ORDERED or (first.kind == "boolean" and op in ("=", "<>")))
    if not usable:
        raise refused(
            place,
            "{first} and {second} cannot be compared with {op}.",
            "Look at the queryables for the type of each property.",
            first=first.kind,
            second=second.kind,
            op=op,
        )
    return COMPARISONS[op](first.sql, second.sql)


def like(terms: Sequence[Term], place: str) -> ColumnElement[bool]:
    """Return whether a text fits a pattern, which is a text written in the filter itself."""
    for number, term in enumerate(terms):
        require_kind(term, ("text",), f"{place}/args/{number}", "like")
    pattern = terms[1].literal
    if not isinstance(pattern, str):
        raise refused(f"{place}/args/1", "the pattern of `like` is a text.", "Write LIKE 'Rui%'.")
    if (len(pattern) - len(pattern.rstrip("\\"))) % 2:
        raise refused(f"{place}/args/1", "the pattern ends with a single backslash.", "Double it.")
    return terms[0].sql.like(terms[1].sql)
