"""The area around each place: against asking every area, and where none or several are."""

import numpy as np
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gis_app.analysis.enclosing import EnclosingAreas

SQUARES = [shapely.box(x, y, x + 1, y + 1) for y in range(3) for x in range(4)]
COORDINATE = st.integers(-4, 20).map(lambda quarter: quarter / 4)


@given(st.lists(st.tuples(COORDINATE, COORDINATE), max_size=30))
def test_each_place_has_the_first_area_that_holds_it(places):
    expected = [
        next((n for n, square in enumerate(SQUARES) if square.intersects(shapely.Point(place))), -1) for place in places
    ]
    x, y = np.array(places).reshape(-1, 2).T
    assert EnclosingAreas(SQUARES).at(x, y).tolist() == expected


def test_without_areas_no_place_has_one():
    assert EnclosingAreas([]).at([1.0], [2.0]).tolist() == [-1]
