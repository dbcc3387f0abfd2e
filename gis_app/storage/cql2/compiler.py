"""The compiler: one method for each family of operators, terms and their places handed down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    ARRAY,
    Boolean,
    ColumnElement,
    Double,
    Text,
    and_,
    cast,
    false,
    literal,
    not_,
    or_,
    true,
)
from sqlalchemy.dialects.postgresql import array

from gis_app.storage.cql2 import space, time
from gis_app.storage.cql2.comparisons import COMPARISONS, compared, like
from gis_app.storage.cql2.functions import arithmetic, called
from gis_app.storage.cql2.terms import Term, refused, require_kind
from gis_app.storage.cql2.written_values import folded, scalar
from gis_app.storage.crs import CRS84, Crs

DEEPEST = 40
MOST_ITEMS = 1000
_ARRAY_OPERATORS = {"a_equals": "=", "a_contains": "@>", "a_containedby": "<@", "a_overlaps": "&&"}
_CONNECTIVES = frozenset(("and", "or", "not"))
_PREDICATES = frozenset((*COMPARISONS, *_ARRAY_OPERATORS, "in", "like", "between", "isNull"))
_PREDICATES |= space.SPATIAL | time.TEMPORAL
_ARITHMETIC = frozenset(("+", "-", "*", "/", "div", "%", "^"))


def compile_filter(expression: Any, properties: Mapping[str, Term], *, crs: Crs = CRS84) -> ColumnElement[bool]:
    """Return a filter as a condition.

    Parameters
    ----------
    expression
        CQL2 in its JSON form.
    properties
        All that may be asked for, by name.
    crs
        Reference system of the shapes that stand in the filter.

    Raises
    ------
    InvalidInput
        If anything in it is not known, or of the wrong kind; names the place as a JSON pointer.
    """
    return _Compiler(properties, crs).condition(expression, "", 0)


class _Compiler:
    def __init__(self, properties: Mapping[str, Term], crs: Crs) -> None:
        self._properties = properties
        self._crs = crs

    def condition(self, node: Any, place: str, depth: int) -> ColumnElement[bool]:
        """Return a node that is true or false."""
        if depth > DEEPEST:
            raise refused(place[:60], "it is nested too deeply.", "Keep it under 40 levels.")
        if isinstance(node, bool):
            return true() if node else false()
        if isinstance(node, Mapping) and "op" in node:
            op, arguments = self._operation(node, place)
            if op in _CONNECTIVES:
                return self._connective(op, arguments, place, depth)
            if op in _PREDICATES:
                return self._predicate(op, arguments, place, depth)
        return require_kind(self.term(node, place, depth + 1), ("boolean",), place, "a condition").sql

    def _operation(self, node: Mapping[str, Any], place: str) -> tuple[str, list[Any]]:
        op, arguments = node["op"], node.get("args")
        if not isinstance(op, str) or not isinstance(arguments, list) or node.keys() - {"op", "args"}:
            raise refused(place, "an operation has `op` and a list `args`.")
        if len(arguments) > MOST_ITEMS:
            raise refused(place, "an operation takes 1,000 values at most.")
        return op.lower() if op.lower()[:2] in ("t_", "s_", "a_") else op, arguments

    def _connective(self, op: str, arguments: list[Any], place: str, depth: int) -> ColumnElement[bool]:
        made = [self.condition(each, f"{place}/args/{n}", depth + 1) for n, each in enumerate(arguments)]
        if op == "not":
            _require_count(op, made, 1, place)
            return not_(made[0])
        if not made:
            raise refused(place, "{op} takes conditions.", op=op)
        return and_(*made) if op == "and" else or_(*made)

    def _predicate(self, op: str, arguments: list[Any], place: str, depth: int) -> ColumnElement[bool]:
        if op in time.TEMPORAL:
            spans = [self._span(each, f"{place}/args/{n}", depth + 1) for n, each in enumerate(arguments)]
            return time.predicate(op, spans, place)
        if op == "in":
            return self._in(arguments, place, depth)
        terms = [self.term(each, f"{place}/args/{n}", depth + 1) for n, each in enumerate(arguments)]
        if op in space.SPATIAL:
            return space.predicate(op, terms, place)
        _require_count(op, terms, {"between": 3, "isNull": 1}.get(op, 2), place)
        if op == "isNull":
            return terms[0].sql.is_(None)
        if op == "like":
            return like(terms, place)
        if op == "between":
            first, low, high = terms
            return and_(compared(">=", first, low, place), compared("<=", first, high, place))
        if op in _ARRAY_OPERATORS:
            for number, term in enumerate(terms):
                require_kind(term, ("array",), f"{place}/args/{number}", op)
            return cast(terms[0].sql.op(_ARRAY_OPERATORS[op])(terms[1].sql), Boolean)
        return compared(op, terms[0], terms[1], place)

    def _in(self, arguments: list[Any], place: str, depth: int) -> ColumnElement[bool]:
        _require_count("in", arguments, 2, place)
        if not isinstance(arguments[1], list) or not 0 < len(arguments[1]) <= MOST_ITEMS:
            raise refused(f"{place}/args/1", "`in` takes a list of 1 to 1,000 values.")
        wanted = self.term(arguments[0], f"{place}/args/0", depth + 1)
        listed = [self.term(each, f"{place}/args/1/{n}", depth + 1) for n, each in enumerate(arguments[1])]
        return or_(*(compared("=", wanted, each, f"{place}/args/1/{n}") for n, each in enumerate(listed)))

    def term(self, node: Any, place: str, depth: int) -> Term:
        """Return a node that is a value."""
        if depth > DEEPEST:
            raise refused(place[:60], "it is nested too deeply.", "Keep it under 40 levels.")
        if isinstance(node, list):
            return self._array(node, place, depth)
        if not isinstance(node, Mapping):
            return scalar(node, place)
        if "property" in node:
            return self._property(node, place)
        if "date" in node:
            return time.date_literal(node["date"], place)
        if "timestamp" in node:
            return time.moment_literal(node["timestamp"], place)
        if "bbox" in node:
            return space.box_literal(node["bbox"], place, self._crs)
        if str(node.get("type")) in space.SHAPES:
            return space.geometry_literal(node, place, self._crs)
        if "interval" in node:
            raise refused(place, "an interval stands in temporal operators only.", "Use T_DURING or T_INTERSECTS.")
        if "op" in node:
            return self._value(node, place, depth)
        raise refused(place, "this is no value.", "See docs/ogc_api.md for what a filter may hold.")

    def _value(self, node: Mapping[str, Any], place: str, depth: int) -> Term:
        op, arguments = self._operation(node, place)
        if op in _CONNECTIVES or op in _PREDICATES:
            return Term(self.condition(node, place, depth + 1), "boolean")
        terms = [self.term(each, f"{place}/args/{n}", depth + 1) for n, each in enumerate(arguments)]
        if op in _ARITHMETIC:
            if op == "-" and len(terms) == 1:
                terms = [Term(literal(0.0), "number", 0.0), *terms]
            _require_count(op, terms, 2, place)
            for number, term in enumerate(terms):
                require_kind(term, ("number",), f"{place}/args/{number}", op)
            return Term(arithmetic(op, terms[0].sql, terms[1].sql), "number")
        if op in ("casei", "accenti"):
            _require_count(op, terms, 1, place)
            return folded(op, require_kind(terms[0], ("text",), f"{place}/args/0", op))
        return called(op, terms, place)

    def _property(self, node: Mapping[str, Any], place: str) -> Term:
        name = node["property"]
        known = self._properties.get(name) if isinstance(name, str) else None
        if known is None:
            raise refused(
                place,
                "there is no property {name!r}.",
                "Use one of {known}.",
                name=str(name)[:40],
                known=", ".join(self._properties),
            )
        return known

    def _span(self, node: Any, place: str, depth: int) -> time.Span:
        if isinstance(node, Mapping) and "interval" in node:
            return time.interval_span(
                node["interval"], place, lambda each, at: time.span_of(self.term(each, at, depth + 1), at)
            )
        return time.span_of(self.term(node, place, depth), place)

    def _array(self, node: list[Any], place: str, depth: int) -> Term:
        if len(node) > MOST_ITEMS:
            raise refused(place, "a list holds 1,000 values at most.")
        items = [self.term(each, f"{place}/{n}", depth + 1) for n, each in enumerate(node)]
        kinds = {each.kind for each in items}
        if kinds - {"text"} and kinds - {"number"}:
            raise refused(place, "a list holds texts, or numbers.")
        of_numbers = kinds == {"number"}
        kind = ARRAY(Double()) if of_numbers else ARRAY(Text())
        return Term(cast(array([each.sql for each in items]), kind), "array")


def _require_count(op: str, values: list[Any], count: int, place: str) -> None:
    if len(values) != count:
        raise refused(place, "{op} takes {count} values, not {given}.", op=op, count=count, given=len(values))
