"""Where alerts are gathered and where they go when they are escalated."""

import pytest

from gis_app.domain.alerts import STEPS, AlertState, AlertStep, desk_above, part_of


@pytest.mark.parametrize(
    ("rule", "place", "part"),
    [
        ("/c/", "/c/t1/v1/g1/", "/c/t1/"),
        ("/c/t1/", "/c/t1/v1/g1/", "/c/t1/v1/"),
        ("/c/t1/v1/", "/c/t1/v1/g1/", "/c/t1/v1/g1/"),
        ("/c/t1/", "/c/t1/", "/c/t1/"),
    ],
)
def test_an_alert_gathers_one_part_of_the_area_of_its_rule(rule, place, part):
    assert part_of(rule, place) == part


def test_an_alert_goes_up_desk_by_desk_and_stays_at_the_citys():
    assert [desk_above(path) for path in ("/c/t/v/", "/c/t/", "/c/")] == ["/c/t/", "/c/", "/c/"]


def test_every_step_but_reopening_is_for_alerts_that_wait():
    assert all(AlertState.CLOSED not in states for step, (states, _) in STEPS.items() if step is not AlertStep.REOPEN)
    assert STEPS[AlertStep.REOPEN] == (frozenset({AlertState.CLOSED}), AlertState.OPEN)
    assert STEPS.keys() == set(AlertStep)
