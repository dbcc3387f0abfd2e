"""Professionals assigned to villages (三官两师一员): posts by profession, counted per area; no persons."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Engine

from gis_app import paths
from gis_app.domain.errors import InvalidInput
from gis_app.domain.rights import Scope
from gis_app.services.audit import Ledger
from gis_app.storage import professionals
from gis_app.storage.engine import long_job, scoped

MOST = 99
"""Posts of one profession in one village."""


@dataclass(frozen=True)
class Profession:
    """A profession, and the office that assigns it."""

    code: str
    name_zh: str
    name_en: str
    office_zh: str
    office_en: str


@cache
def professions() -> Mapping[str, Profession]:
    """Return the professions of ``data/professions.csv`` by code."""
    with (paths.data() / "professions.csv").open(encoding="utf-8", newline="") as file:
        return {row["code"]: Profession(**row) for row in csv.DictReader(file)}


def counted(engine: Engine, scope: Scope) -> list[dict[str, Any]]:
    """Return townships with their ``posts`` and ``villages``, each with its own; all of the caller's area."""
    with scoped(engine, scope) as connection:
        rows = professionals.counts(connection)
    townships: dict[str, dict[str, Any]] = {}
    for row in rows:
        names = {"code": row["township_code"], "name_zh": row["township_zh"], "name_en": row["township_en"]}
        township = townships.setdefault(row["township_code"], {**names, "posts": Counter(), "villages": []})
        township["posts"].update(row["posts"])
        township["villages"].append(row)
    return list(townships.values())


def assign(ledger: Ledger, scope: Scope, *, village: str, profession: str, office: str, count: int) -> None:
    """Store how many posts of a profession a village has; 0 removes them.

    Raises
    ------
    InvalidInput
        If there is no such village in the caller's area, no such profession, or the number is none.
    """
    known = professions().get(profession)
    if known is None:
        raise InvalidInput("There is no profession {code!r}.", remedy="Choose one of the list.", code=profession[:40])
    if not 0 <= count <= MOST:
        raise InvalidInput("The number of posts goes from 0 to {most}.", remedy="Correct it.", most=MOST)
    with ledger.writing(scope) as work:
        path = professionals.scope_of_village(work.connection, village)
        if path is None:
            raise InvalidInput(
                "There is no village {code!r} in your area.", remedy="Use the code of a village.", code=village[:40]
            )
        office = office.strip()[:80] or known.office_zh
        professionals.set_posts(work.connection, village, profession, office=office, count=count)
        work.note("professionals.assign", f"area:{village}", scope_path=path, profession=profession, count=count)


def seed_demo(engine: Engine) -> None:
    """Give the villages of the demo city posts."""
    with long_job(engine) as connection:
        professionals.seed(connection, [(each.code, each.office_zh) for each in professions().values()])
