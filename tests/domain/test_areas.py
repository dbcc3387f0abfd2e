import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis_app.domain.areas import child_path, common_path, contains_path
from gis_app.domain.errors import InvalidInput
from gis_app.domain.rights import Scope

CODES = st.text(st.characters(exclude_characters="/", exclude_categories=("Cs",)), min_size=1, max_size=20)


def test_paths_chain_the_codes_from_the_city_down():
    assert child_path(child_path("", "330381"), "330381001") == "/330381/330381001/"


@pytest.mark.parametrize("code", ["", "33/0381"])
def test_a_code_that_would_break_the_path_is_refused(code):
    with pytest.raises(InvalidInput, match="not usable"):
        child_path("/330381/", code)


def test_an_empty_scope_contains_nothing():
    assert not contains_path("", "/330381/")


@given(CODES, CODES, CODES)
def test_siblings_never_contain_each_other_even_if_one_code_begins_the_other(city, code, suffix):
    one, other = (child_path(child_path("", city), each) for each in (code, code + suffix))
    assert contains_path(child_path("", city), one)
    assert not contains_path(one, other)
    assert not contains_path(other, one)


@pytest.mark.parametrize("path", ["/33038", "330381/", "%"])
def test_a_scope_whose_path_could_match_half_a_code_cannot_be_made(path):
    with pytest.raises(ValueError, match="no scope path"):
        Scope(account="a", area_path=path)


@pytest.mark.parametrize(
    ("first", "second", "common"),
    [
        ("/1/", "/1/", "/1/"),
        ("/1/2/", "/1/2/3/", "/1/2/"),
        ("/1/2/", "/1/3/", "/1/"),
        ("/1/21/", "/1/2/", "/1/"),
        ("/1/", "/2/", "/"),
        ("/", "/1/", "/"),
    ],
)
def test_the_smallest_area_of_two_contains_both(first, second, common):
    assert common_path(first, second) == common_path(second, first) == common
    assert contains_path(common, first) and contains_path(common, second)
