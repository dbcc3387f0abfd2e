import numpy as np
import pytest

from gis_app.analysis.stop_visits import longest_stays_min

STOPS = np.array([(0.0, 0.0), (500.0, 0.0), (0.0, 900.0)])


def test_the_longest_stay_at_each_stop_counts():
    # Nine minutes at the first stop, away for ten, back for four; once past the second; never near the third.
    seconds = [*range(0, 541, 60), 900, *range(1140, 1381, 60)]
    fix = np.array([(10.0, 5.0)] * 10 + [(500.0, 29.0)] + [(0.0, -20.0)] * 5)
    assert longest_stays_min(fix, seconds, stops=STOPS) == pytest.approx([9, 0, np.nan], nan_ok=True)


def test_a_fix_astray_ends_no_stay_but_two_minutes_away_do():
    fix = np.array([(0.0, 0.0), (0.0, 0.0), (80.0, 0.0), (0.0, 0.0), (0.0, 0.0)])
    assert longest_stays_min(fix, [0, 60, 120, 180, 240], stops=STOPS[:1]) == pytest.approx([4])
    assert longest_stays_min(fix, [0, 60, 120, 181, 240], stops=STOPS[:1]) == pytest.approx([1])


def test_without_fixes_no_stop_was_visited():
    assert np.isnan(longest_stays_min(np.zeros((0, 2)), [], stops=STOPS)).all()
