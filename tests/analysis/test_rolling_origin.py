"""Choice of a method by the past alone: no leak, honest records, plain words when there is too little to go by."""

import numpy as np
import pytest

from gis_app.analysis.event_history import event_history
from gis_app.analysis.hotspots import HOTSPOT_METHODS, HotspotMethod
from gis_app.analysis.lattice import Lattice, count_in_cells
from gis_app.analysis.rolling_origin import (
    WindowTrials,
    choice_of_trials,
    choose_method,
    record_of,
    score_beside,
    scored_windows,
)
from gis_app.analysis.scoring import score_map

SIDE = 12
LATTICE = Lattice(100.0, 0, 0, np.ones((SIDE, SIDE), dtype=bool))


def clustered(seed=1, count=1200, days=120.0, until=120.0):
    chance = np.random.default_rng(seed)
    x = np.where(chance.random(count) < 0.5, chance.normal(300, 60, count), chance.random(count) * SIDE * 100)
    y = np.where(chance.random(count) < 0.5, chance.normal(800, 60, count), chance.random(count) * SIDE * 100)
    inside = np.clip(np.column_stack([x, y]), 0, SIDE * 100 - 1)
    return event_history(LATTICE, inside[:, 0], y=inside[:, 1], day=chance.random(count) * days, until=until)


def of(history):
    return {"x": history.x, "y": history.y, "day": history.day}


@pytest.mark.parametrize("name", list(HOTSPOT_METHODS))
def test_shuffling_the_future_changes_nothing_in_the_past(name):
    whole = clustered()
    chance = np.random.default_rng(7)
    late = whole.day >= 80
    shuffled = chance.permutation(np.nonzero(late)[0])
    x, y = whole.x.copy(), whole.y.copy()
    x[late], y[late] = whole.x[shuffled], chance.random(late.sum()) * SIDE * 100
    other = event_history(LATTICE, x, y=y, day=whole.day, until=whole.until)
    method = HOTSPOT_METHODS[name]
    for params in method.choices:
        # The later map is asked for first: what it leaves behind must not reach into the past.
        for history in (whole, other):
            method.score(history, horizon_days=10, **params)
        then = [method.score(history.before(80), horizon_days=10, **params) for history in (whole, other)]
        assert np.array_equal(*then)


@pytest.mark.parametrize("name", ["count_so_far", "kernel_density", "near_repeat", "self_exciting"])
def test_on_uniform_events_the_mean_pai_of_200_learnt_maps_is_1_within_its_interval(name):
    chance = np.random.default_rng(20261002)
    lattice = Lattice(100.0, 0, 0, np.ones((8, 8), dtype=bool))
    method, pai = HOTSPOT_METHODS[name], []
    for _ in range(200):
        x, y, day = chance.uniform(0, 800, 90), chance.uniform(0, 800, 90), chance.uniform(0, 60, 90)
        past = event_history(lattice, x, y=y, day=day, until=60.0)
        later = count_in_cells(lattice, chance.uniform(0, 800, 60), y=chance.uniform(0, 800, 60))
        scores = method.score(past, horizon_days=10.0, **method.choices[0])
        pai.append([area.pai for area in score_map(scores, later, shares=(0.05, 0.10, 0.25))])
    interval = 3.0 * np.std(pai, axis=0, ddof=1) / np.sqrt(200)
    assert (np.abs(np.mean(pai, axis=0) - 1.0) <= interval).all()
    assert interval.max() < 0.2


def test_the_choice_until_a_moment_does_not_depend_on_what_follows():
    whole = clustered()
    early = whole.day < 90
    alone = event_history(LATTICE, whole.x[early], y=whole.y[early], day=whole.day[early], until=90)
    choices = [choose_method(history, horizon_days=10) for history in (whole.before(90), alone)]
    assert choices[0].name == choices[1].name
    assert choices[0].params == choices[1].params
    for name, record in choices[0].records.items():
        assert np.array_equal(record.pei, choices[1].records[name].pei)


def test_windows_are_cut_one_horizon_apart_and_hold_what_follows():
    history = clustered()
    windows = scored_windows(history, horizon_days=10)
    assert [known.until for known, _ in windows] == [60, 70, 80, 90, 100, 110]
    for known, later in windows:
        within = (history.day >= known.until) & (history.day < known.until + 10)
        assert later.sum() == within.sum()


def test_parameters_at_a_window_are_those_that_did_best_before_it():
    lattice = Lattice(1.0, 0, 0, np.ones((1, 100), dtype=bool))
    empty = event_history(lattice, [], y=[], day=[], until=0)
    # The hottest cell is 0 in the first window and 50 in the others.
    windows = [(empty, np.bincount([cell], minlength=100)) for cell in (0, 50, 50, 50)]
    finds = HotspotMethod(
        lambda past, *, horizon_days, cell: np.bincount([int(cell)], minlength=100).astype(float),
        ({"cell": 50.0}, {"cell": 0.0}),
    )
    record = record_of(finds, windows, horizon_days=1)
    # First the middle of the list (cell 0), which finds it; then cell 0 leads; before the third window the two tie.
    assert record.hit_rate[:, 0].tolist() == [1, 0, 1, 1]
    assert record.params == {"cell": 50.0}


def test_the_best_method_of_the_past_is_chosen_and_its_lead_told():
    history = clustered()
    blind = HotspotMethod(lambda past, *, horizon_days: np.arange(past.lattice.cell_count, dtype=float)[::-1] * 0.0)
    methods = {"blind": blind, "count_so_far": HOTSPOT_METHODS["count_so_far"]}
    choice = choose_method(history, horizon_days=10, methods=methods)
    assert choice.name == "count_so_far"
    assert choice.lead == 0
    assert choose_method(history, horizon_days=10, methods=methods, only="blind").lead < 0


def test_with_too_few_events_the_choice_is_a_guess_and_says_so():
    choice = choose_method(clustered(count=60), horizon_days=10)
    assert choice.is_guess
    assert choice.window_events.sum() < 50


def test_a_choice_needs_a_baseline():
    with pytest.raises(ValueError, match="baseline"):
        choose_method(clustered(), horizon_days=10, methods={})


def test_foresight_stands_beside_the_maps():
    later = np.zeros(100, dtype=np.int64)
    later[3] = 4
    scores = score_beside({"even": np.zeros(100)}, later)
    assert [area.hit_rate for area in scores["even"]] == pytest.approx([0.01, 0.03, 0.05, 0.10], abs=1e-9)
    assert scores["perfect_foresight"][0].pai == 100


def test_a_lead_within_chance_does_not_unseat_the_mixture():
    def windows(lead_of_count):
        zeros = np.zeros((1, 4))
        hits = {name: zeros for name in ("count_so_far", "self_exciting")}
        return [
            WindowTrials(40, {"count_so_far": np.array([0.5 + lead]), "self_exciting": np.array([0.5])}, hits)
            for lead in lead_of_count
        ]

    methods = {name: HOTSPOT_METHODS[name] for name in ("count_so_far", "self_exciting")}
    assert choice_of_trials(windows([0.09, -0.05, 0.02]), methods=methods).name == "self_exciting"
    assert choice_of_trials(windows([0.05, 0.04, 0.06]), methods=methods).name == "count_so_far"
