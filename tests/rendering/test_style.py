"""Which class and colour a value falls in."""

import pytest

from gis_app.rendering.checked_table import Words
from gis_app.rendering.style import Paint, Stop

WORDS = Words("一", "one")
STEPS = Paint(kind="steps", field="share", stops=(Stop("#000001", WORDS, least=0.0), Stop("#000002", WORDS, least=0.5)))
KINDS = Paint(kind="categories", field="kind", color="#000009", stops=(Stop("#000001", WORDS, value="a"),))


@pytest.mark.parametrize(
    ("value", "color"), [(-0.1, None), (0, "#000001"), (0.499, "#000001"), (0.5, "#000002"), (9, "#000002")]
)
def test_a_step_holds_from_its_least_up_to_the_next(value, color):
    assert STEPS.color_of(value) == color


@pytest.mark.parametrize("value", [None, "0.7"])
def test_what_is_no_number_is_in_no_step(value):
    assert STEPS.stop_of(value) is None


def test_a_value_outside_all_categories_takes_the_paints_own_colour():
    assert KINDS.color_of("a") == "#000001"
    assert KINDS.color_of("b") == "#000009"
