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
        "open",
        "overdue",
        "closing_rate",
        "on_time_closing_rate_of_due",
        "on_time_closing_rate_of_closed",
    }


def test_the_two_on_time_rates_differ_where_their_denominators_do():
    # Four due, one closed and that on time: a quarter of the due, all of the closed.
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
