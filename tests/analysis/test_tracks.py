import hashlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis_app.analysis.tracks import NO_PIECE, Fixes, FixFlag, TrackLimits, clean_fixes, track_lines

START = np.datetime64("2026-11-22T12:00:00", "us")


def fixes_at(seconds, x, y=None, *, device=None, sequence=None, patrol=None):
    n = len(seconds)
    return Fixes(
        device=["d1"] * n if device is None else device,
        recorded_at=START + (np.asarray(seconds, dtype=float) * 1e6).astype("timedelta64[us]"),
        sequence=np.arange(n) if sequence is None else sequence,
        x=np.asarray(x, dtype=float),
        y=np.zeros(n) if y is None else np.asarray(y, dtype=float),
        patrol=patrol,
    )


def shuffled(fixes, order):
    columns = {name: None if column is None else np.asarray(column)[order] for name, column in vars(fixes).items()}
    return Fixes(**columns)


def digest(fixes, cleaned):
    """Fingerprint of the stored fixes and lines."""
    patrol = fixes.device if fixes.patrol is None else fixes.patrol
    groups, lines = track_lines(cleaned, fixes.x, y=fixes.y, group=patrol)
    text = repr(
        (
            [np.asarray(column)[cleaned.order].tolist() for column in vars(fixes).values() if column is not None],
            cleaned.flag.tolist(),
            cleaned.piece.tolist(),
            groups.tolist(),
            [line.wkb_hex for line in lines],
        )
    )
    return hashlib.sha256(text.encode()).hexdigest()


def test_a_steady_walk_is_one_piece_without_flags():
    cleaned = clean_fixes(fixes_at([0, 10, 20, 30], [0, 12, 24, 36]))
    assert cleaned.order.tolist() == [0, 1, 2, 3]
    assert cleaned.flag.tolist() == [0, 0, 0, 0]
    assert cleaned.piece.tolist() == [0, 0, 0, 0]


def test_late_fixes_are_sorted_in_and_repeats_are_stored_once():
    cleaned = clean_fixes(fixes_at([20, 0, 10, 20], [24, 0, 12, 24], sequence=[3, 1, 2, 3]))
    assert cleaned.order.tolist()[:2] == [1, 2]
    assert len(cleaned.order) == 3


def test_a_gap_of_more_than_two_minutes_splits_and_one_of_two_minutes_does_not():
    assert clean_fixes(fixes_at([0, 120], [0, 12])).piece.tolist() == [0, 0]
    cleaned = clean_fixes(fixes_at([0, 120.5, 130], [0, 12, 24]))
    assert cleaned.piece.tolist() == [0, 1, 1]
    assert cleaned.flag.tolist() == [0, FixFlag.GAP, 0]


def test_an_impossible_speed_splits_and_the_fastest_possible_does_not():
    assert clean_fixes(fixes_at([0, 10], [0, 400])).piece.tolist() == [0, 0]
    cleaned = clean_fixes(fixes_at([0, 10, 20], [0, 401, 410]))
    assert cleaned.piece.tolist() == [0, 1, 1]
    assert cleaned.flag.tolist() == [0, FixFlag.JUMP, 0]


def test_a_far_jump_after_a_long_gap_carries_both_flags():
    cleaned = clean_fixes(fixes_at([0, 121], [0, 50_000]))
    assert cleaned.flag.tolist() == [0, FixFlag.JUMP | FixFlag.GAP]


def test_one_stray_fix_is_kept_but_no_line_leads_to_it():
    fixes = fixes_at([0, 10, 20, 30, 40], [0, 10, 99_000, 30, 40])
    cleaned = clean_fixes(fixes)
    assert cleaned.piece.tolist() == [0, 0, 1, 2, 2]
    _, (line,) = track_lines(cleaned, fixes.x, y=fixes.y, group=fixes.device)
    assert line.wkt == "MULTILINESTRING ((0 0, 10 0), (30 0, 40 0))"


def test_two_fixes_in_one_second_are_not_a_jump_unless_far_apart():
    assert clean_fixes(fixes_at([0, 0], [0, 39])).flag.tolist() == [0, 0]
    assert clean_fixes(fixes_at([0, 0], [0, 41])).flag.tolist() == [0, FixFlag.JUMP]


def test_a_fix_without_a_position_is_flagged_kept_and_walked_around():
    fixes = fixes_at([0, 10, 20, 30, 40], [0, np.nan, 20, np.inf, 40])
    cleaned = clean_fixes(fixes)
    assert cleaned.flag.tolist() == [0, FixFlag.NON_FINITE, 0, FixFlag.NON_FINITE, 0]
    assert cleaned.piece.tolist() == [0, NO_PIECE, 0, NO_PIECE, 0]
    assert (
        track_lines(cleaned, fixes.x, y=fixes.y, group=fixes.device)[1][0].wkt == "MULTILINESTRING ((0 0, 20 0, 40 0))"
    )


def test_devices_and_patrols_are_tracks_of_their_own():
    fixes = fixes_at([0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 4, 5], device=list("abaaba"), patrol=[7, 7, 7, 9, 7, 9])
    cleaned = clean_fixes(fixes)
    assert cleaned.order.tolist() == [0, 2, 3, 5, 1, 4]
    assert cleaned.piece.tolist() == [0, 0, 1, 1, 2, 2]
    assert cleaned.flag.tolist() == [0] * 6
    groups, lines = track_lines(cleaned, fixes.x, y=fixes.y, group=fixes.patrol)
    assert groups.tolist() == [7, 9]
    assert [line.wkt for line in lines] == ["MULTILINESTRING ((0 0, 2 0), (1 0, 4 0))", "MULTILINESTRING ((3 0, 5 0))"]


def test_lines_may_be_drawn_in_other_coordinates_than_were_measured():
    fixes = fixes_at([0, 10], [0, 100])
    _, (line,) = track_lines(clean_fixes(fixes), [120.0, 120.001], y=[27.5, 27.5], group=[1, 1])
    assert line.wkt == "MULTILINESTRING ((120 27.5, 120.001 27.5))"


def test_a_team_that_stands_still_has_fixes_but_no_line():
    fixes = fixes_at([0, 10, 20], [5, 5, 5])
    cleaned = clean_fixes(fixes)
    groups, lines = track_lines(cleaned, fixes.x, y=fixes.y, group=fixes.device)
    assert (len(cleaned.order), len(groups), len(lines)) == (3, 0, 0)


def test_no_fixes_are_no_error():
    fixes = fixes_at([], [])
    cleaned = clean_fixes(fixes)
    groups, lines = track_lines(cleaned, fixes.x, y=fixes.y, group=fixes.device)
    assert [len(part) for part in (cleaned.order, cleaned.flag, cleaned.piece, groups, lines)] == [0] * 5


def test_limits_can_be_set_for_the_mode():
    on_foot = TrackLimits(gap_s=60, speed_mps=4)
    assert clean_fixes(fixes_at([0, 10, 71], [0, 41, 41]), on_foot).flag.tolist() == [0, FixFlag.JUMP, FixFlag.GAP]


def test_two_hundred_orders_of_arrival_give_one_digest():
    generator = np.random.default_rng(7)
    n = 600
    fixes = fixes_at(
        generator.integers(0, 4000, n),
        generator.normal(0, 300, n),
        generator.normal(0, 300, n),
        device=generator.choice(["a", "b", "c"], n),
        sequence=generator.integers(0, 3, n),
        patrol=generator.integers(0, 2, n),
    )
    fixes.x[generator.integers(0, n, 20)] = np.nan
    orders = [generator.permutation(n) for _ in range(200)]
    arrivals = [shuffled(fixes, order) for order in orders]
    assert len({digest(arrived, clean_fixes(arrived)) for arrived in arrivals}) == 1


@given(
    st.lists(
        st.tuples(
            st.integers(0, 3),
            st.integers(0, 300),
            st.integers(0, 1),
            st.sampled_from([0.0, 10.0, 9000.0, float("nan"), float("inf")]),
        ),
        max_size=12,
    ).flatmap(lambda rows: st.tuples(st.just(rows), st.permutations(range(len(rows)))))
)
def test_no_order_of_arrival_changes_the_result_and_no_key_is_lost(rows_and_order):
    rows, order = rows_and_order
    device, seconds, sequence, x = (list(column) for column in zip(*rows, strict=True)) if rows else ([], [], [], [])
    fixes = fixes_at(seconds, x, device=np.array(device, dtype=int), sequence=np.array(sequence, dtype=int))
    arrived = shuffled(fixes, np.array(order, dtype=int))
    cleaned = clean_fixes(fixes)
    assert digest(fixes, cleaned) == digest(arrived, clean_fixes(arrived))
    assert len(cleaned.order) == len({row[:3] for row in rows})


def test_a_missing_time_and_columns_of_different_length_are_refused():
    zone_less = pd.Series(pd.to_datetime(["2026-11-22", None], utc=True))
    with pytest.raises(ValueError, match="time it was recorded"):
        clean_fixes(Fixes(["a", "a"], zone_less, [0, 1], [0.0, 1.0], [0.0, 1.0]))
    with pytest.raises(ValueError, match="one length"):
        clean_fixes(Fixes(["a", "a"], np.array([START, START]), [0, 1], [0.0], [0.0, 1.0]))
