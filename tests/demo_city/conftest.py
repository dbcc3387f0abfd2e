"""One small city for all tests of this folder."""

from datetime import UTC, datetime

import pandas as pd
import pytest

from gis_app import paths
from gis_app.demo_city.build import CitySize, build
from gis_app.demo_city.place_names import read_place_names


@pytest.fixture(scope="session")
def city():
    return build(
        CitySize.SMALL,
        7,
        place_names=read_place_names(paths.data()),
        categories=pd.read_csv(paths.data() / "hazard_categories.csv"),
        end=datetime(2026, 11, 23, 11, 0, tzinfo=UTC),
    )


@pytest.fixture(scope="session")
def nights(city):
    return list(city.nights())
