"""Area levels and scope paths.

A scope path is the chain of area codes from the city down, each followed by a slash: ``/330381/330381001/``.
An account sees what lies at or below its own path. Codes are text of any length; a path, not a prefix of the
code, says what lies in what, because grid codes differ from place to place.
"""

from __future__ import annotations

from enum import StrEnum
from itertools import takewhile

from gis_app.domain.errors import InvalidInput


class AreaLevel(StrEnum):
    """The five levels, from the city down."""

    CITY = "city"
    TOWNSHIP = "township"
    VILLAGE = "village"
    GRID = "grid"
    MICRO_GRID = "micro_grid"


def child_path(parent_path: str, code: str) -> str:
    """Return the scope path of the area ``code`` inside ``parent_path`` (empty for a city).

    Raises
    ------
    InvalidInput
        If the code is empty or contains a slash.
    """
    if not code or "/" in code:
        raise InvalidInput("The area code {code!r} is not usable.", remedy="Use a code without a slash.", code=code)
    return f"{parent_path or '/'}{code}/"


def contains_path(scope_path: str, path: str) -> bool:
    """Return whether ``path`` lies at or below ``scope_path``; an empty scope contains nothing."""
    return bool(scope_path) and path.startswith(scope_path)


def common_path(first: str, second: str) -> str:
    """Return the path of the smallest area that contains both: what concerns both is known where both are seen."""
    both = takewhile(lambda pair: pair[0] == pair[1], zip(first.split("/"), second.split("/"), strict=False))
    return "/".join(["", *(code for code, _ in both if code), ""])
