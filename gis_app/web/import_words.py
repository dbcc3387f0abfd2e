"""Words of imports: states, steps, kinds, phases, findings; and those the script of the pages says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext, lazy_gettext

from gis_app.analysis.boundary_changes import ChangeKind
from gis_app.analysis.topology import FaultKind
from gis_app.domain.imports import ImportState
from gis_app.importers.kinds import ImportKind

IMPORT_WORDS: Mapping[str, Mapping[str, Any]] = {
    "import_state": {
        ImportState.UPLOADING: lazy_gettext("file is coming in"),
        ImportState.UPLOADED: lazy_gettext("columns to be chosen"),
        ImportState.CHECKING: lazy_gettext("being checked"),
        ImportState.CHECKED: lazy_gettext("checked, not imported yet"),
        ImportState.COMMITTING: lazy_gettext("being imported"),
        ImportState.DONE: lazy_gettext("imported"),
        ImportState.FAILED: lazy_gettext("failed, nothing changed"),
        ImportState.CANCELLED: lazy_gettext("cancelled, nothing changed"),
        ImportState.UNDOING: lazy_gettext("being undone"),
        ImportState.UNDONE: lazy_gettext("undone"),
    },
    "import_kind": {
        ImportKind.HAZARDS: lazy_gettext("Hazards"),
        ImportKind.VILLAGES: lazy_gettext("Villages"),
        ImportKind.GRIDS: lazy_gettext("Grids"),
        ImportKind.FACILITIES: lazy_gettext("Facilities"),
        ImportKind.STREETS: lazy_gettext("Streets"),
        ImportKind.TRACKS: lazy_gettext("Tracks"),
        ImportKind.TEAMS: lazy_gettext("Teams"),
    },
    "import_phase": {
        "reading": lazy_gettext("Reading the file"),
        "loading": lazy_gettext("Loading the rows"),
        "writing": lazy_gettext("Setting refused rows aside"),
        "looking": lazy_gettext("Looking for doubles and gaps"),
        "undoing": lazy_gettext("Taking the import back"),
    },
    "topology": {
        FaultKind.OVERLAP: lazy_gettext("overlap"),
        FaultKind.GAP: lazy_gettext("gap"),
        FaultKind.SLIVER: lazy_gettext("sliver"),
    },
    "boundary": {
        ChangeKind.RESHAPED: lazy_gettext("boundary changed"),
        ChangeKind.SPLIT: lazy_gettext("split"),
        ChangeKind.MERGED: lazy_gettext("merged"),
        ChangeKind.REPLACED: lazy_gettext("goes on under another code"),
        ChangeKind.ENDED: lazy_gettext("ends"),
        ChangeKind.BEGUN: lazy_gettext("new"),
    },
}


def script_words() -> dict[str, Any]:
    """Return the words that the script of the pages says."""
    tables = {name: {str(key): str(value) for key, value in words.items()} for name, words in IMPORT_WORDS.items()}
    return {
        **tables,
        "uploading": gettext("Came in: {percent} %"),
        "broken": gettext("The connection broke. It goes on by itself."),
        "failed": gettext("No connection. Try again."),
        "other_file": gettext("Choose the same file again: {name}, {size} bytes."),
        "unused": gettext("not used"),
        "guessed": gettext("guessed"),
        "required": gettext("required"),
        "row": gettext("Row {row}"),
        "rows": gettext("{count} rows"),
        "shown": gettext("The first {shown} of {count} rows"),
        "missing_field": gettext("No column for: {fields}"),
        "datum_needed": gettext("The file does not say its datum. Ask whoever made it; it is never guessed."),
        "double": gettext("{number} {title}, {distance} m away, {day}"),
        "double_of_row": gettext("row {row} of this file, {distance} m away, {day}"),
        "merge": gettext("Same hazard: do not add the row"),
        "keep_both": gettext("Two hazards: keep both"),
        "fix_overlap": gettext("Leave it to {code}"),
        "fix_gap": gettext("Give it to {code}"),
        "goes_on_as": gettext("To {name}: {share} %"),
        "lost": gettext("In no area any more: {share} %"),
        "orphans": gettext(
            "{areas} areas end without a successor of the same code; {accounts} accounts, {teams} teams and "
            "{facilities} facilities belong to them and have to be given to others."
        ),
        "without_grid": gettext("{count} hazards lie in no grid; they are imported with their village alone."),
        "sure_undo": gettext("Undo the whole import? What it added goes, what it changed comes back."),
        "sure_cancel": gettext("Cancel this import? Its file is deleted; nothing was changed."),
        "nothing_new": gettext("Nothing would change: this very file was imported before."),
        "commit": gettext("Import {count} rows"),
    }
