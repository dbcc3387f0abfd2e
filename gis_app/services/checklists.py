"""The checklists and duties that ship as data."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from functools import cache

from gis_app import paths
from gis_app.domain.checklists import Checklist, checklist_of
from gis_app.domain.duties import Duty, InspectionKind, duties_of


@cache
def checklists() -> Sequence[Checklist]:
    """Return every version of every checklist of ``data/checklists``."""
    files = sorted((paths.data() / "checklists").glob("*.toml"))
    return tuple(checklist_of(tomllib.loads(file.read_text("utf-8")), source=file.name) for file in files)


def checklist(kind: str, version: int) -> Checklist:
    """Return one version; of one that is gone, what is left: an empty list, so that old inspections can be read."""
    found = (each for each in checklists() if each.kind == kind and each.version == version)
    return next(found, Checklist(InspectionKind(kind), version, "", "", ()))


@cache
def duties() -> Sequence[Duty]:
    """Return the duties of ``data/duties.toml``."""
    return duties_of(tomllib.loads((paths.data() / "duties.toml").read_text("utf-8")))
