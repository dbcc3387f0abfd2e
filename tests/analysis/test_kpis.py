from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis_app.analysis.kpis import KPIS, hazard_times
from gis_app.domain.periods import TimeWindow

NOVEMBER = TimeWindow(date(2026, 11, 1), date(2026, 11, 30))
NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)


def november(day):
    return None if day is None else datetime(2026, 11, 1, 4, 0, tzinfo=UTC) + timedelta(days=day - 1)


def table(*rows):
    """Rows of stage, day discovered, day due, day closed; days of November, below 1 in October."""
    columns = ("stage", "discovered_at", "due_at", "closed_at")
    frame = pd.DataFrame([(stage, *map(november, days)) for stage, *days in rows], columns=columns)
    for column in columns[1:]:
        frame[column] = pd.to_datetime(frame[column], utc=True)
    return hazard_times(frame)


GOLDEN = table(
    ("closed", 1, 5, 4),  #  0 due, closed on time
    ("closed", 1, 5, 5),  #  1 due, closed on the very deadline: on time
    ("closed", 1, 5, 8),  #  2 due, closed late
    ("handling", 1, 10, None),  #  3 due, still open: overdue
    ("handling", 15, 25, None),  #  4 not due yet: open
    ("closed", 10, 28, 12),  #  5 closed well before it was due: not yet due to be closed
    ("void", 1, 5, None),  #  6 void: in no figure
    ("filed", 19, None, None),  #  7 not assigned, no clock: open, not overdue
    ("closed", -20, -10, 2),  #  8 due in October, closed late in November
    ("closed", 1, None, 3),  #  9 closed without ever having had a deadline
    ("closed", 1, 18, 22),  # 10 due, closed only after the moment asked about: open then, overdue
    ("reported", 21, None, None),  # 11 not known yet at the moment asked about
)


def desk_table(*rows):
    """Rows of stage, way of discovery, and days of November: filed, to be filed by, dispatched, to be dispatched by,
    first feedback, first rework, first return."""
    names = [
        "filed_at",
        "filing_due_at",
        "dispatched_at",
        "dispatch_due_at",
        "handled_at",
        "reworked_at",
        "returned_at",
    ]
    frame = pd.DataFrame(
        [(stage, way, *map(november, days)) for stage, way, *days in rows], columns=["stage", "discovered_by", *names]
    )
    for column in (*names, "discovered_at", "due_at", "closed_at"):
        frame[column] = pd.to_datetime(frame.get(column), utc=True)
    return hazard_times(frame)


DESK = desk_table(
    ("closed", "patrol", 2, 3, 4, 5, 8, None, None),  #     0 all in time, done at once
    ("closed", "inspection", 3, 3, 6, 6, 9, 10, None),  #   1 on the very limits: in time; an inspection's; reworked
    ("handling", "resident", 5, 4, 8, 7, None, None, 9),  # 2 filed late, dispatched late, returned
    ("void", "inspection", 4, 5, None, None, None, None, None),  # 3 filed in time, then void: no miss
    ("void", "sensor", 6, 5, 7, 8, 9, 10, 8),  #            4 void: among the filed, in nothing of dispatch and handling
    ("filed", "hotline", 7, None, None, 9, None, None, None),  # 5 no limit of filing; due for dispatch, not dispatched
    ("filed", "patrol", 19, 20, None, 25, None, None, None),  # 6 not yet due for dispatch
    ("reported", "inspection", None, 5, None, None, None, None, None),  # 7 not filed: no figure has it
    ("closed", "inspection", -5, -4, -3, -3, 2, 3, None),  # 8 filed and dispatched in October, handled in November
    ("feedback", "patrol", 8, 9, 10, 12, 15, 22, 23),  #    9 reworked and returned only after the moment asked about
    ("assigned", "patrol", 22, 23, 23, 24, None, None, None),  # 10 filed only after the moment asked about
)


@pytest.mark.parametrize(
    ("name", "counted", "among"),
    [
        ("rework_rate", [1, 8], [0, 1, 8, 9]),
        ("missed_report_rate", [1], [0, 1, 2, 3, 4, 5, 6, 9]),
        ("on_time_filing_rate", [0, 1, 3, 6, 9], [0, 1, 2, 3, 4, 6, 9]),
        ("accurate_filing_rate", [0, 1, 2, 5, 6, 9], [0, 1, 2, 3, 4, 5, 6, 9]),
        ("on_time_dispatch_rate", [0, 1, 9], [0, 1, 2, 5, 9]),
        ("accurate_dispatch_rate", [0, 1, 5, 9], [0, 1, 2, 5, 9]),
    ],
)
def test_every_figure_of_the_desk_counts_the_cases_that_the_definition_names(name, counted, among):
    figure = KPIS[name](DESK, NOW, window=NOVEMBER)
    assert np.nonzero(figure.numerator)[0].tolist() == counted
    assert np.nonzero(figure.denominator)[0].tolist() == among
    assert figure.value == pytest.approx(len(counted) / len(among))


def test_speed_and_accuracy_of_filing_and_of_dispatch_are_four_different_figures():
    # Of five: four filed in time, three not void, so also three due for dispatch; two dispatched in time, one returned.
    desk = desk_table(
        ("closed", "patrol", 2, 3, 4, 5, 8, None, None),
        ("closed", "patrol", 2, 3, 4, 5, 8, None, None),
        ("handling", "patrol", 2, 3, 6, 5, None, None, 7),
        ("void", "patrol", 2, 3, None, None, None, None, None),
        ("void", "patrol", 4, 3, None, None, None, None, None),
    )
    values = {name: KPIS[name](desk, NOW, window=NOVEMBER).value for name in KPIS if "filing" in name}
    assert values == {"on_time_filing_rate": 4 / 5, "accurate_filing_rate": 3 / 5}
    late = desk_table(
        *[("closed", "patrol", 2, 3, 4, 5, 8, None, None)] * 2,
        ("handling", "patrol", 2, 3, 6, 5, None, None, 7),
        ("handling", "patrol", 2, 3, 6, 5, None, None, None),
    )
    values = {name: KPIS[name](late, NOW, window=NOVEMBER).value for name in KPIS if "dispatch" in name}
    assert values == {"on_time_dispatch_rate": 2 / 4, "accurate_dispatch_rate": 3 / 4}


def test_a_frame_without_the_desk_has_no_data_for_it_and_half_a_desk_is_refused():
    assert KPIS["accurate_filing_rate"](GOLDEN, NOW, window=NOVEMBER).value is None
    with pytest.raises(ValueError, match="no column discovered_by, dispatch_due_at"):
        hazard_times(pd.DataFrame({"stage": [], "discovered_at": [], "due_at": [], "closed_at": [], "filed_at": []}))
    with pytest.raises(ValueError, match="no column closed_at, discovered_at, due_at"):
        hazard_times(pd.DataFrame({"stage": []}))


@pytest.mark.parametrize(
    ("name", "counted", "among", "value"),
    [
        ("open", [3, 4, 7, 10], None, 4),
        ("overdue", [3, 10], None, 2),
        ("closing_rate", [0, 1, 2], [0, 1, 2, 3, 10], 3 / 5),
        ("on_time_closing_rate_of_due", [0, 1], [0, 1, 2, 3, 10], 2 / 5),
        ("on_time_closing_rate_of_closed", [0, 1, 5], [0, 1, 2, 5, 8], 3 / 5),
    ],
)
def test_every_figure_counts_the_cases_that_the_definition_names(name, counted, among, value):
    figure = KPIS[name](GOLDEN, NOW, window=NOVEMBER)
    assert np.nonzero(figure.numerator)[0].tolist() == counted
    assert figure.value == pytest.approx(value)
    assert figure.count == len(counted)
    if among is None:
        assert (figure.denominator, figure.of) == (None, None)
    else:
        assert np.nonzero(figure.denominator)[0].tolist() == among
        assert figure.of == len(among)


def test_the_golden_cases_cover_every_figure():
    assert set(KPIS) == {
        *("open", "overdue", "closing_rate", "on_time_closing_rate_of_due", "on_time_closing_rate_of_closed"),
        *("rework_rate", "missed_report_rate", "on_time_filing_rate", "accurate_filing_rate"),
        *("on_time_dispatch_rate", "accurate_dispatch_rate"),
    }


def test_the_two_on_time_rates_differ_where_their_denominators_do():
    # 按期 and 按时 are easily swapped. Four due, one closed and that on time: a quarter of the due, all of the closed.
    hazards = table(("closed", 1, 5, 4), *[("handling", 1, 5, None)] * 3)
    assert KPIS["on_time_closing_rate_of_due"](hazards, NOW, window=NOVEMBER).value == 0.25
    assert KPIS["on_time_closing_rate_of_closed"](hazards, NOW, window=NOVEMBER).value == 1.0


@pytest.mark.parametrize("name", [name for name in KPIS if name.endswith(("rate", "_due", "_closed"))])
def test_a_denominator_of_nothing_gives_no_data(name):
    figure = KPIS[name](table(("filed", 1, None, None)), NOW, window=NOVEMBER)
    assert (figure.value, figure.count, figure.of) == (None, 0, 0)


def test_an_empty_table_has_nothing_open():
    assert KPIS["open"](table(), NOW, window=NOVEMBER).value == 0


def test_the_window_begins_and_ends_at_midnight_in_the_city():
    midnight = datetime(2026, 10, 31, 16, 0, tzinfo=UTC)
    frame = pd.DataFrame(
        {
            "stage": "closed",
            "discovered_at": midnight - timedelta(days=9),
            "due_at": [midnight - timedelta(seconds=1), midnight, midnight + timedelta(days=30)],
            "closed_at": midnight,
        }
    )
    figure = KPIS["closing_rate"](hazard_times(frame), NOW + timedelta(days=90), window=NOVEMBER)
    assert figure.denominator.tolist() == [False, True, False]


def test_last_months_figure_comes_out_the_same_when_asked_later():
    first_half = TimeWindow(date(2026, 11, 1), date(2026, 11, 15))
    asked_then = KPIS["on_time_closing_rate_of_due"](GOLDEN, NOW, window=first_half)
    asked_later = KPIS["on_time_closing_rate_of_due"](GOLDEN, NOW + timedelta(days=400), window=first_half)
    assert asked_then.denominator.tolist() == asked_later.denominator.tolist()
    assert asked_then.value == asked_later.value


DAYS = st.one_of(st.none(), st.integers(-30, 40))


@given(st.lists(st.tuples(st.sampled_from(["closed", "handling", "void"]), st.integers(-30, 40), DAYS, DAYS)))
def test_figures_keep_to_their_bounds(rows):
    hazards = table(*rows)
    figures = {name: figure(hazards, NOW, window=NOVEMBER) for name, figure in KPIS.items()}
    assert figures["overdue"].count <= figures["open"].count
    assert figures["on_time_closing_rate_of_due"].count <= figures["closing_rate"].count
    for figure in figures.values():
        assert figure.denominator is None or not (figure.numerator & ~figure.denominator).any()
        assert not (figure.numerator & hazards.is_void).any()


def test_times_without_a_zone_are_refused():
    frame = pd.DataFrame(
        {"stage": ["filed"], "discovered_at": [datetime(2026, 11, 1)], "due_at": None, "closed_at": None}
    )
    with pytest.raises(ValueError, match="time zone"):
        hazard_times(frame)
