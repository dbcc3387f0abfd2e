"""One value of one column, read and checked."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

from gis_app.domain.periods import CITY_TIME
from gis_app.importers.headers import plain
from gis_app.importers.kinds import Column, ColumnType
from gis_app.importers.vocabulary import BOOLEANS, Words

FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufffe\uffff]")
_CODE = re.compile(r"[^\s/\\]+")
_ROUNDED = re.compile(r"[0-9](\.[0-9]+)?[Ee]\+?[0-9]+")
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}(\.0+)?")
_MOMENT = re.compile(
    r"(?P<y>\d{4})[-/.年](?P<m>\d{1,2})[-/.月](?P<d>\d{1,2})日?"
    r"(?:[T ]\s*(?P<H>\d{1,2})[:时](?P<M>\d{1,2})(?:[:分](?P<S>\d{1,2})(?:[.,](?P<f>\d{1,9}))?秒?|分)?"
    r"\s*(?P<z>Z|z|[+-]\d{2}:?\d{2})?)?"
)
FIRST_YEAR = 1990
CLOCK_SLACK = timedelta(days=1)
_SERIAL_ORIGIN = datetime(1899, 12, 30)
_FIRST_SERIAL, _LAST_SERIAL = 1.0, 200_000.0

Value = str | int | float | bool | datetime | date | None


class BadValue(Exception):  # noqa: N818
    """Carries problem and remedy of one value up to the row."""

    def __init__(self, problem: str, remedy: str, **params: object) -> None:
        super().__init__(problem)
        self.problem, self.remedy, self.params = problem, remedy, params


@dataclass(frozen=True)
class Reading:
    """What the reading of values depends on: the city's time zone, the present, the words of open choices.

    Times without a zone are taken as ``time_zone``. ``now`` refuses times more than a day ahead; None does not look.
    ``serial_days`` reads a number as days since 30 December 1899, which is how spreadsheets store times.
    """

    words: dict[str, Words]
    now: datetime | None = None
    time_zone: tzinfo = CITY_TIME
    serial_days: bool = False


def read_value(raw: object, column: Column, reading: Reading) -> Value:
    """Return the checked value of ``raw``, the column's default if it is empty.

    Raises
    ------
    BadValue
        If it is missing though required, or not what the column holds.
    """
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        if column.required:
            raise BadValue("The value is missing.", "Fill it in; this field is required.")
        return column.default
    return _READERS[column.type](raw, column, reading)


def _text(raw: object, column: Column, _: Reading) -> str:
    if not isinstance(raw, str | int | float):
        raise BadValue("The value is a list or an object, not text.", "Give plain text.")
    text = str(raw).strip()
    if len(text) > column.limit:
        raise BadValue(
            "The text has {found} characters; at most {limit} are allowed.",
            "Shorten it.",
            found=len(text),
            limit=int(column.limit),
        )
    hidden = FORBIDDEN.search(text)
    if hidden:
        raise BadValue(
            "The text holds the control character U+{code} at position {place}.",
            "Remove it; line breaks and tabs are allowed.",
            code=f"{ord(hidden.group()):04X}",
            place=hidden.start() + 1,
        )
    return text


def _code(raw: object, column: Column, reading: Reading) -> str:
    if isinstance(raw, bool | float) and not float(raw).is_integer():
        raise BadValue("The code {found} is a fraction.", "Store codes as text.", found=_shown(raw))
    text = _text(int(raw) if isinstance(raw, float) else raw, column, reading)
    if _ROUNDED.fullmatch(text):
        raise BadValue(
            "The code {found} was rounded by a spreadsheet.",
            "Format the column as text in the spreadsheet and export it again.",
            found=_shown(text),
        )
    if len(text) > 64 or not _CODE.fullmatch(text):
        raise BadValue(
            "The code {found} is not usable.",
            "Use at most 64 characters, without spaces and slashes.",
            found=_shown(text),
        )
    return text


def _choice(raw: object, column: Column, reading: Reading) -> str:
    words = column.words if column.words is not None else reading.words[column.name]
    value = words.get(plain(str(raw)))
    if value is None:
        raise BadValue(
            "The value {found} is not known.",
            "Use one of: {allowed}.",
            found=_shown(raw),
            allowed=", ".join(_in_both_languages(words)),
        )
    return str(value)


def _in_both_languages(words: Words) -> Iterator[str]:
    """Yield each value with its first Chinese word, if it has one: a file may say either."""
    for value in dict.fromkeys(words.values()):
        chinese = next((word for word, stands_for in words.items() if stands_for == value and not word.isascii()), None)
        yield f"{value} ({chinese})" if chinese and chinese != value else value


def _yes_no(raw: object, _: Column, __: Reading) -> bool:
    value = BOOLEANS.get(plain(str(raw)))
    if value is None:
        raise BadValue("The value {found} is neither yes nor no.", "Write true or false (是, 否).", found=_shown(raw))
    return value == "true"


def _whole(raw: object, column: Column, _: Reading) -> int:
    if isinstance(raw, bool) or not _WHOLE.fullmatch(str(raw).strip()):
        raise BadValue("The value {found} is not a whole number.", "Write it in digits.", found=_shown(raw))
    return int(_in_limit(int(str(raw).strip().split(".")[0]), column))


def _number(raw: object, column: Column, _: Reading) -> float:
    try:
        number = math.nan if isinstance(raw, bool) or "_" in str(raw) else float(str(raw))
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise BadValue("The value {found} is not a number.", "Write it in digits.", found=_shown(raw))
    return _in_limit(number, column)


def _in_limit(number: float, column: Column) -> float:
    if not 0 <= number <= column.limit:
        raise BadValue("The value {found} is outside 0 to {limit}.", "Correct it.", found=number, limit=column.limit)
    return number


def _time(raw: object, column: Column, reading: Reading) -> datetime:
    parts = _moment_parts(raw, reading)
    if parts["H"] is None:
        raise BadValue("The time {found} has a day but no hour.", "Add the time of day.", found=_shown(raw))
    try:
        moment = _moment(parts, reading.time_zone)
    except ValueError:
        raise _not_a_time(raw) from None
    _require_plausible(moment, raw, column, reading)
    return moment


def _moment(parts: dict[str, str | None], time_zone: tzinfo) -> datetime:
    day_and_clock = [int(parts[key] or 0) for key in ("y", "m", "d", "H", "M", "S")]
    fraction = int((parts["f"] or "0").ljust(6, "0")[:6])
    local = datetime(*day_and_clock, fraction, tzinfo=_zone(parts["z"], time_zone))  # type: ignore[arg-type,misc]
    return local.astimezone(UTC)


def _zone(written: str | None, time_zone: tzinfo) -> tzinfo:
    if written is None:
        return time_zone
    if written in "Zz":
        return UTC
    return datetime.strptime(written, "%z").tzinfo or UTC


def _day(raw: object, column: Column, reading: Reading) -> date:
    parts = _moment_parts(raw, reading)
    try:
        day = date(int(parts["y"] or 0), int(parts["m"] or 0), int(parts["d"] or 0))
    except ValueError:
        raise _not_a_time(raw) from None
    _require_plausible(datetime.combine(day, datetime.min.time(), reading.time_zone), raw, column, reading)
    return day


def _moment_parts(raw: object, reading: Reading) -> dict[str, str | None]:
    if reading.serial_days and isinstance(raw, int | float) and _FIRST_SERIAL <= raw <= _LAST_SERIAL:
        # Spreadsheets keep about a microsecond; half a second off would show another minute.
        moment = _SERIAL_ORIGIN + timedelta(seconds=round(raw * 86_400, 3))
        raw = moment.isoformat(" ", "milliseconds") if raw % 1 else moment.date().isoformat()
    match = _MOMENT.fullmatch(raw.strip()) if isinstance(raw, str) else None
    if match is None:
        raise _not_a_time(raw)
    return match.groupdict()


def day_or_moment(raw: str, time_zone: tzinfo = CITY_TIME) -> date | datetime | None:
    """Return the day, or the moment in UTC, that a text tells in one of the forms above; None if it tells none.

    A moment without a zone is of ``time_zone``; of any year.
    """
    match = _MOMENT.fullmatch(raw.strip())
    if match is None:
        return None
    parts = match.groupdict()
    try:
        if parts["H"] is None:
            return date(int(parts["y"]), int(parts["m"]), int(parts["d"]))
        return _moment(parts, time_zone)
    except (ValueError, OverflowError):
        return None


def _require_plausible(moment: datetime, raw: object, column: Column, reading: Reading) -> None:
    is_ahead = reading.now is not None and moment > reading.now + CLOCK_SLACK
    if moment.year < FIRST_YEAR or (is_ahead and not column.may_lie_ahead):
        raise BadValue(
            "The time {found} is before {first} or in the future.", "Correct it.", found=_shown(raw), first=FIRST_YEAR
        )


def _not_a_time(raw: object) -> BadValue:
    return BadValue(
        "The value {found} is not a time.",
        "Write times as 2026-11-22 21:30:00 (city time) or 2026-11-22T13:30:00Z.",
        found=_shown(raw),
    )


def _shown(raw: object) -> str:
    """Return a short quotation of ``raw`` without control characters."""
    return ascii(str(raw)[:60]) if FORBIDDEN.search(str(raw)[:60]) else repr(str(raw)[:60])


_READERS: dict[ColumnType, Callable[[object, Column, Reading], Value]] = {
    ColumnType.TEXT: _text,
    ColumnType.CODE: _code,
    ColumnType.CHOICE: _choice,
    ColumnType.YES_NO: _yes_no,
    ColumnType.WHOLE: _whole,
    ColumnType.NUMBER: _number,
    ColumnType.TIME: _time,
    ColumnType.DAY: _day,
}
