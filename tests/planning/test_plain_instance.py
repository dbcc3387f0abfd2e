"""Plain team-orienteering instances: what is read, what is refused, and which routes are an answer."""

import numpy as np
import pytest

from gis_app.domain.errors import InvalidInput
from gis_app.planning.plain_instance import (
    PlainInstance,
    collected_score,
    read_plain_instance,
    refuse_unless_sound,
    route_time,
)

SQUARE = "n 4\nm 2\ntmax 14.0\n0 0 0\n3 4 10\n6 8 20\n6 0 0\n"


def test_the_layout_of_chao_is_read():
    instance = read_plain_instance(SQUARE)
    assert (instance.team_count, instance.time_limit) == (2, 14.0)
    assert instance.scores.tolist() == [0, 10, 20, 0]
    assert instance.travel[0].tolist() == [0, 5, 10, 6]


@pytest.mark.parametrize(
    "text",
    [
        SQUARE.replace(" ", "\t"),
        SQUARE.replace(" ", ";"),
        SQUARE.replace("\n", "\r\n"),
        SQUARE.replace("\n", "\n\n"),
        "\ufeff" + SQUARE,
        SQUARE.replace("tmax", "Tmax"),
        SQUARE.rstrip("\n"),
        SQUARE.replace("n 4\nm 2\ntmax 14.0", "tmax 14.0\nn 4\nm 2"),
        SQUARE.replace("n 4\nm 2\ntmax 14.0", "4\n2\n14.0"),
        SQUARE.replace(" ", ";").replace("14.0", "14,0").replace("3;4;10", "3,0;4;10,0"),
    ],
)
def test_other_separators_and_line_ends_say_the_same(text):
    assert np.array_equal(read_plain_instance(text).places, read_plain_instance(SQUARE).places)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Line 1: n "),
        (SQUARE.replace("n 4", "n four"), "Line 1: n "),
        (SQUARE.replace("n 4", "n 1"), "Line 1: n "),
        (SQUARE.replace("n 4", "n 4000000"), "Line 1: n "),
        (SQUARE.replace("m 2", "m 0"), "Line 2: m "),
        (SQUARE.replace("m 2", "m 1.5"), "Line 2: m "),
        (SQUARE.replace("m 2", "teams 2"), "Line 2: m "),
        (SQUARE.replace("14.0", "-1"), "Line 3: tmax "),
        (SQUARE.replace("14.0", "inf"), "Line 3: tmax "),
        (SQUARE.replace("14.0", "nan"), "Line 3: tmax "),
        (SQUARE.replace("3 4 10", "3 4"), "Line 5: x, y and score"),
        (SQUARE.replace("3 4 10", "3 4 ten"), "Line 5: x, y and score"),
        (SQUARE.replace("3 4 10", "3 4 -10"), "Line 5: x, y and score"),
        (SQUARE.replace("3 4 10", "3 nan 10"), "Line 5: x, y and score"),
        (SQUARE + "1 1 1\n", "n 4, but 5 points"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_line(text, said):
    with pytest.raises(InvalidInput, match=said):
        read_plain_instance(text)


def test_time_and_score_of_a_route_by_hand():
    instance = read_plain_instance(SQUARE)
    # 5 to the first, 5 to the second, then 8 straight down.
    assert route_time(instance, [0, 1, 2, 3]) == 18
    assert collected_score(instance, [[0, 1, 3], [0, 2, 3]]) == 30


def test_sound_routes_pass():
    refuse_unless_sound(read_plain_instance(SQUARE), [[0, 1, 3], [0, 3]])
    refuse_unless_sound(read_plain_instance(SQUARE), [])


@pytest.mark.parametrize(
    ("routes", "said"),
    [
        ([[0, 1, 2, 3]], "takes 18"),
        ([[0, 1, 3], [0, 1, 3]], "twice"),
        ([[0, 1, 1, 3]], "twice"),
        ([[0, 3, 3]], "twice"),
        ([[0, 4, 3]], "does not exist"),
        ([[0, -1, 3]], "does not exist"),
        ([[0, 1]], "from the start"),
        ([[1, 3]], "from the start"),
        ([[0]], "from the start"),
        ([[0, 3], [0, 3], [0, 3]], "3 routes for 2 teams"),
    ],
)
def test_unsound_routes_are_refused(routes, said):
    with pytest.raises(ValueError, match=said):
        refuse_unless_sound(read_plain_instance(SQUARE), routes)


def test_a_route_that_takes_the_limit_exactly_is_sound():
    # Seven sides of length 0.1 sum to 0.7 only up to rounding.
    places = np.column_stack([np.arange(8) * 0.1, np.zeros(8)])
    refuse_unless_sound(PlainInstance(places, np.ones(8), 1, 0.7), [list(range(8))])
