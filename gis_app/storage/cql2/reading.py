"""Filters as they are sent, read into the JSON form of CQL2."""

from __future__ import annotations

import json
import re
from typing import Any

import cql2

from gis_app.domain.errors import InvalidInput

LONGEST = 16_000
"""Characters of a filter."""
_PLACE = re.compile(r"-->\s*(\d+):(\d+)")


def read_text(text: str) -> Any:
    """Return the JSON form of a filter in the text form.

    Raises
    ------
    InvalidInput
        If it is none; names line and column.
    """
    _require_short(text)
    try:
        return cql2.parse_text(text).to_json()
    except cql2.ParseError as error:
        found = _PLACE.search(str(error))
        line, column = (int(found[1]), int(found[2])) if found else (1, 1)
        raise InvalidInput(
            "The filter is no CQL2 text: it goes wrong at line {line}, column {column}: {near!r}",
            remedy="See docs/ogc_api.md for its grammar.",
            line=line,
            column=column,
            near=_near(text, line, column),
        ) from None
    except (cql2.ValidationError, RecursionError, ValueError):
        raise _no_filter() from None


def read_json(text: str) -> Any:
    """Return a filter in the JSON form.

    Raises
    ------
    InvalidInput
        If it is none.
    """
    _require_short(text)
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise InvalidInput(
            "The filter is no JSON: it goes wrong at line {line}, column {column}: {near!r}",
            remedy="Send CQL2 JSON, or set filter-lang=cql2-text.",
            line=error.lineno,
            column=error.colno,
            near=_near(text, error.lineno, error.colno),
        ) from None
    except (RecursionError, ValueError):
        raise _no_filter() from None


def _near(text: str, line: int, column: int) -> str:
    lines = text.splitlines() or [""]
    return lines[min(line, len(lines)) - 1][max(0, column - 1) :][:30]


def _refuse_constant(name: str) -> float:
    raise ValueError(name)


def _require_short(text: str) -> None:
    if len(text) > LONGEST:
        raise InvalidInput("The filter has {count} characters.", remedy="Keep it under 16,000.", count=len(text))


def _no_filter() -> InvalidInput:
    return InvalidInput("The filter cannot be read.", remedy="Make it simpler.")
