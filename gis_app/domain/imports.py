"""The states of an import from the first piece of its file to its undoing: one table of what may follow what."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from gis_app.domain.errors import Conflict


class ImportState(StrEnum):
    """Where an import stands."""

    UPLOADING = "uploading"
    UPLOADED = "uploaded"
    CHECKING = "checking"
    CHECKED = "checked"
    COMMITTING = "committing"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNDOING = "undoing"
    UNDONE = "undone"


class ImportStep(StrEnum):
    """What a person may ask of an import."""

    CHECK = "check"
    COMMIT = "commit"
    CANCEL = "cancel"
    UNDO = "undo"


_S = ImportState
STEP_RULES: Mapping[ImportStep, tuple[frozenset[ImportState], ImportState]] = MappingProxyType(
    {
        ImportStep.CHECK: (frozenset({_S.UPLOADED, _S.CHECKED, _S.FAILED}), _S.CHECKING),
        ImportStep.COMMIT: (frozenset({_S.CHECKED}), _S.COMMITTING),
        ImportStep.CANCEL: (
            frozenset({_S.UPLOADING, _S.UPLOADED, _S.CHECKING, _S.CHECKED, _S.COMMITTING, _S.FAILED}),
            _S.CANCELLED,
        ),
        ImportStep.UNDO: (frozenset({_S.DONE}), _S.UNDOING),
    }
)
"""From which states a step may be asked for, and the state it leads to."""
WORKING: Mapping[ImportState, tuple[ImportState, ImportState]] = MappingProxyType(
    {
        _S.CHECKING: (_S.CHECKED, _S.FAILED),
        _S.COMMITTING: (_S.DONE, _S.FAILED),
        _S.UNDOING: (_S.UNDONE, _S.DONE),
    }
)
"""States in which a worker is to do something: the state it leads to, and the one when it cannot be done."""
IN_HAND = frozenset({_S.UPLOADING, _S.UPLOADED, _S.CHECKING, _S.CHECKED, _S.COMMITTING, _S.FAILED})
"""States in which the file is still needed."""


def state_after(state: ImportState, step: ImportStep) -> ImportState:
    """Return the state that a step leads to.

    Raises
    ------
    Conflict
        If it does not lead on from this state.
    """
    known, after = STEP_RULES[step]
    if state not in known:
        raise Conflict("The import has moved on: this step does not follow any more.", remedy="Load the page again.")
    return after


def steps_from(state: ImportState) -> list[ImportStep]:
    """Return the steps that may be asked for in a state."""
    return [step for step, (known, _) in STEP_RULES.items() if state in known]
