"""Spot numbers of persons in free text: identity cards and telephones, so that a form can warn before it is sent.

Only places and kinds are returned, never the number itself: a warning must not become another copy of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType


class PersonalKind(StrEnum):
    """Kinds of numbers that lead to a person."""

    ID_NUMBER = "id_number"
    OLD_ID_NUMBER = "old_id_number"
    MOBILE = "mobile"
    LANDLINE = "landline"


SENTENCES: Mapping[PersonalKind, str] = MappingProxyType(
    {
        PersonalKind.ID_NUMBER: "This looks like the number of an identity card.",
        PersonalKind.OLD_ID_NUMBER: "This looks like the number of an old identity card.",
        PersonalKind.MOBILE: "This looks like a mobile number.",
        PersonalKind.LANDLINE: "This looks like a telephone number.",
    }
)
"""A sentence for each kind, for the warning."""


@dataclass(frozen=True)
class Finding:
    """A number found: ``text[start:end]``."""

    kind: PersonalKind
    start: int
    end: int


_HALF_WIDTH = str.maketrans("０１２３４５６７８９Ｘｘ－—–（）＋　", "0123456789Xx---()+ ")
"""Full-width forms, one sign for one, so that places stay what they are."""
_PROVINCES = frozenset(
    (*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55), *range(61, 66), 71, 81, 82, 83)
)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_DIGITS = "10X98765432"
"""GB 11643, by the weighted sum of the first 17 digits modulo 11."""
_EARLIEST_OLD_YEAR = 30
"""Old cards, issued up to 1999, hold two digits of the year of birth. Grid codes of 15 digits would pass for earlier
years: their town and village stand where the date does."""
# Not within a longer number, a code, a decimal number or after 2026-: the year of a number of our own.
_ALONE = r"(?<![0-9A-Za-z_.])(?<!\d-)"
_ENDS = r"(?![0-9A-Za-z_])(?!\.\d)(?!-\d)"
_CALL = r"(?:(?<=tel)|(?<=phone)|(?<=mobile)|" + _ALONE + ")"

_PREFIX = r"(?:(?:\+|00)?86[ -]?)?"
_AREA = r"(?:10|2\d|[3-9]\d{2})"
_FLAGS = re.ASCII | re.IGNORECASE

_PATTERNS: tuple[tuple[PersonalKind, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern + _ENDS, _FLAGS))
    for kind, pattern in (
        (PersonalKind.ID_NUMBER, _ALONE + r"(?P<number>\d{6}[ -]?(?:18|19|20)\d{6}[ -]?\d{3}[\dX])"),
        (PersonalKind.OLD_ID_NUMBER, _ALONE + r"(?P<number>\d{15})"),
        (
            PersonalKind.MOBILE,
            _CALL + rf"(?P<number>{_PREFIX}1(?:3\d|4[5-9]|5[0-35-9]|6[2567]|7[0-8]|8\d|9[0-35-9])"
            r"(?P<gap>[ -]?)\d{4}(?P=gap)\d{4})",
        ),
        (
            PersonalKind.LANDLINE,
            _CALL + rf"(?P<number>{_PREFIX}(?:\(0?{_AREA}\)|0{_AREA})[ -]?[2-8]\d{{2,3}}[ -]?\d{{4}}(?:-\d{{1,5}})?)",
        ),
        # Without an area code only where the text says that a telephone follows.
        (PersonalKind.LANDLINE, r"(?:电话|座机|手机|致电|tel|phone)[:：号码是为. ]{0,4}(?P<number>[2-8]\d{6,7})"),
    )
)
"""What the numbers look like; identity numbers before telephones, which could be a part of one."""


def find_personal_data(text: str) -> tuple[Finding, ...]:
    """Return the numbers of persons in a text, in order, none overlapping another.

    An identity number counts only with a province, a date that exists and, for 18 digits, the right check digit; the
    numbers of hazards, areas, dates and coordinates do not pass for one.
    """
    plain = text.translate(_HALF_WIDTH)
    taken: list[Finding] = []
    for finding in _candidates(plain):
        if all(finding.end <= each.start or finding.start >= each.end for each in taken):
            taken.append(finding)
    return tuple(sorted(taken, key=lambda finding: finding.start))


def _candidates(plain: str) -> Iterator[Finding]:
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(plain):
            test = _TESTS.get(kind)
            if test is None or test(match["number"].replace(" ", "").replace("-", "")):
                yield Finding(kind, match.start("number"), match.end("number"))


def _is_id_number(digits: str) -> bool:
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, digits, strict=False))
    return (
        int(digits[:2]) in _PROVINCES
        and _is_date(digits[6:14])
        and digits[17].upper() == _CHECK_DIGITS[total % len(_CHECK_DIGITS)]
    )


def _is_old_id_number(digits: str) -> bool:
    return int(digits[:2]) in _PROVINCES and int(digits[6:8]) >= _EARLIEST_OLD_YEAR and _is_date("19" + digits[6:12])


def _is_date(digits: str) -> bool:
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return True


_TESTS: Mapping[PersonalKind, Callable[[str], bool]] = {
    PersonalKind.ID_NUMBER: _is_id_number,
    PersonalKind.OLD_ID_NUMBER: _is_old_id_number,
}
