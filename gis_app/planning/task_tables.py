"""Tables of teams and stops as text, row by row, with the row and field named of what cannot be used."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TypeVar

from gis_app.domain.errors import InvalidInput
from gis_app.domain.periods import CITY_TIME

PRIZE_PREFIX = "prize_"
TEAM_FIELDS = ("code", "lon", "lat", "starts_at", "ends_at", "mode")
STOP_FIELDS = ("code", "lon", "lat")
WINDOWS_BEFORE = timedelta(hours=6)
"""A window's clock time is the first one from so long before the first shift begins."""
_WINDOW = re.compile(r"(\d{1,2}:\d{2})\s*-\s*(\d{1,2}:\d{2})")
_YES, _NO = frozenset({"yes", "true", "1", "是"}), frozenset({"", "no", "false", "0", "否"})
T = TypeVar("T")


@dataclass(frozen=True)
class TeamRow:
    """A team as its table has it; coordinates in the table's datum."""

    code: str
    start: tuple[float, float]
    end: tuple[float, float]
    starts_at: datetime
    ends_at: datetime
    mode: str
    skills: frozenset[str]


@dataclass(frozen=True)
class StopRow:
    """A stop as its table has it; coordinates in the table's datum."""

    code: str
    place: tuple[float, float]
    prize_parts: Mapping[str, float]
    dwell_s: float
    village: str | None
    windows: tuple[tuple[datetime, datetime], ...]
    is_required: bool
    skill: str | None


def read_teams(text: str, *, file: str) -> tuple[TeamRow, ...]:
    """Return the teams of a table.

    Parameters
    ----------
    text
        CSV with a header: code, lon, lat, starts_at, ends_at, mode; optional end_lon, end_lat, skills (between
        semicolons). Times are ISO 8601; without a zone they are the city's.
    file
        Its name, for errors.
    """
    return tuple(
        TeamRow(
            code=row.text("code"),
            start=(row.number("lon"), row.number("lat")),
            end=(row.number("end_lon", row.number("lon")), row.number("end_lat", row.number("lat"))),
            starts_at=row.parsed("starts_at", _instant, "2026-11-23T20:00"),
            ends_at=row.parsed("ends_at", _instant, "2026-11-23T23:00"),
            mode=row.text("mode"),
            skills=frozenset(filter(None, (skill.strip() for skill in row.get("skills").split(";")))),
        )
        for row in _rows(text, file=file, needed=TEAM_FIELDS)
    )


def read_stops(text: str, *, file: str, begins: datetime) -> tuple[StopRow, ...]:
    """Return the stops of a table.

    Parameters
    ----------
    text
        CSV with a header: code, lon, lat; optional dwell_min (10 if empty), village, windows (such as
        ``20:00-21:00;22:30-23:00``), required (yes or no), skill, and the parts of the prize in columns ``prize_...``.
    file
        Its name, for errors.
    begins
        When the first shift begins: the night that clock times of windows are of.
    """
    rows = _rows(text, file=file, needed=STOP_FIELDS)
    return tuple(
        StopRow(
            code=row.text("code"),
            place=(row.number("lon"), row.number("lat")),
            prize_parts={
                name.removeprefix(PRIZE_PREFIX): row.number(name, 0.0)
                for name in row.values
                if name.startswith(PRIZE_PREFIX)
            },
            dwell_s=row.number("dwell_min", 10.0) * 60,
            village=row.get("village") or None,
            windows=row.parsed("windows", lambda raw: windows_of(raw, begins), "20:00-21:00;22:30-23:00"),
            is_required=row.parsed("required", _yes_no, "yes or no"),
            skill=row.get("skill") or None,
        )
        for row in rows
    )


@dataclass(frozen=True)
class _Row:
    file: str
    number_: int
    values: Mapping[str, str]

    def get(self, field: str) -> str:
        return self.values.get(field, "")

    def text(self, field: str) -> str:
        if not self.get(field):
            raise self._wrong(field, "a value")
        return self.get(field)

    def number(self, field: str, default: float | None = None) -> float:
        if default is not None and not self.get(field):
            return default
        return self.parsed(field, _number, "a number such as 120.65")

    def parsed(self, field: str, parse: Callable[[str], T], example: str) -> T:
        try:
            return parse(self.get(field))
        except ValueError:
            raise self._wrong(field, example) from None

    def _wrong(self, field: str, example: str) -> InvalidInput:
        return InvalidInput(
            "{file}, row {row}: {field} is {value!r}.",
            remedy="Write {example} there.",
            file=self.file,
            row=self.number_,
            field=field,
            value=self.get(field)[:40],
            example=example,
        )


def _rows(text: str, *, file: str, needed: Sequence[str]) -> list[_Row]:
    reader = csv.DictReader(io.StringIO(text.lstrip("\ufeff")), restkey="", restval="")
    names = [name.strip() for name in reader.fieldnames or ()]
    missing = [name for name in needed if name not in names]
    if missing:
        raise InvalidInput(
            "{file} has no column {columns}.",
            remedy="Begin it with a header of column names; docs/planning.md lists them.",
            file=file,
            columns=", ".join(missing),
        )
    reader.fieldnames = names
    # The header is row 1.
    return [
        _Row(file, number, {name: value.strip() for name, value in values.items() if name})
        for number, values in enumerate(reader, start=2)
    ]


def _number(raw: str) -> float:
    number = float(raw)
    if not math.isfinite(number):
        raise ValueError(raw)
    return number


def _instant(raw: str) -> datetime:
    instant = datetime.fromisoformat(raw)
    return (instant.replace(tzinfo=CITY_TIME) if instant.tzinfo is None else instant).astimezone(UTC)


def _yes_no(raw: str) -> bool:
    if raw.lower() not in _YES | _NO:
        raise ValueError(raw)
    return raw.lower() in _YES


def windows_of(raw: str, begins: datetime) -> tuple[tuple[datetime, datetime], ...]:
    """Return windows such as ``20:00-21:00;22:30-23:00`` as instants of the night in which the first shift begins.

    Raises
    ------
    ValueError
        If they are written otherwise.
    """
    windows = []
    for part in filter(None, (part.strip() for part in raw.split(";"))):
        found = _WINDOW.fullmatch(part)
        if found is None:
            raise ValueError(raw)
        opens = _next(time.fromisoformat(found[1].zfill(5)), begins - WINDOWS_BEFORE)
        windows.append((opens, _next(time.fromisoformat(found[2].zfill(5)), opens)))
    return tuple(windows)


def _next(clock: time, since: datetime) -> datetime:
    local = since.astimezone(CITY_TIME)
    today = datetime.combine(local.date(), clock, CITY_TIME)
    return (today if today >= local else today + timedelta(days=1)).astimezone(UTC)
