import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis_app.analysis import datum

CHINA_LON, CHINA_LAT = st.floats(73.0, 137.0), st.floats(3.0, 54.0)


def metres_apart(lon, lat, other_lon, other_lat):
    return np.hypot((lon - other_lon) * 111_320 * np.cos(np.radians(lat)), (lat - other_lat) * 111_320)


def test_the_published_point_converts_to_its_published_gcj02_position():
    lon, lat = datum.wgs84_to_gcj02(120.0, 40.0)
    assert float(lon) == pytest.approx(120.00567568355486, abs=1e-12)
    assert float(lat) == pytest.approx(40.0013047896019, abs=1e-12)


def test_near_ruian_the_offsets_are_those_the_city_knows():
    for convert, expected_m in ((datum.wgs84_to_gcj02, 540), (datum.wgs84_to_bd09, 1070)):
        lon, lat = convert(120.65, 27.78)
        assert metres_apart(120.65, 27.78, lon, lat) == pytest.approx(expected_m, rel=0.05)


@pytest.mark.parametrize(
    ("there", "back"),
    [
        (datum.wgs84_to_gcj02, datum.gcj02_to_wgs84),
        (datum.gcj02_to_bd09, datum.bd09_to_gcj02),
        (datum.wgs84_to_bd09, datum.bd09_to_wgs84),
    ],
)
@given(lon=CHINA_LON, lat=CHINA_LAT)
def test_there_and_back_returns_the_point_to_a_billionth_of_a_degree(there, back, lon, lat):
    again_lon, again_lat = back(*there(lon, lat))
    assert abs(again_lon - lon) < 1e-9
    assert abs(again_lat - lat) < 1e-9


@pytest.mark.parametrize(
    "convert", [datum.wgs84_to_gcj02, datum.gcj02_to_wgs84, datum.wgs84_to_bd09, datum.bd09_to_wgs84]
)
@pytest.mark.parametrize(("lon", "lat"), [(2.35, 48.86), (-74.0, 40.7), (151.2, -33.9), (138.0, 36.0)])
def test_a_point_outside_china_stays_where_it_is(convert, lon, lat):
    assert [float(value) for value in convert(lon, lat)] == [lon, lat]


def test_a_point_converts_the_same_alone_and_in_company():
    lon, lat = np.array([120.1, 2.35, 121.2]), np.array([27.6, 48.86, 27.9])
    together = np.array(datum.gcj02_to_wgs84(lon, lat))
    alone = np.array([datum.gcj02_to_wgs84(*point) for point in zip(lon, lat, strict=True)]).T
    assert np.array_equal(together, alone)


def test_the_arguments_are_left_as_they_were():
    lon, lat = np.array([120.0]), np.array([40.0])
    datum.wgs84_to_gcj02(lon, lat)
    assert (lon[0], lat[0]) == (120.0, 40.0)


def test_every_datum_a_file_may_declare_leads_back_to_one_wgs84_point():
    from_wgs84 = {
        "wgs84": datum.unchanged,
        "cgcs2000": datum.unchanged,
        "gcj02": datum.wgs84_to_gcj02,
        "bd09": datum.wgs84_to_bd09,
    }
    assert from_wgs84.keys() == datum.TO_WGS84.keys()
    for name, convert in from_wgs84.items():
        lon, lat = datum.TO_WGS84[name](*convert(120.65, 27.78))
        assert (float(lon), float(lat)) == pytest.approx((120.65, 27.78), abs=1e-9)


@pytest.mark.parametrize(
    ("there", "back"),
    [(datum.wgs84_to_gcj02, datum.gcj02_to_wgs84), (datum.wgs84_to_bd09, datum.bd09_to_wgs84)],
)
def test_the_inverse_is_the_exact_one_within_a_ten_millionth_of_a_metre(there, back):
    # The exact one: steps until not one bit of any point changes any more, or it only swings within the last bits.
    chance = np.random.default_rng(8)
    lon, lat = chance.uniform(73, 135, 20_000), chance.uniform(4, 53, 20_000)
    exact_lon, exact_lat = lon.copy(), lat.copy()
    for _ in range(60):
        shifted_lon, shifted_lat = there(exact_lon, exact_lat)
        exact_lon, exact_lat = exact_lon - (shifted_lon - lon), exact_lat - (shifted_lat - lat)

    found_lon, found_lat = back(lon, lat)

    assert metres_apart(found_lon, found_lat, exact_lon, exact_lat).max() < 1e-7
