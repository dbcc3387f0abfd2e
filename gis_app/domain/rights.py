"""Rights, and the scope a caller works in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Right(StrEnum):
    """What a caller may do; routes and layers name the right they need."""

    VIEW_MAP = "view_map"
    VIEW_NAMED_TRACKS = "view_named_tracks"
    EXPORT = "export"
    IMPORT = "import"


@dataclass(frozen=True)
class Scope:
    """Who asks and from which area down.

    Parameters
    ----------
    account
        Login of the account, for the audit.
    area_path
        Scope path of the caller's area, such as ``/330381/330381001/``; empty sees nothing.
    rights
        The rights held.

    Raises
    ------
    ValueError
        If the path does not begin and end with a slash: ``/33038`` would also match ``/330381/``.
    """

    account: str
    area_path: str
    rights: frozenset[Right] = frozenset()

    def __post_init__(self) -> None:
        if self.area_path and not (self.area_path.startswith("/") and self.area_path.endswith("/")):
            raise ValueError(f"{self.area_path!r} is no scope path: it begins and ends with a slash.")
