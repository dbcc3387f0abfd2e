"""The states of an import: what may follow what."""

import pytest

from gis_app.domain.errors import Conflict
from gis_app.domain.imports import STEP_RULES, WORKING, ImportState, ImportStep, state_after, steps_from


def test_an_import_goes_from_its_file_over_a_check_to_the_commit_and_back():
    state = ImportState.UPLOADED
    for step in (ImportStep.CHECK, ImportStep.COMMIT, ImportStep.UNDO):
        state = WORKING[state_after(state, step)][0]
    assert state is ImportState.UNDONE


def test_nothing_is_committed_that_was_not_checked():
    assert STEP_RULES[ImportStep.COMMIT][0] == {ImportState.CHECKED}
    with pytest.raises(Conflict):
        state_after(ImportState.UPLOADED, ImportStep.COMMIT)


def test_an_undoing_that_fails_leaves_the_import_done():
    assert WORKING[ImportState.UNDOING][1] is ImportState.DONE


def test_what_ended_moves_no_more():
    for state in (ImportState.CANCELLED, ImportState.UNDONE):
        assert steps_from(state) == []
