"""No hidden count can be computed: a reader with a linear program is sent after each of them."""

from itertools import product

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy.optimize import linprog

from gis_app.analysis.suppression import suppress, suppress_column

many_small = st.integers(0, 7) | st.integers(0, 40)
tables = arrays(np.int64, array_shapes(min_dims=2, max_dims=2, max_side=4), elements=many_small)
columns = arrays(np.int64, array_shapes(min_dims=1, max_dims=1, max_side=7), elements=many_small)
large_tables = arrays(np.int64, array_shapes(min_dims=2, max_dims=2, max_side=5), elements=st.integers(5, 60))


def sums_of_table(areas, categories):
    """Return the table's equations, one row each: the parts less their total is 0. Cells, rows, columns, grand."""
    cells = np.arange(areas * categories).reshape(areas, categories)
    rows = areas * categories + np.arange(areas)
    columns = rows[-1] + 1 + np.arange(categories)
    grand = columns[-1] + 1
    equations = np.zeros((areas + categories + 2, grand + 1))
    for number, (parts, total) in enumerate(
        [*zip(cells, rows, strict=True), *zip(cells.T, columns, strict=True), (rows, grand), (columns, grand)]
    ):
        equations[number, parts] = 1
        equations[number, total] = -1
    return equations


def interval(place, *, equations, values, hidden, least):
    """Return the lowest and highest value a reader holds possible, who knows which hidden counts are small.

    Of the hidden that are not small, the reader knows of cells that they are not, of totals only that they are >= 0.
    """
    is_cell = (equations >= 0).all(axis=0)
    bounds = [
        (value, value) if not gone else (0, least - 1) if value < least else (least if cell else 0, None)
        for value, gone, cell in zip(values, hidden, is_cell, strict=True)
    ]
    ends = []
    for sign in (1, -1):
        cost = np.zeros(len(values))
        cost[place] = sign
        best = linprog(cost, A_eq=equations, b_eq=np.zeros(len(equations)), bounds=bounds)
        assert best.status in (0, 3), best.message
        ends.append(-sign * np.inf if best.status == 3 else sign * best.fun)
    return ends


def assert_undetermined(equations, *, values, hidden, least):
    for place in np.flatnonzero(hidden):
        low, high = interval(place, equations=equations, values=values, hidden=hidden, least=least)
        assert low - 1e-6 <= values[place] <= high + 1e-6
        assert high - low > 1 - 1e-6


def flat(table):
    """Return the published values and the mask: cells, row totals, column totals, grand total."""
    parts = [table.cells.ravel(), table.row_totals, table.column_totals]
    hidden = np.concatenate([part.mask for part in parts] + [[table.grand_total is None]])
    return np.concatenate([part.data for part in parts] + [[table.grand_total or 0]]), hidden


def truth(counts):
    return np.concatenate([counts.ravel(), counts.sum(axis=1), counts.sum(axis=0), [counts.sum()]])


def assert_safe(published, *, values, hidden, least):
    assert np.array_equal(published, np.where(hidden, 0, values))
    assert hidden[values < least].all()


@given(tables, st.sampled_from([2, 3, 5, 10]))
@settings(max_examples=60)
@example(np.ones((4, 5), dtype=np.int64), 5)
@example(np.array([[4, 1], [0, 0]]), 5)
@example(np.array([[0, 0, 10], [20, 30, 40]]), 5)
@example(np.array([[0]]), 5)
def test_nothing_hidden_in_a_table_is_determined_and_the_rest_is_true(counts, least):
    published, hidden = flat(suppress(counts, least=least))
    assert_safe(published, values=truth(counts), hidden=hidden, least=least)
    assert_undetermined(sums_of_table(*counts.shape), values=truth(counts), hidden=hidden, least=least)


@given(columns, st.sampled_from([2, 3, 5, 10]))
@settings(max_examples=60)
@example(np.array([0, 0, 10, 20]), 5)
def test_nothing_hidden_in_a_column_is_determined_and_the_rest_is_true(counts, least):
    column = suppress_column(counts, least=least)
    values, hidden = np.append(counts, counts.sum()), np.append(column.cells.mask, column.total is None)
    assert_safe(np.append(column.cells.data, column.total or 0), values=values, hidden=hidden, least=least)
    equation = np.array([[1.0] * len(counts) + [-1.0]])
    assert_undetermined(equation, values=values, hidden=hidden, least=least)


@given(arrays(np.int64, (2, 2), elements=st.integers(0, 4)))
@settings(max_examples=40)
def test_a_reader_who_tries_every_table_finds_two_values_for_each_hidden_count(counts):
    """Threshold 3, counts of up to 4: all 2 x 2 tables of counts up to 9 are tried, without any program."""
    published, hidden = flat(suppress(counts, least=3))
    values = truth(counts)
    is_cell = np.arange(len(values)) < counts.size
    low = np.where(hidden, np.where(is_cell & (values >= 3), 3, 0), published)
    high = np.where(hidden, np.where(values < 3, 2, 99), published)
    candidates = np.array([truth(np.array(cells).reshape(2, 2)) for cells in product(range(10), repeat=4)])
    possible = candidates[((candidates >= low) & (candidates <= high)).all(axis=1)]
    assert all(len(np.unique(possible[:, place])) > 1 for place in np.flatnonzero(hidden))


@given(large_tables)
def test_a_table_without_small_counts_is_published_whole(counts):
    published, hidden = flat(suppress(counts))
    assert not hidden.any()
    assert np.array_equal(published, truth(counts))
    assert not suppress_column(counts[0]).cells.mask.any()


@given(tables)
def test_equal_tables_give_equal_answers(counts):
    one, other = flat(suppress(counts)), flat(suppress(counts.copy()))
    assert all(np.array_equal(*pair) for pair in zip(one, other, strict=True))


def test_one_small_count_takes_the_cheapest_rectangle_with_it():
    # 2 needs a second in its row, a second in its column and the corner: 30 + 10 + 20 is least.
    table = suppress(np.array([[2, 30, 40], [10, 20, 30], [50, 60, 70]]))
    assert table.cells.tolist() == [[None, None, 40], [None, None, 30], [50, 60, 70]]
    assert table.row_totals.tolist() == [72, 60, 180]
    assert table.column_totals.tolist() == [62, 110, 140]
    assert table.grand_total == 312


def test_cells_are_hidden_before_totals_even_larger_ones():
    # 1 could share its row's total 6, that of the second 11 and a 6: 23 in all. Cells alone are 5 + 6 + 30 = 41.
    table = suppress(np.array([[1, 5], [6, 5], [6, 30]]))
    assert table.cells.tolist() == [[None, None], [6, 5], [None, None]]
    assert table.row_totals.tolist() == [6, 11, 36]
    assert table.column_totals.tolist() == [13, 40]


def test_totals_of_a_single_row_hide_with_their_cells():
    # Each column total is the cell itself, so it is hidden too; then 2 and 30 share what is left of 72.
    table = suppress(np.array([[2, 30, 40]]))
    assert table.cells.tolist() == [[None, None, 40]]
    assert table.column_totals.tolist() == [None, None, 40]
    assert table.row_totals.tolist() == [72]
    assert table.grand_total == 72


def test_zeros_whose_sum_gives_them_away_get_a_third():
    # 10 + two hidden = 10: both are 0. 10 goes too, and not 20.
    assert suppress_column([0, 0, 10, 20]).cells.tolist() == [None, None, None, 20]
    # 1 + 0 = 1 does not say which is which.
    assert suppress_column([1, 0, 10, 20]).cells.tolist() == [None, None, 10, 20]


def test_a_count_of_exactly_five_does_not_cover_a_zero():
    # Who knows that one is small and the other not reads 0 + 5 off a sum of 5, but a sum of 6 is 0 + 6 or 1 + 5.
    assert suppress_column([0, 5, 6, 7]).cells.tolist() == [None, 5, None, 7]


def test_a_small_total_of_one_area_hides_and_so_does_another():
    table = suppress(np.array([[1, 2], [20, 30], [40, 50]]))
    assert table.row_totals.tolist() == [None, None, 90]
    assert table.grand_total == 143


def test_hidden_values_are_gone_from_the_answer():
    table = suppress(np.array([[2, 30, 40], [10, 20, 30], [50, 60, 70]]))
    assert table.cells.data.tolist() == [[0, 0, 40], [0, 0, 30], [50, 60, 70]]


def test_a_table_of_every_village_and_category_is_safe():
    """513 x 12, with exact intervals of a sample of the hidden."""
    dice = np.random.default_rng(330381)
    counts = dice.poisson(dice.gamma(2, 6, 513)[:, None] * dice.gamma(4, 0.25, 12))
    published, hidden = flat(suppress(counts))
    values = truth(counts)
    assert_safe(published, values=values, hidden=hidden, least=5)
    equations = sums_of_table(*counts.shape)
    for place in dice.choice(np.flatnonzero(hidden), 3, replace=False):
        low, high = interval(place, equations=equations, values=values, hidden=hidden, least=5)
        assert high - low > 1 - 1e-6


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ([[1, -1]], "whole numbers"),
        ([[1.5, 2.0]], "whole numbers"),
        ([[True, False]], "whole numbers"),
        ([1, 2], r"2 dimension\(s\)"),
        (np.empty((0, 3), dtype=np.int64), "shape"),
    ],
)
def test_what_is_no_table_of_counts_is_refused(counts, message):
    with pytest.raises(ValueError, match=message):
        suppress(counts)


def test_a_column_is_checked_too_and_a_threshold_that_would_tell_is_refused():
    with pytest.raises(ValueError, match="whole numbers"):
        suppress_column([3, -1])
    with pytest.raises(ValueError, match="dimension"):
        suppress_column([[3]])
    with pytest.raises(ValueError, match="least is 2"):
        suppress_column([3], least=1)
