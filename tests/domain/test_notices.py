"""Who is told: those who can take the next step, and nobody who cannot."""

from gis_app.domain.areas import AreaLevel
from gis_app.domain.hazards import ENDED_STAGES
from gis_app.domain.notices import AUDIENCES, levels_told
from gis_app.domain.transitions import TRANSITIONS, Action, Rule

CITY, TOWNSHIP, VILLAGE = AreaLevel.CITY, AreaLevel.TOWNSHIP, AreaLevel.VILLAGE


def test_after_every_step_to_another_stage_somebody_who_can_go_on_is_told():
    told_of = 0
    for action, row in TRANSITIONS.items():
        if row.target is None or row.target in ENDED_STAGES or action is Action.START:
            continue  # who starts goes on by themselves
        following = {other.duty for other in TRANSITIONS.values() if row.target in other.origins and other.target}
        assert AUDIENCES[action].duties <= following, action
        assert AUDIENCES[action].duties, action
        told_of += 1
    assert told_of == 8


def test_what_is_asked_for_is_told_to_those_who_decide():
    for row in TRANSITIONS.values():
        if row.asks is None:
            continue
        deciders = [other for other in TRANSITIONS.values() if other.decides is row.asks]
        assert AUDIENCES[row.action].duties == {other.duty for other in deciders}
        assert AUDIENCES[row.action].above
        assert all(Rule.LEVEL_ABOVE in other.rules for other in deciders)


def test_a_request_reaches_the_levels_above_and_a_listing_only_the_city():
    assert levels_told(Action.REQUEST_EXTENSION, VILLAGE) == (CITY, TOWNSHIP)
    assert levels_told(Action.REQUEST_EXTENSION, TOWNSHIP) == (CITY,)
    assert levels_told(Action.REQUEST_EXTENSION, CITY) == (CITY,)
    assert levels_told(Action.REQUEST_LISTING, VILLAGE) == (CITY,)
    assert levels_told(Action.FILE, CITY) == (CITY, TOWNSHIP, VILLAGE)


def test_an_end_is_told_to_programs_alone():
    assert levels_told(Action.CLOSE, CITY) == ()
    assert levels_told(Action.VOID, CITY) == ()
