from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis_app.analysis.kpi_table import kpi_figure, kpi_table
from gis_app.analysis.kpis import DESK_COLUMNS, KPIS
from gis_app.domain.errors import NotFound
from gis_app.domain.periods import TimeWindow

NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
WINDOWS = {
    "2026-10": TimeWindow(date(2026, 10, 1), date(2026, 10, 31)),
    "2026-11": TimeWindow(date(2026, 11, 1), date(2026, 11, 30)),
}
TIMES = ["discovered_at", "due_at", "closed_at", *(name for name in DESK_COLUMNS if name.endswith("_at"))]


def frame(rows):
    """Rows of village, category, stage, way of discovery, then the day of each time: 1 is 1 November."""
    table = pd.DataFrame(rows, columns=["village", "category", "stage", "discovered_by", *TIMES])
    for name in TIMES:
        days = pd.to_numeric(table[name])
        table[name] = pd.Timestamp(2026, 10, 31, 4, tz="UTC") + pd.to_timedelta(days, unit="D")
    return table


def hazard(village, category, due, closed, stage="closed"):
    return (village, category, stage, "patrol", -20, due, closed, *[None] * 7)


GOLDEN = frame(
    [
        hazard("a", "fire", 5, 4),
        hazard("a", "fire", 5, 8),
        hazard("a", "gas", 6, None, stage="handling"),
        hazard("b", "fire", -3, -4),
        hazard("b", "fire", 3, 2),
        hazard(None, "gas", 9, 9),
    ]
)


def rows_of(table, kpi):
    kept = table[table["kpi"] == kpi].drop(columns="kpi")
    return [tuple(None if pd.isna(value) else value for value in row) for row in kept.itertuples(index=False)]


def test_figures_by_area_and_period():
    table = kpi_table(GOLDEN, NOW, windows=WINDOWS, by=["village"], names=["closing_rate", "open"])
    assert list(table.columns) == ["village", "period", "kpi", "count", "of", "value"]
    assert rows_of(table, "closing_rate") == [
        *(("a", "2026-10", 0, 0, None), ("b", "2026-10", 1, 1, 1.0), (None, "2026-10", 0, 0, None)),
        *(("a", "2026-11", 2, 3, 2 / 3), ("b", "2026-11", 1, 1, 1.0), (None, "2026-11", 1, 1, 1.0)),
    ]
    expected = [("a", "2026-10", 1, None, 1.0), ("b", "2026-10", 0, None, 0.0), (None, "2026-10", 0, None, 0.0)]
    assert rows_of(table, "open")[:3] == expected


def test_figures_by_area_and_category():
    table = kpi_table(GOLDEN, NOW, windows=WINDOWS, by=["village", "category"], names=["on_time_closing_rate_of_due"])
    assert rows_of(table, "on_time_closing_rate_of_due")[4:] == [
        ("a", "fire", "2026-11", 1, 2, 1 / 2),
        ("a", "gas", "2026-11", 0, 1, 0.0),
        ("b", "fire", "2026-11", 1, 1, 1.0),
        (None, "gas", "2026-11", 1, 1, 1.0),
    ]


def test_without_groups_there_is_one_row_for_each_figure_and_period():
    table = kpi_table(GOLDEN, NOW, windows=WINDOWS)
    assert list(table["kpi"]) == [*KPIS, *KPIS]
    assert rows_of(table, "closing_rate") == [("2026-10", 1, 1, 1.0), ("2026-11", 4, 5, 4 / 5)]


def test_a_figure_opens_the_list_of_its_cases():
    where = {"village": "a", "category": "fire"}
    figure = kpi_figure(GOLDEN, "on_time_closing_rate_of_due", NOW, window=WINDOWS["2026-11"], where=where)
    assert GOLDEN.index[figure.numerator].tolist() == [0]
    assert GOLDEN.index[figure.denominator].tolist() == [0, 1]
    nowhere = kpi_figure(GOLDEN, "closing_rate", NOW, window=WINDOWS["2026-11"], where={"village": None})
    assert GOLDEN.index[nowhere.denominator].tolist() == [5]


def test_an_unknown_figure_names_those_there_are():
    with pytest.raises(NotFound, match="accurate_dispatch_rate"):
        kpi_figure(GOLDEN, "happiness", NOW, window=WINDOWS["2026-11"])


def test_nothing_gives_nothing():
    assert len(kpi_table(GOLDEN.iloc[:0], NOW, windows=WINDOWS, by=["village"])) == 0
    assert len(kpi_table(GOLDEN, NOW, windows={})) == 0


DAY = st.one_of(st.none(), st.integers(-30, 40))
ROWS = st.lists(
    st.tuples(
        *(st.sampled_from(["a", "b", None]), st.sampled_from(["fire", "gas"])),
        *(st.sampled_from(["closed", "handling", "void"]), st.sampled_from(["patrol", "inspection"])),
        *([DAY] * len(TIMES)),
    ),
    min_size=1,
    max_size=25,
)


@settings(max_examples=30)
@given(ROWS)
def test_every_row_of_the_table_is_the_figure_of_its_own_cases(rows):
    hazards = frame(rows)
    table = kpi_table(hazards, NOW, windows=WINDOWS, by=["village", "category"])
    assert len(table) == len(hazards[["village", "category"]].drop_duplicates()) * 2 * len(KPIS)
    for row in table.sample(min(len(table), 8), random_state=1).to_dict("records"):
        village = None if pd.isna(row["village"]) else row["village"]
        of_village = hazards["village"].isna() if village is None else hazards["village"] == village
        group = hazards[of_village & (hazards["category"] == row["category"])]
        window, where = WINDOWS[row["period"]], {"village": village, "category": row["category"]}
        alone = kpi_figure(group, row["kpi"], NOW, window=window)
        chosen = kpi_figure(hazards, row["kpi"], NOW, window=window, where=where)
        assert (alone.count, alone.of) == (chosen.count, chosen.of)
        assert (alone.count, alone.of) == (row["count"], None if pd.isna(row["of"]) else row["of"])
        assert (np.nan if alone.value is None else alone.value) == pytest.approx(row["value"], nan_ok=True)


@settings(max_examples=30)
@given(ROWS)
def test_counts_of_the_parts_add_up_to_the_whole(rows):
    hazards = frame(rows)
    parts = kpi_table(hazards, NOW, windows=WINDOWS, by=["village", "category"])
    whole = kpi_table(hazards, NOW, windows=WINDOWS).set_index(["period", "kpi"])
    summed = parts.groupby(["period", "kpi"])[["count", "of"]].sum(min_count=1)
    assert summed.to_dict() == whole.loc[summed.index, ["count", "of"]].to_dict()
