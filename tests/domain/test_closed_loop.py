from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis_app.domain.areas import AreaLevel
from gis_app.domain.closed_loop import Actor, HazardState, Request, apply, permitted
from gis_app.domain.errors import Conflict, Forbidden, InvalidInput, JingweiError
from gis_app.domain.hazards import Stage
from gis_app.domain.rights import Role
from gis_app.domain.transitions import DUTIES_OF, TRANSITIONS, Action, RequestKind

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
STAGES = [None, *Stage]
FIRE_BRIGADE = "fire brigade"

# Written from the definition of the loop, not from the code: at which stage, which action, by whom, leads where.
LEGAL = """
-         report             supervisor  reported
-         report             dispatcher  reported
-         report             grid_worker reported
reported  file               supervisor  filed
reported  void               supervisor  void
filed     void               supervisor  void
filed     assign             dispatcher  assigned
assigned  start              handler     handling
handling  feedback           handler     feedback
feedback  verify             supervisor  verified
feedback  rework             supervisor  handling
verified  rework             supervisor  handling
verified  close              supervisor  closed
closed    reopen             supervisor  filed
assigned  request_return     handler     assigned
handling  request_return     handler     handling
assigned  approve_return     dispatcher  filed
handling  approve_return     dispatcher  filed
assigned  refuse_return      dispatcher  assigned
handling  refuse_return      dispatcher  handling
assigned  request_extension  handler     assigned
handling  request_extension  handler     handling
assigned  approve_extension  dispatcher  assigned
handling  approve_extension  dispatcher  handling
assigned  refuse_extension   dispatcher  assigned
handling  refuse_extension   dispatcher  handling
filed     request_listing    supervisor  filed
assigned  request_listing    supervisor  assigned
handling  request_listing    supervisor  handling
feedback  request_listing    supervisor  feedback
verified  request_listing    supervisor  verified
filed     approve_listing    supervisor  filed
assigned  approve_listing    supervisor  assigned
handling  approve_listing    supervisor  handling
feedback  approve_listing    supervisor  feedback
verified  approve_listing    supervisor  verified
filed     refuse_listing     supervisor  filed
assigned  refuse_listing     supervisor  assigned
handling  refuse_listing     supervisor  handling
feedback  refuse_listing     supervisor  feedback
verified  refuse_listing     supervisor  verified
filed     lift_listing       supervisor  filed
assigned  lift_listing       supervisor  assigned
handling  lift_listing       supervisor  handling
feedback  lift_listing       supervisor  feedback
verified  lift_listing       supervisor  verified
closed    lift_listing       supervisor  closed
assigned  suspend            dispatcher  assigned
handling  suspend            dispatcher  handling
assigned  resume             dispatcher  assigned
handling  resume             dispatcher  handling
"""
DESTINATION = {tuple(line.split()[:3]): line.split()[3] for line in LEGAL.strip().splitlines()}
NEEDS_REASON = {"void", "rework", "reopen", "lift_listing", "suspend"} | {
    f"{verb}_{kind}" for verb in ("request", "refuse") for kind in ("return", "extension", "listing")
}
DECIDED = {"return": "handler", "extension": "handler", "listing": "supervisor"}


def person(role, account=None, *, level=AreaLevel.CITY, unit=None):
    return Actor(account or f"the {role}", role, level, FIRE_BRIGADE if role == "handler" and unit is None else unit)


def ready_for(stage, action):
    """A hazard at a stage in the condition that the action needs, so that only stage and role can refuse it."""
    if stage is None:
        return None
    state = HazardState(stage, version=3, responsible_unit=FIRE_BRIGADE, handlers=frozenset({"somebody else"}))
    verb, _, kind = action.partition("_")
    if verb in ("approve", "refuse"):
        asked = Request(RequestKind(kind), "who asked", AreaLevel.TOWNSHIP, NOW)
        return replace(state, requests=(asked,))
    return replace(state, is_listed=action == "lift_listing", suspended_at=NOW if action == "resume" else None)


def act(state, action, actor, **more):
    more = {"version": state.version if state else None, "reason": "seen there", "unit": FIRE_BRIGADE} | more
    return apply(state, Action(action), actor=actor, at=NOW, **more)


@pytest.mark.parametrize("action", list(Action))
def test_every_stage_and_role_may_do_what_the_loop_says_and_nothing_else(action):
    for stage in STAGES:
        for role in Role:
            state, key = ready_for(stage, action.value), (stage.value if stage else "-", action.value, role.value)
            if key in DESTINATION:
                assert act(state, action, person(role.value)).stage == DESTINATION[key], key
                assert action in permitted(state, person(role.value)), key
            else:
                with pytest.raises((Forbidden, Conflict)):
                    act(state, action, person(role.value))
                assert action not in permitted(state, person(role.value)), key


def test_the_golden_table_knows_every_action_and_duties_belong_to_known_roles():
    assert (
        {action for _, action, _ in DESTINATION}
        == {each.value for each in Action}
        == {each.value for each in TRANSITIONS}
    )
    assert set(DUTIES_OF) <= {each.value for each in Role}


def test_no_role_stands_on_both_sides_of_the_desk():
    for duties in DUTIES_OF.values():
        assert len(duties & {"supervision", "command", "handling"}) <= 1


@pytest.mark.parametrize("action", sorted(NEEDS_REASON))
@pytest.mark.parametrize("reason", ["", "  \n"])
def test_a_step_that_needs_a_reason_is_refused_without_one(action, reason):
    stage, role = next((stage, role) for stage, known, role in DESTINATION if known == action)
    with pytest.raises(InvalidInput, match="reason"):
        act(ready_for(Stage(stage), action), action, person(role), reason=reason)


def test_no_other_step_needs_a_reason():
    for stage, action, role in DESTINATION:
        if action not in NEEDS_REASON:
            act(ready_for(None if stage == "-" else Stage(stage), action), action, person(role), reason="")


def test_a_hazard_passes_through_all_stages_and_back_by_rework_and_recurrence():
    desk, command, unit = person("supervisor"), person("dispatcher"), person("handler")
    state = act(None, "report", person("grid_worker"))
    assert state == HazardState(Stage.REPORTED, version=1)
    steps = [
        *(("file", desk), ("assign", command), ("start", unit), ("feedback", unit), ("rework", desk)),
        *(("feedback", unit), ("verify", desk), ("close", desk), ("reopen", desk)),
    ]
    for action, actor in steps:
        state = act(state, action, actor)
    assert state == HazardState(Stage.FILED, version=10, handlers=frozenset({"the handler"}))


def test_somebody_who_saw_an_older_version_is_told_to_reload():
    state = ready_for(Stage.REPORTED, "file")
    for version in (2, 4, None):
        with pytest.raises(Conflict, match="changed meanwhile"):
            act(state, "file", person("supervisor"), version=version)


def test_who_may_not_do_a_thing_does_not_learn_whether_it_changed():
    with pytest.raises(Forbidden):
        act(ready_for(Stage.REPORTED, "file"), "file", person("analyst"), version=1)


@pytest.mark.parametrize("action", ["verify", "rework", "close"])
def test_the_verifier_is_neither_the_handler_nor_of_the_responsible_unit(action):
    stage = Stage.VERIFIED if action == "close" else Stage.FEEDBACK
    state = replace(ready_for(stage, action), handlers=frozenset({"li", "wang"}))
    for verifier in (person("supervisor", "wang"), person("supervisor", "zhao", unit=FIRE_BRIGADE)):
        with pytest.raises(Forbidden, match="handled"):
            act(state, action, verifier)
    assert act(state, action, person("supervisor", "zhao", unit="the desk"))


@pytest.mark.parametrize("action", ["start", "feedback", "request_return", "request_extension"])
def test_only_the_responsible_unit_handles(action):
    stage = Stage.ASSIGNED if action == "start" else Stage.HANDLING
    for stranger in (person("handler", unit="water works"), Actor("li", "handler", AreaLevel.TOWNSHIP)):
        with pytest.raises(Forbidden, match="unit"):
            act(ready_for(stage, action), action, stranger)


def test_an_assignment_names_a_unit():
    for unit in (None, "", " "):
        with pytest.raises(InvalidInput, match="unit"):
            act(ready_for(Stage.FILED, "assign"), "assign", person("dispatcher"), unit=unit)


def test_a_report_creates_and_only_a_report_does():
    with pytest.raises(Conflict):
        act(None, "file", person("supervisor"))


def test_a_moment_without_a_time_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        apply(None, Action.REPORT, actor=person("grid_worker"), at=datetime(2026, 11, 23))


@pytest.mark.parametrize("kind", ["return", "extension"])
@pytest.mark.parametrize(
    ("asker", "decider", "may"),
    [
        (AreaLevel.VILLAGE, AreaLevel.VILLAGE, False),
        (AreaLevel.VILLAGE, AreaLevel.TOWNSHIP, True),
        (AreaLevel.VILLAGE, AreaLevel.CITY, True),
        (AreaLevel.TOWNSHIP, AreaLevel.VILLAGE, False),
        (AreaLevel.TOWNSHIP, AreaLevel.TOWNSHIP, False),
        (AreaLevel.TOWNSHIP, AreaLevel.CITY, True),
        (AreaLevel.CITY, AreaLevel.TOWNSHIP, False),
        (AreaLevel.CITY, AreaLevel.CITY, True),
    ],
)
def test_the_level_above_decides_what_was_asked(kind, asker, decider, may):
    asked = act(ready_for(Stage.HANDLING, "start"), f"request_{kind}", person("handler", level=asker))
    for verb in ("approve", "refuse"):
        if may:
            assert act(asked, f"{verb}_{kind}", person("dispatcher", level=decider)).requests == ()
        else:
            with pytest.raises(Forbidden, match="level above"):
                act(asked, f"{verb}_{kind}", person("dispatcher", level=decider))


def test_listing_is_asked_for_by_one_and_approved_by_another_of_the_city():
    state = ready_for(Stage.HANDLING, "start")
    asked = act(state, "request_listing", person("supervisor", "li"))
    for wrong in (person("supervisor", "li"), person("supervisor", "wang", level=AreaLevel.TOWNSHIP)):
        with pytest.raises(Forbidden):
            act(asked, "approve_listing", wrong)
    listed = act(asked, "approve_listing", person("supervisor", "wang"))
    assert (listed.is_listed, listed.stage, listed.requests) == (True, Stage.HANDLING, ())
    with pytest.raises(Conflict, match="already"):
        act(listed, "request_listing", person("supervisor", "li"))
    with pytest.raises(Forbidden, match="city"):
        act(listed, "lift_listing", person("supervisor", level=AreaLevel.TOWNSHIP))
    assert not act(listed, "lift_listing", person("supervisor", "li")).is_listed


def test_a_refused_request_changes_nothing_but_may_be_made_again():
    state = ready_for(Stage.HANDLING, "start")
    asked = act(state, "request_extension", person("handler", level=AreaLevel.TOWNSHIP))
    with pytest.raises(Conflict, match="not decided"):
        act(asked, "request_extension", person("handler", level=AreaLevel.TOWNSHIP))
    refused = act(asked, "refuse_extension", person("dispatcher"))
    assert refused == replace(state, version=state.version + 2)
    with pytest.raises(Conflict, match="decided already"):
        act(refused, "approve_extension", person("dispatcher"))
    assert act(refused, "request_extension", person("handler")).requests


def test_a_request_lapses_where_it_can_no_longer_be_decided():
    state = ready_for(Stage.HANDLING, "start")
    for kind in ("return", "extension"):
        state = act(state, f"request_{kind}", person("handler", level=AreaLevel.TOWNSHIP))
    state = act(state, "request_listing", person("supervisor", "li"))
    given_back = act(state, "feedback", person("handler"))
    assert [each.kind for each in given_back.requests] == [RequestKind.LISTING]
    returned = act(state, "approve_return", person("dispatcher"))
    assert [each.kind for each in returned.requests] == [RequestKind.LISTING]
    assert returned.responsible_unit is None


def test_a_hazard_does_not_move_while_its_clock_is_suspended():
    state = act(ready_for(Stage.HANDLING, "start"), "suspend", person("dispatcher"))
    assert state.suspended_at == NOW
    for action, actor in (("feedback", person("handler")), ("suspend", person("dispatcher"))):
        with pytest.raises(Conflict, match="suspended"):
            act(state, action, actor)
    resumed = act(state, "resume", person("dispatcher"))
    assert resumed.suspended_at is None
    with pytest.raises(Conflict, match="not suspended"):
        act(resumed, "resume", person("dispatcher"))


PEOPLE = [
    person(role.value, f"{role.value} {number}", level=level, unit=unit)
    for role in Role
    for number, (level, unit) in enumerate(
        [(AreaLevel.CITY, None), (AreaLevel.TOWNSHIP, "water works"), (AreaLevel.VILLAGE, FIRE_BRIGADE)]
    )
]
# One account that handled hazards before it moved to the desk.
MOVED = [person("handler", "zhou", unit="water works"), person("supervisor", "zhou", unit="the desk")]
UNITS = [FIRE_BRIGADE, "water works"]
EVERYTHING = [(action, actor) for action in Action for actor in PEOPLE + MOVED]


@given(st.data())
def test_whatever_is_tried_the_loop_holds(data):
    state = act(None, "report", person("grid_worker"))
    for _ in range(data.draw(st.integers(0, 25))):
        before = state
        open_now = [(action, actor) for actor in PEOPLE + MOVED for action in permitted(before, actor)]
        wrong, somebody = data.draw(st.sampled_from(EVERYTHING))
        if (wrong, somebody) not in open_now:
            with pytest.raises(JingweiError):
                act(before, wrong, somebody)
        if not open_now:
            break
        action, actor = data.draw(st.sampled_from(open_now))
        state = act(before, action, actor, unit=data.draw(st.sampled_from(UNITS)))
        assert state.version == before.version + 1
        assert before.handlers <= state.handlers
        if state.stage in (Stage.VERIFIED, Stage.CLOSED) and state.stage != before.stage:
            assert actor.account not in state.handlers
            assert actor.unit != state.responsible_unit
        assert (state.responsible_unit is None) == (state.stage in (Stage.REPORTED, Stage.FILED, Stage.VOID))
        assert state.suspended_at is None or state.stage in (Stage.ASSIGNED, Stage.HANDLING)
        assert len({each.kind for each in state.requests}) == len(state.requests)
