"""Groups of features and the figures of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Date, Integer, Select, cast, extract, func, select
from sqlalchemy.sql.selectable import Subquery

from gis_app.domain.errors import InvalidInput
from gis_app.domain.periods import CITY_TIME
from gis_app.domain.questions import PARTNER, Measure, MeasureKind, Period, Question
from gis_app.storage.feature_collections import GEOMETRY
from gis_app.storage.questions.rates import RATES
from gis_app.storage.questions.relations import StreetPair
from gis_app.storage.questions.sides import Sides, Sources, partners, shape_text, sides, told

TIME = "time/"
_COMPUTED: Mapping[MeasureKind, tuple[Any, frozenset[str]]] = {
    MeasureKind.SUM: (func.sum, frozenset({"number"})),
    MeasureKind.MEAN: (func.avg, frozenset({"number"})),
    MeasureKind.MIN: (func.min, frozenset({"number", "moment", "date", "text"})),
    MeasureKind.MAX: (func.max, frozenset({"number", "moment", "date", "text"})),
}
_DEFAULT = (Measure(MeasureKind.COUNT),)


@dataclass(frozen=True)
class Groups:
    """Features once in each of their groups, with what is measured of them.

    Parameters
    ----------
    keys
        Column of ``rows`` by the name of the group.
    kinds
        Kind of each group's values by its name.
    """

    rows: Subquery
    keys: Mapping[str, str]
    kinds: Mapping[str, str]


def gathered(question: Question, sources: Sources, pairs: Sequence[StreetPair]) -> Groups:
    """Return the features in their groups, each once, however many partners put it there: sums and means are right."""
    if question.is_by_partner and question.join is None:
        raise _wrong("group", PARTNER, "Name a second layer first.")
    both = sides(question, sources, pairs, is_outer=False)
    keys: dict[str, ColumnElement[Any]] = {}
    kinds: dict[str, str] = {}
    for name in question.group:
        if name != PARTNER:
            keys[name], kinds[name] = _key(name, sources, both)
    columns = {f"key_{number}": made for number, made in enumerate(keys.values())}
    if question.is_by_partner:
        columns["partner_id"] = both.partner["id"]
    columns["feature_id"] = both.feature.c.id
    columns |= {f"of_{name}": both.feature.c[name] for name in _measured(question, sources)}
    once = select(*(made.label(name) for name, made in columns.items())).select_from(both.rows).distinct()
    return Groups(
        _computed(question, once.subquery("once"), has_partner=question.is_by_partner, key_count=len(keys)),
        {name: f"key_{number}" for number, name in enumerate(keys)},
        kinds,
    )


def figures_of(
    question: Question, sources: Sources, groups: Groups
) -> tuple[dict[str, ColumnElement[Any]], dict[str, str]]:
    """Return the columns of the figures by name, and the kinds of groups and figures."""
    figures: dict[str, ColumnElement[Any]] = {each.name: groups.rows.c[each.name] for each in _measures(question)}
    kinds = dict(groups.kinds)
    for each in _measures(question):
        is_like_property = each.kind in (MeasureKind.MIN, MeasureKind.MAX)
        kinds[each.name] = sources.feature.kind(each.of) if is_like_property else "number"
    return figures, kinds


def partner_rows(
    question: Question,
    sources: Sources,
    groups: Groups,
    figures: Mapping[str, ColumnElement[Any]],
    kinds: Mapping[str, str],
) -> tuple[Select[Any], dict[str, str]]:
    """Return a row for each of the second layer's features (and group beside it), with rates and shape."""
    assert question.join is not None and sources.partner is not None  # noqa: S101 - gathered() refuses it
    partner = partners(sources)
    names = told(sources.partner)
    columns: dict[str, ColumnElement[Any]] = {f"{PARTNER}.{name}": partner.c[name] for name in names}
    all_kinds = {f"{PARTNER}.{name}": sources.partner.kind(name) for name in names} | dict(kinds)
    columns |= {name: groups.rows.c[key] for name, key in groups.keys.items()}
    # An area where nothing happened has the count 0, and no mean.
    columns |= {name: func.coalesce(made, 0) if name == "count" else made for name, made in figures.items()}
    if question.rate is not None:
        denominator, made = RATES[question.rate](dict(partner.c.items()), columns.get("count"))
        columns |= {denominator.name: denominator, str(question.rate): made}
        all_kinds |= {denominator.name: "number", str(question.rate): "number"}
    rows = partner.join(groups.rows, groups.rows.c.partner_id == partner.c.id, isouter=question.join.keeps_lonely)
    shown = [made.label(name) for name, made in columns.items()]
    return select(*shown, shape_text(partner.c[GEOMETRY])).select_from(rows), all_kinds


def _computed(question: Question, once: Subquery, *, has_partner: bool, key_count: int) -> Subquery:
    by = [once.c[f"key_{number}"] for number in range(key_count)]
    if has_partner:
        by.append(once.c.partner_id)
    figures = [
        (func.count() if each.kind is MeasureKind.COUNT else _COMPUTED[each.kind][0](once.c[f"of_{each.of}"])).label(
            each.name
        )
        for each in _measures(question)
    ]
    return select(*by, *figures).group_by(*by).subquery("gathered")


def _measures(question: Question) -> tuple[Measure, ...]:
    given = question.measures or _DEFAULT
    needs_count = question.rate is not None and Measure(MeasureKind.COUNT) not in given
    return (*_DEFAULT, *given) if needs_count else given


def _measured(question: Question, sources: Sources) -> list[str]:
    for each in _measures(question):
        if each.kind is MeasureKind.COUNT:
            continue
        usable = _COMPUTED[each.kind][1]
        known = sources.feature.types.keys() - {GEOMETRY}
        if each.of not in known or sources.feature.kind(each.of) not in usable:
            raise _wrong("measures", each.name, "Name a property of the first layer that can be computed with.")
    return list(dict.fromkeys(each.of for each in _measures(question) if each.kind is not MeasureKind.COUNT))


def _key(name: str, sources: Sources, both: Sides) -> tuple[ColumnElement[Any], str]:
    if name.startswith(TIME):
        return _period(name, sources, both)
    layer, asked = sources.feature, name
    columns: Mapping[str, ColumnElement[Any]] = dict(both.feature.c.items())
    if name.startswith(f"{PARTNER}.") and sources.partner is not None:
        layer, columns, asked = sources.partner, both.partner, name.removeprefix(f"{PARTNER}.")
    if asked not in layer.types or layer.kind(asked) in ("geometry", "array"):
        raise _wrong("group", name, "Name a property of one of the layers, partner, or time/month.")
    return columns[asked], layer.kind(asked)


def _period(name: str, sources: Sources, both: Sides) -> tuple[ColumnElement[Any], str]:
    wanted = name.removeprefix(TIME)
    if sources.time_column is None or wanted not in tuple(Period):
        raise _wrong("group", name, "Write time/hour, weekday, day, week or month, of a layer that has times.")
    moment: ColumnElement[Any] = both.feature.c[sources.time_column]
    if sources.feature.kind(sources.time_column) == "moment":
        moment = func.timezone(CITY_TIME.key, moment)
    if wanted == Period.HOUR:
        return cast(extract("hour", moment), Integer), "number"
    if wanted == Period.WEEKDAY:
        return cast(extract("isodow", moment), Integer), "number"
    return cast(func.date_trunc(wanted, moment), Date), "date"


def _wrong(name: str, value: str, remedy: str) -> InvalidInput:
    return InvalidInput("{name} is {value!r}.", remedy=remedy, name=name, value=value[:60])
