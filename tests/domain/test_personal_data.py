import csv
import random
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis_app import paths
from gis_app.domain.personal_data import SENTENCES, PersonalKind, find_personal_data

# The examples of the standard GB 11643: nobody's numbers.
EXAMPLE, OLDER_EXAMPLE = "11010519491231002X", "440524188001010014"


def found(text):
    return [(each.kind.value, text[each.start : each.end]) for each in find_personal_data(text)]


@pytest.mark.parametrize(
    ("text", "kind", "number"),
    [
        (f"户主身份证{EXAMPLE}。", "id_number", EXAMPLE),
        ("身份证号：11010519491231002x", "id_number", "11010519491231002x"),
        (f"（{OLDER_EXAMPLE}）", "id_number", OLDER_EXAMPLE),
        ("身份证110105 19491231 002X,", "id_number", "110105 19491231 002X"),
        ("110105-19491231-002X", "id_number", "110105-19491231-002X"),
        ("１１０１０５１９４９１２３１００２Ｘ", "id_number", "１１０１０５１９４９１２３１００２Ｘ"),
        ("旧证330325620815123的住户", "old_id_number", "330325620815123"),
        ("联系人13812345678", "mobile", "13812345678"),
        ("Tel13812345678", "mobile", "13812345678"),
        ("手机：138 1234 5678。", "mobile", "138 1234 5678"),
        ("138-1234-5678", "mobile", "138-1234-5678"),
        ("+8613812345678", "mobile", "+8613812345678"),
        ("86-13812345678", "mobile", "86-13812345678"),
        ("0086 198 1234 5678", "mobile", "0086 198 1234 5678"),
        ("１３８１２３４５６７８", "mobile", "１３８１２３４５６７８"),
        ("电话0577-65812345转", "landline", "0577-65812345"),
        ("(0577)65812345", "landline", "(0577)65812345"),
        ("（0577）6581 2345", "landline", "（0577）6581 2345"),
        ("057765812345", "landline", "057765812345"),
        ("010-62345678-801", "landline", "010-62345678-801"),
        ("021 5234 5678", "landline", "021 5234 5678"),
        ("电话：65812345", "landline", "65812345"),
        ("座机号码是65812345", "landline", "65812345"),
    ],
)
def test_numbers_of_persons_are_found_where_they_stand(text, kind, number):
    assert found(text) == [(kind, number)]


def test_several_numbers_are_found_in_their_order():
    text = f"张某13812345678，{EXAMPLE}，家里0577-65812345"
    assert [kind for kind, _ in found(text)] == ["mobile", "id_number", "landline"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "RA20261123004512",
        "案号RA20261123138123456",
        "编号2026-13812345678",
        "330381001001001",  # a grid of 15 digits
        "33038110100100100101",
        "330381200110010012",  # a grid of 18 digits whose middle is a date
        "2026-11-23 14:30:00",
        "20261123143000",
        "1763879400000",  # milliseconds
        "坐标120.13812345678,27.78912345678",
        "12010519491231002X",  # the check digit is that of another province
        "110105194912310021",
        "110105194913310023",  # month 13
        "1110105194912310020",
        "罚款1381234567元",
        "10个灭火器过期，3楼201室",
        "12812345678",
        "65812345",
        "热线12345，报警110",
        "0.57765812345",
        "X057765812345",
        "统一社会信用代码91330381MA2ABCDE1X",
        "车牌浙C12345",
        "电话65812345678901",
        "110105 1949 1231 002X",  # parted elsewhere than people part it
    ],
)
def test_numbers_of_hazards_areas_dates_and_places_are_left_alone(text):
    assert found(text) == []


def test_no_area_of_the_city_and_no_grid_in_it_passes_for_a_person():
    with (paths.data() / "ruian_villages.csv").open(encoding="utf-8", newline="") as file:
        villages = [row["code"] for row in csv.DictReader(file)]
    codes = [village + suffix for village in villages for suffix in ("", "001", "012", "031", "001001", "00102")]
    assert len(codes) > 3000
    assert [code for code in codes if find_personal_data(f"网格{code}发现")] == []


def test_hardly_a_random_number_passes_for_a_person():
    # Of 15 digits one in a hundred does: old identity numbers have no check digit.
    chance = random.Random(11)
    numbers = [str(chance.randrange(10 ** (length - 1), 10**length)) for length in (14, 16, 17, 18, 19, 20) * 3000]
    assert sum(bool(find_personal_data(number)) for number in numbers) <= 2


def test_every_kind_has_a_sentence():
    assert set(SENTENCES) == set(PersonalKind)


BIRTHDAYS = st.dates(date(1900, 1, 1), date(2026, 1, 1))
DISTRICTS = st.sampled_from(["110105", "330381", "330325", "440524", "510107", "650102"])


def with_check_digit(seventeen):
    """ISO 7064 MOD 11-2 as a polynomial in 2: the whole number is 1 modulo 11."""
    remainder = sum(int(digit) * 2 ** (17 - place) for place, digit in enumerate(seventeen)) % 11
    check = (1 - remainder) % 11
    return seventeen + ("X" if check == 10 else str(check))


ID_NUMBERS = st.builds(
    lambda district, day, order: with_check_digit(f"{district}{day:%Y%m%d}{order:03d}"),
    DISTRICTS,
    BIRTHDAYS,
    st.integers(0, 999),
)
WORDS = st.text(alphabet="消防通道堆放杂物，。：（） \n请核实", max_size=12)


def test_the_check_digit_of_the_standard_is_ours():
    assert with_check_digit(EXAMPLE[:17]) == EXAMPLE
    assert with_check_digit(OLDER_EXAMPLE[:17]) == OLDER_EXAMPLE


@given(WORDS, ID_NUMBERS, WORDS)
def test_every_valid_identity_number_is_found_between_words(before, number, after):
    text = f"{before}{number}{after}"
    assert found(text) == [("id_number", number)]
    assert find_personal_data(text)[0].start == len(before)


@given(ID_NUMBERS, st.integers(0, 16), st.integers(1, 9))
def test_an_identity_number_with_one_wrong_digit_is_none(number, place, more):
    wrong = number[:place] + str((int(number[place]) + more) % 10) + number[place + 1 :]
    assert all(kind != "id_number" for kind, _ in found(wrong))


@given(WORDS, st.integers(0, 99_999_999), st.sampled_from(["138", "159", "177", "186", "191", "147", "166"]), WORDS)
def test_every_mobile_number_is_found_between_words(before, rest, prefix, after):
    number = f"{prefix}{rest:08d}"
    assert found(f"{before}{number}{after}") == [("mobile", number)]


@given(st.text(alphabet="0123456789Xx -+()（）０１电话 .RA\n年", max_size=60))
def test_findings_lie_in_the_text_in_order_and_do_not_overlap(text):
    findings = find_personal_data(text)
    ends = [0, *(each.end for each in findings)]
    for each, end in zip(findings, ends, strict=False):
        assert end <= each.start < each.end <= len(text)
        assert sum(character.isdigit() for character in text[each.start : each.end]) >= 7


@given(
    st.datetimes().map(str) | st.floats(-180, 180).map(repr) | st.integers(0, 999_999).map("RA20261123{:06d}".format)
)
def test_times_coordinates_and_numbers_of_hazards_are_left_alone(text):
    assert found(f"于{text}处") == []
