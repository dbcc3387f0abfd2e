"""Series of maps: each chosen as if alone, what is kept is not made anew, digests tell what changed."""

import numpy as np
import pytest

from gis_app.analysis.event_history import event_history
from gis_app.analysis.hotspot_series import FEWEST_EVENTS_KNOWN, HORIZON_DAYS, map_series, steps_of, window_starts
from gis_app.analysis.hotspots import HOTSPOT_METHODS
from gis_app.analysis.lattice import Lattice, lattice_of_cells
from gis_app.analysis.rolling_origin import choose_method

LATTICE = Lattice(250.0, 0, 0, np.ones((10, 10), dtype=bool))
UNTIL = 365.0
WEEKLY = [UNTIL - 7.0 * week for week in range(50, -1, -1)]


def history(count=900, seed=3, moved_from=None):
    chance = np.random.default_rng(seed)
    place = chance.uniform(0, 2500, (count, 2))
    hot = chance.random(count) < 0.5
    place[hot] = np.clip(chance.normal((700, 1900), 150, (hot.sum(), 2)), 0, 2499)
    day = chance.uniform(0, UNTIL, count)
    if moved_from is not None:
        place[day >= moved_from] = place[day >= moved_from][:, ::-1]
    return event_history(LATTICE, place[:, 0], y=place[:, 1], day=day, until=UNTIL)


def test_a_map_of_the_series_is_chosen_as_if_it_were_the_only_one():
    past = history()
    steps = steps_of(past, WEEKLY, map_count=3)
    made = {step.until: one for step, one, _ in map_series(past, steps, weekly=WEEKLY)}
    assert [moment for moment, one in made.items() if one is not None] == WEEKLY[-3:]
    for moment in WEEKLY[-3:]:
        alone = choose_method(past.before(moment), horizon_days=HORIZON_DAYS)
        choice = made[moment].choice
        assert (choice.name, dict(choice.params)) == (alone.name, dict(alone.params))
        for name, record in alone.records.items():
            assert np.allclose(choice.records[name].pei, record.pei)
        known = past.before(moment)
        params = alone.records["kernel_density"].params
        scores = HOTSPOT_METHODS["kernel_density"].score(known, horizon_days=HORIZON_DAYS, **params)
        assert np.allclose(made[moment].scores["kernel_density"], scores)


def test_maps_before_a_moment_do_not_know_what_follows():
    moment = WEEKLY[-20]
    series = []
    for past in (history(), history(moved_from=moment)):
        steps = steps_of(past, WEEKLY, map_count=25)
        series.append({step.until: (step, one) for step, one, _ in map_series(past, steps, weekly=WEEKLY)})
    for at in WEEKLY[-25:]:
        (step, one), (other_step, other) = (each[at] for each in series)
        same = all(np.array_equal(one.scores[name], other.scores[name]) for name in one.scores)
        assert same == (step.digest == other_step.digest) == (at <= moment)


def test_what_is_kept_is_not_made_again_and_its_trials_still_choose():
    past = history()
    steps = steps_of(past, WEEKLY, map_count=2)
    whole = {step: (one, trial) for step, one, trial in map_series(past, steps, weekly=WEEKLY)}
    last = steps[-1]
    again = list(
        map_series(past, steps, weekly=WEEKLY, is_kept=lambda step: step != last, kept=lambda step: whole[step][1])
    )
    assert [step for step, _, _ in again] == [last]
    assert again[0][1].choice.name == whole[last][0].choice.name
    assert again[0][1].choice.lead == whole[last][0].choice.lead


def test_windows_end_one_horizon_apart_at_the_newest_week_and_leave_out_the_first_two_fifths():
    past = history()
    starts = window_starts(past.before(UNTIL - 2), UNTIL - 2, weekly=WEEKLY)
    assert starts == [WEEKLY[-2] - HORIZON_DAYS * number for number in (6, 5, 4, 3, 2, 1)]
    early = window_starts(past.before(100), 100.0, weekly=WEEKLY)
    newest = max(moment for moment in WEEKLY if moment <= 100)
    assert early == [start for start in (newest - 56, newest - 28) if start >= 0.4 * newest]
    assert window_starts(past.before(0), 0.0, weekly=WEEKLY) == []


def test_a_moment_with_a_handful_of_events_has_no_map():
    past = history(count=FEWEST_EVENTS_KNOWN - 1)
    steps = steps_of(past, WEEKLY[-1:], map_count=1)
    assert [one for _, one, _ in map_series(past, steps, weekly=WEEKLY)] == [None]


def test_a_lattice_of_given_cells_holds_just_these():
    cells = np.array([[7, 3], [5, 4], [5, 3], [9, 9]])
    lattice = lattice_of_cells(cells, 100.0)
    assert sorted(map(tuple, lattice.cells.tolist())) == sorted(map(tuple, cells.tolist()))
    assert lattice.shape == (7, 5)
    with pytest.raises(ValueError, match="needs a cell"):
        lattice_of_cells(np.empty((0, 2)))
