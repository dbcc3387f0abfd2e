"""Townships and villages as tables list them: by their code, with the names they had in a period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import RowMapping

from gis_app.domain.areas import AreaLevel


@dataclass(frozen=True)
class NamedArea:
    """A township or village as it was called in the period."""

    code: str
    name_zh: str
    name_en: str | None

    def in_language(self, locale: str) -> str:
        """Return the name in a language, in the other one where that is missing."""
        return (self.name_en or self.name_zh) if locale == "en" else (self.name_zh or self.name_en or "")


UNPLACED = NamedArea("-", "未归属区域", "Not in any area")
"""Stands for hazards that lie in no area of the level."""


def codes_at(level: AreaLevel, rows: Sequence[RowMapping]) -> dict[int, str]:
    """Return the code of the area of a level that each area, by id, is or lies in."""
    code_of_path = {row["scope_path"]: row["code"] for row in rows if row["level"] == level}
    found: dict[int, str] = {}
    for row in rows:
        steps = row["scope_path"].split("/")
        paths = ("/".join(steps[:count]) + "/" for count in range(2, len(steps)))
        code = next((code_of_path[path] for path in paths if path in code_of_path), None)
        if code is not None:
            found[row["id"]] = code
    return found


def listed(level: AreaLevel, rows: Sequence[RowMapping], with_hazards: frozenset[str]) -> list[NamedArea]:
    """Return the areas that were there in the period or have hazards in it, by code, as they were called then."""
    named: dict[str, NamedArea] = {}
    for row in rows:
        if row["level"] == level and (row["is_valid"] or (row["code"] in with_hazards and row["code"] not in named)):
            named[row["code"]] = NamedArea(row["code"], row["name_zh"], row["name_en"])
    return [*named.values(), *([UNPLACED] if UNPLACED.code in with_hazards else [])]
