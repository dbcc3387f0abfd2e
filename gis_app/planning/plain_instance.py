"""Plain team-orienteering instances in the layout of Chao, as public benchmark sets use it."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gis_app.domain.errors import InvalidInput

FloatArray = npt.NDArray[np.float64]

TOLERANCE = 1e-9
"""How far a route may be over the limit: sums of square roots that equal it exactly differ by about 1e-14."""
KEYS = ("n", "m", "tmax")
MOST_POINTS = 5000
"""A matrix of travel times between more points would not fit the memory of a small machine."""
_SEPARATORS = re.compile(r"[\s;,:=]+")


@dataclass(frozen=True)
class PlainInstance:
    """Points with scores, of which teams collect as many as they can within a time.

    Parameters
    ----------
    places
        Shape ``(n, 2)``: the first is the start of every team, the last its end.
    scores
        Shape ``(n,)``, finite, >= 0; those of start and end count for nobody.
    team_count
        At least 1.
    time_limit
        Longest route, finite, >= 0, in the unit of the places: travel is Euclidean at speed 1, without dwell.
    """

    places: FloatArray
    scores: FloatArray
    team_count: int
    time_limit: float

    @property
    def travel(self) -> FloatArray:
        """Shape ``(n, n)``: time from each point to each."""
        x, y = self.places.T
        return np.asarray(np.hypot(x[:, None] - x[None, :], y[:, None] - y[None, :]))


def read_plain_instance(text: str) -> PlainInstance:
    """Return the instance in a text: lines ``n 32``, ``m 2``, ``tmax 15.0``, then ``x y score`` for each point.

    Parameters
    ----------
    text
        Fields stand between blanks, tabs, commas or semicolons, and where semicolons part them a comma is a decimal
        point; empty lines are passed over. The three lines of the head may stand in any order, or be bare numbers.

    Raises
    ------
    InvalidInput
        If a line cannot be used; the error names it, counted from 1.
    """
    lines = [(number, _fields(line)) for number, line in enumerate(text.lstrip("\ufeff").splitlines(), start=1)]
    lines = [(number, fields) for number, fields in lines if fields]
    head = _head(lines)
    points = np.array([_point(number, fields) for number, fields in lines[len(KEYS) :]]).reshape(-1, 3)
    if len(points) != head["n"]:
        raise InvalidInput(
            "The file says n {said}, but {found} points follow.",
            remedy="Correct n, or add the missing lines of x, y and score.",
            said=int(head["n"]),
            found=len(points),
        )
    return PlainInstance(points[:, :2], points[:, 2], int(head["m"]), head["tmax"])


def _fields(line: str) -> list[str]:
    plain = line.replace(",", ".") if ";" in line else line
    return [field for field in _SEPARATORS.split(plain.strip()) if field]


def _head(lines: list[tuple[int, list[str]]]) -> dict[str, float]:
    """Return n, m and tmax of the first three lines."""
    head: dict[str, float] = {}
    for at, usual in enumerate(KEYS):
        number, fields = lines[at] if at < len(lines) else (at + 1, [])
        named = [usual, *fields] if len(fields) == 1 else fields
        key = named[0].lower() if named else ""
        if key not in KEYS or key in head:
            raise _wrong_head(number, usual)
        head[key] = _head_value(number, named, key)
    return head


def _head_value(number: int, fields: list[str], key: str) -> float:
    value = _number(fields[1]) if len(fields) == 2 else math.nan
    least, whole = {"n": (2, True), "m": (1, True), "tmax": (0, False)}[key]
    if not least <= value < math.inf or (whole and value != int(value)) or (key == "n" and value > MOST_POINTS):
        raise _wrong_head(number, key)
    return value


def _wrong_head(number: int, key: str) -> InvalidInput:
    return InvalidInput(
        "Line {line}: {key} and its value were expected.",
        remedy="Begin with lines such as 'n 32' (2 to {most}), 'm 2' (at least 1) and 'tmax 15.0' (>= 0).",
        line=number,
        key=key,
        most=MOST_POINTS,
    )


def _point(number: int, fields: list[str]) -> tuple[float, float, float]:
    values = [_number(field) for field in fields]
    if len(values) != 3 or not all(map(math.isfinite, values)) or values[2] < 0:
        raise InvalidInput(
            "Line {line}: x, y and score were expected, the score not below 0.",
            remedy="Write each point as three numbers, such as '35.0 12.5 10'.",
            line=number,
        )
    return values[0], values[1], values[2]


def _number(field: str) -> float:
    try:
        return float(field)
    except ValueError:
        return math.nan


def route_time(instance: PlainInstance, route: Sequence[int]) -> float:
    """Return the time of a route of 0-based points."""
    x, y = instance.places[list(route)].T
    return math.fsum(np.hypot(np.diff(x), np.diff(y)).tolist())


def refuse_unless_sound(instance: PlainInstance, routes: Sequence[Sequence[int]]) -> None:
    """Raise if routes of 0-based points are no answer to the instance.

    Raises
    ------
    ValueError
        Too many routes, a route that does not lead from start to end or is too long, or a point twice.
    """
    last = len(instance.scores) - 1
    inner = [point for route in routes for point in route[1:-1]]
    if len(routes) > instance.team_count:
        raise ValueError(f"{len(routes)} routes for {instance.team_count} teams.")
    if len(set(inner)) < len(inner) or not set(inner) <= set(range(1, last)):
        raise ValueError("A point is visited twice, or is start or end, or does not exist.")
    for route in routes:
        if len(route) < 2 or route[0] != 0 or route[-1] != last:
            raise ValueError("A route does not lead from the start to the end.")
        if route_time(instance, route) > instance.time_limit + TOLERANCE:
            raise ValueError(f"A route takes {route_time(instance, route)}, over {instance.time_limit}.")


def collected_score(instance: PlainInstance, routes: Sequence[Sequence[int]]) -> float:
    """Return the score that routes of 0-based points collect."""
    return math.fsum(float(instance.scores[point]) for route in routes for point in route[1:-1])
