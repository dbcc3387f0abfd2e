"""The way between two coordinate systems is found once."""

import pytest

from gis_app.analysis.transformers import transformer


def test_a_transformer_is_made_once_and_takes_lon_before_lat():
    there, back = transformer(4326, 4549), transformer(4549, 4326)
    assert transformer(4326, 4549) is there
    # On the central meridian of EPSG:4549, 120 degrees east, x is its false easting.
    assert there.transform(120.0, 27.8)[0] == pytest.approx(500_000, abs=1e-3)
    assert back.transform(*there.transform(120.6, 27.8)) == pytest.approx((120.6, 27.8), abs=1e-9)
