from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from gis_app.analysis.instants import utc_instant, utc_instants

EIGHT_IN_RUIAN = datetime(2026, 11, 22, 8, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
MIDNIGHT_UTC = np.datetime64("2026-11-22T00:00:00", "us")


@pytest.mark.parametrize(
    "times",
    [
        [EIGHT_IN_RUIAN],
        pd.Series([EIGHT_IN_RUIAN]),
        pd.DatetimeIndex([EIGHT_IN_RUIAN]),
        pd.Series([EIGHT_IN_RUIAN], dtype=object),
        np.array(["2026-11-22T00:00:00"], dtype="datetime64[ns]"),
        [datetime(2026, 11, 22, tzinfo=UTC)],
    ],
)
def test_the_same_moment_is_the_same_instant_in_every_form(times):
    instants = utc_instants(times)
    assert instants.dtype == np.dtype("datetime64[us]")
    assert instants.tolist() == [MIDNIGHT_UTC.tolist()]


def test_a_missing_time_stays_missing():
    assert np.isnat(utc_instants(pd.Series([EIGHT_IN_RUIAN, None]))).tolist() == [False, True]
    assert np.isnat(utc_instants([None, None])).all()
    assert len(utc_instants([])) == 0


@pytest.mark.parametrize("times", [[datetime(2026, 11, 22)], pd.Series([datetime(2026, 11, 22)])])
def test_a_time_without_a_zone_is_refused(times):
    with pytest.raises(ValueError, match="time zone"):
        utc_instants(times)


def test_one_moment_converts_like_many():
    assert utc_instant(EIGHT_IN_RUIAN) == MIDNIGHT_UTC
