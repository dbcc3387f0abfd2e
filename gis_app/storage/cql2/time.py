"""Moments, days and intervals in filters, and the temporal predicates of Allen's algebra."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, DateTime, and_, cast, func, literal, or_, text

from gis_app.domain.periods import CITY_TIME
from gis_app.storage.cql2.terms import Term, day_of, moment_of, refused

Sql = ColumnElement[Any]
_OPEN = ".."
_DAY_LESS_A_TICK = timedelta(days=1) - timedelta(microseconds=1)


@dataclass(frozen=True)
class Span:
    """From the first to the last moment of something."""

    start: Sql
    end: Sql


_PREDICATES: Mapping[str, Callable[[Span, Span], ColumnElement[bool]]] = {
    "t_after": lambda a, b: a.start > b.end,
    "t_before": lambda a, b: a.end < b.start,
    "t_contains": lambda a, b: and_(a.start < b.start, a.end > b.end),
    "t_disjoint": lambda a, b: or_(a.end < b.start, a.start > b.end),
    "t_during": lambda a, b: and_(a.start > b.start, a.end < b.end),
    "t_equals": lambda a, b: and_(a.start == b.start, a.end == b.end),
    "t_finishedby": lambda a, b: and_(a.start < b.start, a.end == b.end),
    "t_finishes": lambda a, b: and_(a.start > b.start, a.end == b.end),
    "t_intersects": lambda a, b: and_(a.start <= b.end, a.end >= b.start),
    "t_meets": lambda a, b: a.end == b.start,
    "t_metby": lambda a, b: a.start == b.end,
    "t_overlappedby": lambda a, b: and_(a.start > b.start, a.start < b.end, a.end > b.end),
    "t_overlaps": lambda a, b: and_(a.start < b.start, a.end > b.start, a.end < b.end),
    "t_startedby": lambda a, b: and_(a.start == b.start, a.end > b.end),
    "t_starts": lambda a, b: and_(a.start == b.start, a.end < b.end),
}
TEMPORAL = frozenset(_PREDICATES)


def predicate(op: str, spans: list[Span], place: str) -> ColumnElement[bool]:
    """Return a temporal predicate of two spans."""
    if len(spans) != 2:
        raise refused(place, "{op} takes two times.", op=op)
    return _PREDICATES[op](*spans)


def moment_sql(term: Term) -> Sql:
    """Return a moment or day as timestamptz; a day is its beginning in the city's time."""
    if term.kind == "moment":
        return term.sql
    midnight = cast(term.sql, DateTime(timezone=False))
    return func.timezone(CITY_TIME.key, midnight)


def span_of(term: Term, place: str) -> Span:
    """Return the span of a moment or a day; a day lasts from midnight to midnight in the city's time."""
    if term.kind == "moment":
        return Span(term.sql, term.sql)
    if term.kind == "date":
        start = moment_sql(term)
        return Span(start, start + literal(_DAY_LESS_A_TICK))
    raise refused(place, "this is no time.", "Write TIMESTAMP('…'), DATE('…') or INTERVAL('…','…').")


def interval_span(value: Any, place: str, property_span: Callable[[Any, str], Span]) -> Span:
    """Return the span of an interval: two texts, properties, or ``..`` for an open end."""
    if not isinstance(value, list) or len(value) != 2:
        raise refused(place, "an interval has two ends.", "Write INTERVAL('2026-01-01','2026-01-31').")
    ends: list[Sql] = []
    for number, each in enumerate(value):
        at = f"{place}/interval/{number}"
        if each == _OPEN:
            ends.append(cast(text("'-infinity'" if number == 0 else "'infinity'"), DateTime(timezone=True)))
            continue
        span = _text_span(each, at) if isinstance(each, str) else property_span(each, at)
        ends.append(span.end if number else span.start)
    return Span(*ends)


def _text_span(value: str, place: str) -> Span:
    if len(value) == len("2026-11-23"):
        return span_of(date_literal(value, place), place)
    return span_of(moment_literal(value, place), place)


def moment_literal(value: Any, place: str) -> Term:
    """Return a moment of a filter."""
    made = moment_of(value, place)
    return Term(literal(made, DateTime(timezone=True)), "moment", made)


def date_literal(value: Any, place: str) -> Term:
    """Return a day of a filter."""
    made = day_of(value, place)
    return Term(literal(made), "date", made)
