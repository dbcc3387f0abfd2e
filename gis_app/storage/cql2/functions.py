"""Functions that filters may call, each with the kinds it takes and gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Double, cast, func, text
from sqlalchemy.sql import operators

from gis_app.storage.cql2.terms import Term, refused, require_kind


@dataclass(frozen=True)
class Function:
    """A function of filters."""

    title: str
    takes: tuple[str, ...]
    gives: str
    make: Callable[..., ColumnElement[Any]]


def _geography(geometry: ColumnElement[Any]) -> ColumnElement[Any]:
    return geometry.op("::", precedence=15)(text("geography"))


FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {
        "lower": Function("a text in small letters", ("text",), "text", func.lower),
        "upper": Function("a text in capitals", ("text",), "text", func.upper),
        "char_length": Function("how many characters a text has", ("text",), "number", func.char_length),
        "abs": Function("a number without its sign", ("number",), "number", func.abs),
        "floor": Function("the next lower whole number", ("number",), "number", func.floor),
        "ceil": Function("the next higher whole number", ("number",), "number", func.ceil),
        "distance_m": Function(
            "metres between two shapes over the ellipsoid",
            ("geometry", "geometry"),
            "number",
            lambda a, b: func.ST_Distance(_geography(a), _geography(b)),
        ),
        "length_m": Function(
            "length of a line in metres", ("geometry",), "number", lambda a: func.ST_Length(_geography(a))
        ),
        "area_m2": Function(
            "area of a shape in square metres", ("geometry",), "number", lambda a: func.ST_Area(_geography(a))
        ),
    }
)


def called(name: str, arguments: list[Term], place: str) -> Term:
    """Return a function's value."""
    function = FUNCTIONS.get(name)
    if function is None:
        raise refused(
            place,
            "there is no operator or function {name!r}.",
            "Use one of {known}.",
            name=name[:40],
            known=", ".join(FUNCTIONS),
        )
    if len(arguments) != len(function.takes):
        raise refused(place, "{name} takes {count} values.", name=name, count=len(function.takes))
    for number, (term, kind) in enumerate(zip(arguments, function.takes, strict=True)):
        require_kind(term, (kind,), f"{place}/args/{number}", name)
    made = function.make(*(term.sql for term in arguments))
    return Term(cast(made, Double) if function.gives == "number" else made, function.gives)


def arithmetic(op: str, first: ColumnElement[Any], second: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a sum, difference, product, quotient, remainder or power; what is divided by nothing is null."""
    a, b = cast(first, Double), cast(second, Double)
    divisor = cast(func.nullif(b, 0.0), Double)
    made: Mapping[str, Callable[[], ColumnElement[Any]]] = {
        "+": lambda: operators.add(a, b),
        "-": lambda: operators.sub(a, b),
        "*": lambda: operators.mul(a, b),
        "/": lambda: operators.truediv(a, divisor),
        "div": lambda: cast(func.trunc(operators.truediv(a, divisor)), Double),
        "%": lambda: a - divisor * cast(func.trunc(operators.truediv(a, divisor)), Double),
        "^": lambda: func.power(a, b),
    }
    return made[op]()
