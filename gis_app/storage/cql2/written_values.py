"""Values written in a filter itself, and texts without their capitals or accents."""

from __future__ import annotations

import math
from typing import Any

from sqlalchemy import Double, String, collate, false, func, literal, true
from sqlalchemy import text as sql_text

from gis_app.storage.cql2.terms import Term, refused

_ANY_SCRIPT = "und-x-icu"
"""A database of the C locale knows capitals of ASCII alone."""
_MARKS = "[\u0300-\u036f]"
"""Accents, as they stand beside their letter in the decomposed form."""


def scalar(node: Any, place: str) -> Term:
    """Return a truth, a number or a text as it stands in a filter."""
    if isinstance(node, bool):
        return Term(true() if node else false(), "boolean", node)
    if isinstance(node, int | float):
        try:
            number = float(node)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise refused(place, "the number is too large.")
        return Term(literal(number, Double()), "number", number)
    if isinstance(node, str):
        if "\x00" in node:
            raise refused(place, "a text holds a character that none has.", "Leave it out.")
        return Term(literal(node, String()), "text", node)
    raise refused(place, "this is no value.", "Compare with a text, number, boolean or time; use IS NULL for nothing.")


def folded(op: str, term: Term) -> Term:
    """Return a text without its capitals, or without its accents; a pattern stays one."""
    if op == "casei":
        return Term(func.lower(collate(term.sql, _ANY_SCRIPT)), "text", term.literal)
    decomposed = func.normalize(term.sql, sql_text("NFD"))
    return Term(func.regexp_replace(decomposed, _MARKS, "", "g"), "text", term.literal)
