import math

import geopandas
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from KDEpy import FFTKDE, NaiveKDE
from libpysal import examples
from scipy import stats

from gis_app.analysis.density import MANY_EVENTS, exact_kernel_density, kernel_density
from gis_app.analysis.lattice import lattice_over

TEN_KM = lattice_over(shapely.box(0, 0, 10_000, 10_000), 250)


def clustered_events(count, seed=1):
    generator = np.random.default_rng(seed)
    centre = generator.uniform(2000, 8000, (20, 2))[generator.integers(0, 20, count)]
    return (centre + generator.normal(0, 400, (count, 2))).T


def exact_density(lattice, x, y, bandwidth_m, kernel):
    """Sum of the textbook kernel over all events, per km2."""
    squared = sum((np.subtract.outer(c, e) / bandwidth_m) ** 2 for c, e in zip(lattice.centres.T, (x, y), strict=True))
    if kernel == "gaussian":
        weight = np.exp(-squared / 2) / (2 * np.pi)
    else:
        weight = np.where(squared < 1, 3 / np.pi * (1 - squared) ** 2, 0)
    return weight.sum(axis=1) / bandwidth_m**2 * 1e6


@pytest.mark.parametrize(
    ("kernel", "peak"), [("gaussian", 1e6 / (2 * math.pi * 500**2)), ("quartic", 3e6 / (math.pi * 500**2))]
)
def test_one_event_at_a_centre_gives_the_height_of_the_kernel_there(kernel, peak):
    found = kernel_density(TEN_KM, [5125.0], y=[5125.0], bandwidth_m=500, kernel=kernel)
    assert found.max() == pytest.approx(peak, rel=0.05)
    assert TEN_KM.centres[found.argmax()].tolist() == [5125, 5125]


@pytest.mark.parametrize("kernel", ["gaussian", "quartic"])
@pytest.mark.parametrize("bandwidth_m", [300, 1000])
def test_density_equals_the_exact_sum_over_events(kernel, bandwidth_m):
    x, y = clustered_events(5000)
    exact = exact_density(TEN_KM, x, y, bandwidth_m, kernel)
    found = kernel_density(TEN_KM, x, y=y, bandwidth_m=bandwidth_m, kernel=kernel)
    populated = exact > 0.05 * exact.max()
    error = np.abs(found - exact)[populated] / exact[populated]
    assert np.percentile(error, 95) < 0.02
    assert np.abs(found - exact).max() < 0.01 * exact.max()


def test_the_exact_density_of_the_burkitt_cases_is_that_of_kdepy():
    cases = geopandas.read_file(examples.get_path("burkitt.shp"))
    x, y = (cases[name].to_numpy(dtype=float) * 1000 for name in ("X", "Y"))
    lattice = lattice_over(shapely.box(x.min(), y.min(), x.max(), y.max()), 5000)
    # In km: KDEpy adds a tiny constant to each value, which would show in metres.
    oracle = NaiveKDE(kernel="gaussian", bw=6).fit(np.column_stack([x, y]) / 1000).evaluate(lattice.centres / 1000)
    ours = exact_kernel_density(lattice, x, y=y, bandwidth_m=6000)
    assert np.abs(ours - oracle * len(x)).max() < 1e-9
    quartic = exact_kernel_density(lattice, [*x, np.nan], y=[*y, 0.0], bandwidth_m=9000, kernel="quartic")
    assert quartic == pytest.approx(exact_density(lattice, x, y, 9000, "quartic"), rel=1e-12)
    with pytest.raises(ValueError, match="No kernel"):
        exact_kernel_density(lattice, x, y=y, bandwidth_m=1, kernel="box")
    with pytest.raises(ValueError, match="positive number"):
        exact_kernel_density(lattice, x, y=y, bandwidth_m=0)


def test_very_many_events_take_the_short_way_to_the_same_density():
    x, y = clustered_events(MANY_EVENTS)
    found = kernel_density(TEN_KM, x, y=y, bandwidth_m=500)
    for position in np.argsort(found)[-200::10]:
        squared = ((TEN_KM.centres[position, 0] - x) ** 2 + (TEN_KM.centres[position, 1] - y) ** 2) / 500**2
        exact = np.exp(-squared / 2).sum() / (2 * np.pi * 500**2) * 1e6
        assert found[position] == pytest.approx(exact, rel=0.01)


def test_gaussian_density_equals_that_of_kdepy():
    x, y = clustered_events(2000)
    peer = NaiveKDE(kernel="gaussian", bw=600).fit(np.column_stack([x, y])).evaluate(TEN_KM.centres) * len(x) * 1e6
    found = kernel_density(TEN_KM, x, y=y, bandwidth_m=600)
    populated = peer > 0.05 * peer.max()
    assert np.percentile(np.abs(found / peer - 1)[populated], 95) < 0.02


def test_the_peer_of_the_benchmark_is_no_closer_to_the_exact_sum():
    x, y = clustered_events(2000)
    columns_first = np.lexsort(TEN_KM.centres.T[::-1])
    peer = np.empty(TEN_KM.cell_count)
    fitted = FFTKDE(kernel="gaussian", bw=600).fit(np.column_stack([x, y]))
    peer[columns_first] = fitted.evaluate(TEN_KM.centres[columns_first]) * len(x) * 1e6
    exact = exact_density(TEN_KM, x, y, 600, "gaussian")
    found = kernel_density(TEN_KM, x, y=y, bandwidth_m=600)
    assert np.abs(found - exact).max() <= np.abs(peer - exact).max()


@pytest.mark.parametrize("kernel", ["gaussian", "quartic"])
def test_all_events_are_there_when_the_density_is_summed_over_the_area(kernel):
    x, y = clustered_events(3000)
    found = kernel_density(TEN_KM, x, y=y, bandwidth_m=400, kernel=kernel)
    assert found.sum() * 0.25**2 == pytest.approx(3000, rel=0.005)


def test_an_event_just_outside_the_area_counts_and_one_beyond_reach_does_not():
    outside = kernel_density(TEN_KM, [-100.0], y=[5125.0], bandwidth_m=500)
    expected = 1e6 / 500**2 * stats.norm.pdf(225 / 500) * stats.norm.pdf(0)
    assert outside.max() == pytest.approx(expected, rel=0.03)
    assert kernel_density(TEN_KM, [-9000.0], y=[5125.0], bandwidth_m=500).max() == 0


def test_points_nowhere_and_no_points_add_nothing():
    x, y = clustered_events(100)
    with_nowhere = kernel_density(TEN_KM, [*x, np.nan, np.inf], y=[*y, 5.0, 5.0], bandwidth_m=500)
    assert np.array_equal(with_nowhere, kernel_density(TEN_KM, x, y=y, bandwidth_m=500))
    assert kernel_density(TEN_KM, [], y=[], bandwidth_m=500).tolist() == [0.0] * TEN_KM.cell_count


@given(st.integers(-40, 40), st.integers(-40, 40))
def test_the_density_moves_with_the_events_by_whole_cells(columns, rows):
    x, y = clustered_events(50)
    here = kernel_density(TEN_KM, x, y=y, bandwidth_m=500)
    moved = lattice_over(shapely.box(0, 0, 10_000, 10_000), 250)
    shifted = type(moved)(250, moved.first_i + columns, moved.first_j + rows, moved.mask)
    there = kernel_density(shifted, x + columns * 250, y=y + rows * 250, bandwidth_m=500)
    assert there == pytest.approx(here, abs=1e-9)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"bandwidth_m": 0}, "positive"),
        ({"bandwidth_m": math.nan}, "positive"),
        ({"bandwidth_m": 0.5}, "too small"),
        ({"bandwidth_m": 500, "kernel": "box"}, "No kernel 'box'; there are gaussian, quartic"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        kernel_density(TEN_KM, [1.0], y=[1.0], **arguments)


def test_coordinates_of_different_length_are_refused():
    with pytest.raises(ValueError, match="one shape"):
        kernel_density(TEN_KM, [1.0, 2.0], y=[1.0], bandwidth_m=500)
