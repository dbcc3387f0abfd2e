from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis_app.analysis.kpis import DESK_COLUMNS
from gis_app.analysis.loop_events import FIRST_TIME_OF, hazards_of_events
from gis_app.domain.areas import AreaLevel
from gis_app.domain.closed_loop import Actor, apply, permitted
from gis_app.domain.transitions import Action

START = datetime(2026, 11, 1, 4, 0, tzinfo=UTC)


def day(number):
    return pd.Timestamp(START + timedelta(days=number))


def log(*rows):
    table = pd.DataFrame(rows, columns=["hazard_id", "action", "at"])
    table["at"] = [START + timedelta(days=number) for number in table["at"]]
    return table


def row_of(table, hazard):
    return {name: None if pd.isna(value) else value for name, value in table.loc[hazard].items()}


def test_first_times_are_kept_whatever_comes_after():
    actions = ["report", "file", "assign", "request_return", "approve_return", "assign", "start", "feedback"]
    actions += ["rework", "feedback", "verify", "close"]
    table = hazards_of_events(log(*[("a", action, number) for number, action in enumerate(actions)]))
    assert row_of(table, "a") == {
        "stage": "closed",
        "reported_at": day(0),
        "filed_at": day(1),
        "dispatched_at": day(2),
        "returned_at": day(4),
        "handled_at": day(7),
        "reworked_at": day(8),
        "closed_at": day(11),
        "reopened_count": 0,
    }


def test_a_reopened_hazard_is_not_closed_until_it_is_closed_again():
    once = ["report", "file", "assign", "start", "feedback", "verify", "close", "reopen"]
    again = ["assign", "start", "feedback", "verify", "close"]
    table = hazards_of_events(
        log(
            *[("a", action, number) for number, action in enumerate(once)],
            *[("b", action, number) for number, action in enumerate(once + again)],
        )
    )
    assert (table.loc["a", "stage"], table.loc["b", "stage"]) == ("filed", "closed")
    assert pd.isna(table.loc["a", "closed_at"])
    assert table.loc["b", "closed_at"] == day(12)
    assert table["reopened_count"].tolist() == [1, 1]


def test_the_order_of_the_log_is_that_of_time_and_of_one_moment_that_of_the_rows():
    table = hazards_of_events(log(("a", "assign", 5), ("a", "file", 5), ("b", "file", 2), ("b", "report", 1)))
    assert table["stage"].tolist() == ["filed", "filed"]


def test_flags_move_nothing():
    table = hazards_of_events(log(("a", "report", 0), ("a", "file", 1), ("a", "request_listing", 2)))
    assert table.loc["a", "stage"] == "filed"


def test_an_empty_log_has_no_hazards_and_an_unknown_action_is_named():
    empty = hazards_of_events(log())
    assert len(empty) == 0
    assert set(FIRST_TIME_OF) < set(empty.columns)
    with pytest.raises(ValueError, match="no action dance"):
        hazards_of_events(log(("a", "dance", 0)))


def test_what_the_figures_of_the_desk_need_comes_from_the_log_or_from_the_limits():
    assert set(DESK_COLUMNS) - set(FIRST_TIME_OF) == {"discovered_by", "filing_due_at", "dispatch_due_at"}


PEOPLE = [
    Actor("first", "supervisor", AreaLevel.CITY),
    Actor("second", "supervisor", AreaLevel.CITY),
    Actor("third", "dispatcher", AreaLevel.CITY),
    Actor("fourth", "handler", AreaLevel.TOWNSHIP, "unit"),
]


@settings(max_examples=50)
@given(st.data())
def test_the_log_replayed_gives_the_stage_that_the_loop_reached(data):
    rows, stages = [], {}
    for hazard in ("a", "b", "c"):
        state = apply(None, Action.REPORT, actor=PEOPLE[0], at=START)
        rows.append((hazard, "report", 0))
        for number in range(data.draw(st.integers(0, 15))):
            open_now = [(action, actor) for actor in PEOPLE for action in permitted(state, actor)]
            if not open_now:
                break
            action, actor = data.draw(st.sampled_from(open_now))
            state = apply(state, action, actor=actor, at=START, version=state.version, reason="seen", unit="unit")
            rows.append((hazard, action.value, number + 1))
        stages[hazard] = state.stage.value
    table = hazards_of_events(log(*rows))
    assert table["stage"].to_dict() == stages
    assert (table["closed_at"].notna() == (table["stage"] == "closed")).all()
