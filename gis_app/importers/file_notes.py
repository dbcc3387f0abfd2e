"""What the importer of a file should know of it, though nothing is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gis_app.importers.records import FileFacts
from gis_app.importers.table import Table


@dataclass(frozen=True)
class Note:
    """Something the importer of a file should know, though nothing is wrong."""

    template: str
    params: Mapping[str, object] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The note in English."""
        return self.template.format(**self.params)


def notes_of(table: Table, facts: FileFacts) -> tuple[Note, ...]:
    """Return the notes on a file whose rows were read: of the whole, and of its columns."""
    notes = list(file_notes(facts))
    if not facts.has_places:
        notes.append(Note("Rows lie at a point inside the village or grid they name."))
    unused = table.unused_headers
    if not facts.has_places:
        unused = {name for name in unused if name not in table.place_columns}
    if unused:
        notes.append(Note("Columns that were not used: {names}.", {"names": ", ".join(sorted(unused))}))
    return tuple(notes)


def file_notes(facts: FileFacts) -> tuple[Note, ...]:
    """Return what a reader noted of the file as a whole."""
    notes = [Note(template, params) for template, params in facts.notes]
    if facts.dropped_heights:
        notes.append(Note("Heights were left out: {count} positions had one.", {"count": facts.dropped_heights}))
    if facts.encoding == "gb18030":
        notes.append(Note("The file was read as GB18030 (GBK) text."))
    return tuple(notes)
