"""Data sets that an account brings itself: their columns, how much an account may keep, and what they are called."""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

PREFIX = "ws-"
"""What the names of their collections begin with; no layer of the map is called so."""
LONGEST_NAME_BYTES = 60
"""PostgreSQL cuts a column's name after 63 bytes."""
RESERVED = frozenset(
    {
        *("id", "geom", "is_synthetic", "lang", "f"),
        *("and", "or", "not", "like", "between", "in", "is", "null", "true", "false", "div"),
    }
)
"""What a feature or an address says itself, and what a filter's text does not take for a name."""
_NO_WORD = re.compile(r"\W+")


class ValueKind(StrEnum):
    """What the values of a column are."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    MOMENT = "moment"
    DATE = "date"


@dataclass(frozen=True)
class DataColumn:
    """A column: its name in filters and answers, its header in the file, and what its values are."""

    name: str
    title: str
    kind: ValueKind


@dataclass(frozen=True)
class Quota:
    """How much an account may keep."""

    datasets: int = 20
    features: int = 200_000
    file_bytes: int = 32 * 2**20


def collection_id(dataset: uuid.UUID) -> str:
    """Return the name of a data set's collection."""
    return f"{PREFIX}{dataset}"


def dataset_of(collection: str) -> uuid.UUID | None:
    """Return the data set that a collection's name stands for, None if it stands for none."""
    try:
        found = uuid.UUID(collection.removeprefix(PREFIX))
    except ValueError:
        return None
    return found if collection == collection_id(found) else None


def property_names(headers: Iterable[str]) -> dict[str, str]:
    """Return for each header the name of its property: letters, digits and underscores, none beside it but for case."""
    names: dict[str, str] = {}
    taken = set(RESERVED)
    for header in headers:
        plain = _NO_WORD.sub("_", unicodedata.normalize("NFKC", header)).strip("_") or "column"
        base = _cut(plain if plain[0].isalpha() else f"column_{plain}")
        name, number = base, 2
        while name.lower() in taken:
            name, number = f"{base}_{number}", number + 1
        taken.add(name.lower())
        names[header] = name
    return names


def _cut(name: str) -> str:
    """Return a name without what is too long, and room for a number behind it."""
    return name.encode()[: LONGEST_NAME_BYTES - 4].decode(errors="ignore")
