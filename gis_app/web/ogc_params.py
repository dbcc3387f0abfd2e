"""Parameters of the OGC API, each read once; what is not known is refused, as the standard asks."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from flask import request

from gis_app.domain.errors import InvalidInput, none_of
from gis_app.services.feature_collections import DEEPEST_OFFSET, Wish
from gis_app.storage.cql2 import read_json, read_text
from gis_app.storage.crs import CRS84, CRS_OF, Crs
from gis_app.storage.feature_collections import GEOMETRY, FeatureSource
from gis_app.web.contract import Parameter

DEFAULT_LIMIT, MOST = 1000, 10_000
"""QGIS pages by the default limit: a small one makes it ask for ever."""
FORMATS = ("json", "html")
LANGUAGES = ("cql2-text", "cql2-json")
_TEXT = {"type": "string"}
_CRS = {"type": "string", "format": "uri", "enum": list(CRS_OF)}
FORMAT = Parameter("f", "json or html", {"type": "string", "enum": list(FORMATS)})
CRS = Parameter("crs", "reference system of the answer", _CRS)
ITEMS = (
    Parameter(
        "limit", "features of a page", {"type": "integer", "minimum": 1, "maximum": MOST, "default": DEFAULT_LIMIT}
    ),
    Parameter(
        "bbox",
        "lower and upper corner, in bbox-crs",
        {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 6},
    ),
    Parameter("bbox-crs", "reference system of bbox", _CRS),
    Parameter("datetime", "a moment, a day, or an interval with /", _TEXT),
    Parameter("filter", "a CQL2 filter", _TEXT),
    Parameter("filter-lang", "language of the filter", {"type": "string", "enum": list(LANGUAGES)}),
    Parameter("filter-crs", "reference system of the shapes in the filter", _CRS),
    Parameter("sortby", "properties, with - before those that descend", {"type": "array", "items": _TEXT}),
    Parameter("properties", "those that are told, all by default", {"type": "array", "items": _TEXT}),
    Parameter("skipGeometry", "true to leave the shapes out", {"type": "boolean"}),
    Parameter("after", "the page after this feature, as the link to the next page says", _TEXT),
    Parameter("offset", "features left out before the page", {"type": "integer", "minimum": 0}),
    CRS,
    FORMAT,
)
_SHARED = frozenset({"lang", "f"})


def require_known(known: Collection[str]) -> None:
    """Refuse a query parameter that the route does not know, and one that is given twice."""
    for name, values in request.args.lists():
        if name not in known and name not in _SHARED:
            raise none_of("There is no parameter {name}.", sorted(known), name=name[:40])
        if len(values) > 1:
            raise InvalidInput("{name} is given twice.", remedy="Give it once.", name=name)


def wish(source: FeatureSource, *, default_limit: int | None = None) -> Wish:
    """Return what is asked of a collection."""
    told = {name for name in source.types if name != GEOMETRY and source.kind(name) != "array"}
    names = {each.name for each in ITEMS}
    require_known(names | told)
    properties = _list("properties")
    for name in properties or ():
        if name not in source.properties:
            raise _wrong("properties", name, "Name properties of the collection.")
    return Wish(
        limit=min(_whole("limit", default_limit or DEFAULT_LIMIT, least=1), MOST),
        box=_numbers("bbox"),
        box_crs=crs("bbox-crs"),
        when=request.args.get("datetime") or None,
        filter=_filter(),
        filter_crs=crs("filter-crs"),
        equal={name: request.args[name] for name in told - names if name in request.args},
        sort=_list("sortby") or (),
        after=request.args.get("after"),
        offset=_whole("offset", 0, least=0, most=DEEPEST_OFFSET),
        crs=crs("crs"),
        properties=properties,
        with_geometry=_flag("skipGeometry") is not True,
    )


def narrowing(source: FeatureSource, *, also: Collection[str]) -> Wish:
    """Return what narrows a collection; pages and order are not asked. ``also`` names the route's own parameters."""
    told = {name for name in source.types if name != GEOMETRY and source.kind(name) != "array"}
    names = {"bbox", "bbox-crs", "datetime", "filter", "filter-lang", "filter-crs", *also}
    require_known(names | told)
    return Wish(
        limit=1,
        box=_numbers("bbox"),
        box_crs=crs("bbox-crs"),
        when=request.args.get("datetime") or None,
        filter=_filter(),
        filter_crs=crs("filter-crs"),
        equal={name: request.args[name] for name in told - names if name in request.args},
    )


def crs(name: str) -> Crs:
    """Return a reference system by its address."""
    value = request.args.get(name)
    if value is None:
        return CRS84
    found = CRS_OF.get(value.strip("[]"))
    if found is None:
        raise _wrong(name, value, "Use one of " + ", ".join(CRS_OF))
    return found


def wants_html() -> bool:
    """Return whether a page for people is asked for: by ``f``, else by what the reader accepts."""
    wanted = request.args.get("f")
    if wanted is None:
        return (
            request.accept_mimetypes.best_match(["application/json", "application/geo+json", "text/html"])
            == "text/html"
        )
    if wanted not in FORMATS:
        raise _wrong("f", wanted, "Use json or html.")
    return wanted == "html"


def _filter() -> Any:
    text, language = request.args.get("filter"), request.args.get("filter-lang", LANGUAGES[0])
    if language not in LANGUAGES:
        raise _wrong("filter-lang", language, "Use cql2-text or cql2-json.")
    if not text:
        return None
    return read_text(text) if language == LANGUAGES[0] else read_json(text)


def _whole(name: str, default: int, *, least: int, most: int = 2**31) -> int:
    value = request.args.get(name)
    if value is None:
        return default
    digits = value.removeprefix("+")
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 12) or not least <= int(digits) <= most:
        raise _wrong(name, value, f"Write a whole number from {least} to {most}.")
    return int(digits)


def _numbers(name: str) -> list[float] | None:
    values = _list(name)
    if values is None:
        return None
    try:
        return [float(each) for each in values]
    except ValueError:
        raise _wrong(name, request.args[name], "Write west,south,east,north.") from None


def _list(name: str) -> list[str] | None:
    value = request.args.get(name)
    return [each.strip() for each in value.split(",")] if value else None


def _flag(name: str) -> bool | None:
    value = request.args.get(name)
    if value is None:
        return None
    if value.lower() not in ("true", "false"):
        raise _wrong(name, value, "Write true or false.")
    return value.lower() == "true"


def _wrong(name: str, value: str, remedy: str) -> InvalidInput:
    return InvalidInput("{name} is {value!r}.", remedy=remedy, name=name, value=value[:40])
