"""Compliance with duties, counted by hand."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from gis_app.analysis.duty_compliance import MadeInspection, OwingArea, compliance, tally
from gis_app.domain.areas import AreaLevel
from gis_app.domain.duties import Duty, DutyState, InspectionKind, Interval
from gis_app.domain.periods import TimeWindow

EVER = date(2020, 1, 1)
WEEKLY = Duty(
    *("weekly", "夜查", "Night check", InspectionKind.NIGHT_CHECK, Interval.WEEK),
    *(AreaLevel.VILLAGE, AreaLevel.TOWNSHIP, 3, EVER),
)
MONTHLY = Duty(
    *("monthly", "巡查", "Inspection", InspectionKind.MONTHLY, Interval.MONTH),
    *(AreaLevel.TOWNSHIP, AreaLevel.CITY, 7, EVER),
)
JUNE = TimeWindow(date(2026, 6, 1), date(2026, 6, 28))
"""Four whole weeks, W23 to W26."""
LATER = date(2026, 8, 1)


def area(code="v1", since=EVER, until=None):
    return OwingArea(code, [(since, until)])


def made(day, planned_for=None, *, area="v1", id="i"):
    return MadeInspection(id, area, planned_for or day, day)


def states(rows):
    return [row.state.value for row in rows]


def test_a_week_without_a_check_is_missed_and_one_with_a_check_is_done():
    done = [made(date(2026, 6, 3)), made(date(2026, 6, 14)), made(date(2026, 6, 22))]
    rows = compliance(WEEKLY, [area()], done, window=JUNE, today=LATER)
    assert states(rows) == ["done", "done", "missed", "done"]
    assert [row.made.day if row.made else None for row in rows] == [each.day for each in done[:2]] + [
        None,
        done[2].day,
    ]
    assert [row.period.first_day.day for row in rows] == [1, 8, 15, 22]


def test_a_check_made_up_in_the_next_week_is_late_and_does_not_count_for_that_week_too():
    rows = compliance(WEEKLY, [area()], [made(date(2026, 6, 15), date(2026, 6, 14))], window=JUNE, today=LATER)
    assert states(rows) == ["missed", "late", "missed", "missed"]


def test_a_check_that_makes_up_does_not_displace_one_made_in_time():
    both = [made(date(2026, 6, 13), id="a"), made(date(2026, 6, 15), date(2026, 6, 14), id="b")]
    rows = compliance(WEEKLY, [area()], both[::-1], window=JUNE, today=LATER)
    assert states(rows) == ["missed", "done", "missed", "missed"]
    assert rows[1].made.id == "a"


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        (date(2026, 6, 7), ["due", "not_yet_due", "not_yet_due", "not_yet_due"]),
        (date(2026, 6, 8), ["missed", "not_yet_due", "not_yet_due", "not_yet_due"]),
        (date(2026, 6, 11), ["missed", "not_yet_due", "not_yet_due", "not_yet_due"]),
        (date(2026, 6, 12), ["missed", "due", "not_yet_due", "not_yet_due"]),
        (date(2026, 6, 28), ["missed", "missed", "missed", "due"]),
        (date(2026, 6, 29), ["missed", "missed", "missed", "missed"]),
    ],
)
def test_what_is_not_done_has_time_then_is_due_in_the_last_three_days_then_missed(today, expected):
    assert states(compliance(WEEKLY, [area()], [], window=JUNE, today=today)) == expected


def test_what_happens_after_the_day_is_not_known_on_it():
    done = [made(date(2026, 6, 13))]
    rows = compliance(WEEKLY, [area()], done, window=JUNE, today=date(2026, 6, 12))
    assert rows[1].state is DutyState.DUE


def test_the_week_in_which_the_year_changes_is_owed_once():
    turn = TimeWindow(date(2026, 12, 21), date(2027, 1, 10))
    rows = compliance(WEEKLY, [area()], [made(date(2027, 1, 1))], window=turn, today=LATER.replace(year=2027))
    assert states(rows) == ["missed", "done", "missed"]
    assert rows[1].period == TimeWindow(date(2026, 12, 28), date(2027, 1, 3))


def test_a_village_created_in_mid_month_owes_from_the_week_it_is_there_for_at_least_half():
    # W24 is 8 to 14 June: there from Wednesday are 5 of 7 days, from Friday 3.
    from_wednesday = compliance(WEEKLY, [area(since=date(2026, 6, 10))], [], window=JUNE, today=LATER)
    assert [row.period.first_day.day for row in from_wednesday] == [8, 15, 22]
    from_friday = compliance(WEEKLY, [area(since=date(2026, 6, 12))], [], window=JUNE, today=LATER)
    assert [row.period.first_day.day for row in from_friday] == [15, 22]


def test_of_a_village_and_its_successor_one_owes_the_week_between():
    change = date(2026, 6, 11)
    both = [area("old", until=change), area("new", since=change)]
    rows = compliance(WEEKLY, both, [], window=TimeWindow(date(2026, 6, 8), date(2026, 6, 14)), today=LATER)
    assert [row.area for row in rows] == ["new"]  # 3 days against 4


def test_a_boundary_that_was_redrawn_leaves_the_duty_as_it_was():
    redrawn = OwingArea("v1", [(EVER, date(2026, 6, 11)), (date(2026, 6, 11), None)])
    rows = compliance(WEEKLY, [redrawn], [made(date(2026, 6, 9))], window=JUNE, today=LATER)
    assert states(rows) == ["missed", "done", "missed", "missed"]


def test_a_township_of_half_a_month_owes_the_month_and_of_less_does_not():
    window = TimeWindow(date(2026, 6, 1), date(2026, 6, 30))
    assert len(compliance(MONTHLY, [area(since=date(2026, 6, 16))], [], window=window, today=LATER)) == 1
    assert compliance(MONTHLY, [area(since=date(2026, 6, 17))], [], window=window, today=LATER) == []


def test_a_duty_holds_for_the_periods_that_begin_while_it_does():
    dated = replace(WEEKLY, valid_from=date(2026, 6, 9), valid_to=date(2026, 6, 22))
    rows = compliance(dated, [area()], [], window=JUNE, today=LATER)
    assert [row.period.first_day.day for row in rows] == [15]


def test_rates_count_ended_periods_only_and_nothing_owed_is_no_data():
    done = [
        made(date(2026, 6, 3)),
        made(date(2026, 6, 17), date(2026, 6, 14)),
        made(date(2026, 6, 22)),
        made(date(2026, 6, 2), area="v2"),
    ]
    rows = compliance(WEEKLY, [area("v1"), area("v2")], done, window=JUNE, today=date(2026, 6, 26))
    assert states(rows) == ["done", "late", "missed", "done", "done", "missed", "missed", "due"]
    counted = tally(rows)
    assert (counted.owed, counted.on_time, counted.late, counted.missed) == (6, 2, 1, 3)
    assert (counted.done_early, counted.due, counted.not_yet_due) == (1, 1, 0)
    assert counted.on_time_rate == pytest.approx(1 / 3)
    assert counted.done_rate == pytest.approx(1 / 2)
    assert tally([]).on_time_rate is None
    assert tally(rows[3:4]).done_rate is None


def test_the_figures_of_a_year_come_out_the_same_whatever_is_known_of_the_next():
    year = TimeWindow(date(2025, 1, 1), date(2025, 12, 28))
    done = [made(EVER.replace(year=2025) + timedelta(days=7 * week), id=str(week)) for week in range(0, 52, 2)]
    before = compliance(WEEKLY, [area()], done, window=year, today=date(2026, 1, 10))
    later = [*done, made(date(2026, 5, 1), id="later")]
    assert compliance(WEEKLY, [area()], later, window=year, today=date(2026, 6, 1)) == before
    assert tally(before).owed == 52
