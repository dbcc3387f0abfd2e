"""What is said of a file before it is imported: its name and kind, its columns, its rows to leave out."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import RowMapping

from gis_app.domain.errors import InvalidInput
from gis_app.importers import datums
from gis_app.importers.formats import format_name
from gis_app.importers.kinds import ImportKind
from gis_app.importers.mapping import ColumnMapping, require_usable

_NAME_SIGNS = 80


@dataclass(frozen=True)
class ImportWish:
    """A file that is to come; the client makes ``id`` once and sends it again in retries."""

    id: uuid.UUID
    kind: ImportKind
    file_name: str
    size_bytes: int
    datum: str | None = None
    file_format: str | None = None


@dataclass(frozen=True)
class ImportChoices:
    """What the importer chose for a step.

    Parameters
    ----------
    version
        Of the import as it was seen.
    columns, constants
        Header and field; field and value of all rows. No columns: by the known names.
    profile
        A name under which to keep columns, datum and format; empty for none.
    merges
        Row, and the hazard that it tells of once more: the row is not added.
    fixes
        Ids of faults of boundaries whose proposed mending is accepted.
    """

    version: int
    datum: str | None = None
    file_format: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    profile: str = ""
    is_whole: bool = False
    leaves_out_refused: bool = False
    left_out: Sequence[int] = ()
    merges: Mapping[int, uuid.UUID] = field(default_factory=dict)
    fixes: Sequence[str] = ()

    def of_check(self) -> dict[str, Any]:
        """Return how the file is to be read, as the import keeps it."""
        return {"columns": dict(self.columns), "constants": dict(self.constants), "is_whole": self.is_whole}

    def of_commit(self) -> dict[str, Any]:
        """Return what of the file is to be imported, as the import keeps it."""
        return {
            "leaves_out_refused": self.leaves_out_refused,
            "left_out": sorted(set(self.left_out)),
            "merges": {str(row): str(hazard) for row, hazard in self.merges.items()},
            "fixes": sorted(set(self.fixes)),
        }


def usable_name(given: str) -> str:
    """Return the name of a file without its folders.

    Raises
    ------
    InvalidInput
        If it is empty, hidden, too long or unprintable.
    """
    name = given.replace("\\", "/").rpartition("/")[2].strip()
    if not name or name.startswith(".") or len(name) > _NAME_SIGNS or not name.isprintable():
        raise InvalidInput(
            "The name of the file cannot be used.",
            remedy="Use at most {most} letters and digits, such as hazards.csv.",
            most=_NAME_SIGNS,
        )
    return name


def values_of_check(job: RowMapping, kind: ImportKind, choices: ImportChoices) -> dict[str, Any]:
    """Return how the file of an import is read from now on.

    Raises
    ------
    InvalidInput
        If the columns, datum or format cannot be.
    """
    if choices.columns or choices.constants:
        require_usable(ColumnMapping(choices.columns, choices.constants), kind)
    wanted = choices.file_format or job["file_format"]
    return {
        "options": choices.of_check(),
        "datum": datums.normalised(choices.datum) if choices.datum else job["datum"],
        "file_format": format_name(Path(job["file_name"]), wanted),
        "profile": choices.profile or job["profile"],
    }
