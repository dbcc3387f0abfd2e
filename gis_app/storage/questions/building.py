"""One statement for a question: features listed beside their partners, or gathered into groups with their figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, literal_column, select

from gis_app.domain.errors import InvalidInput
from gis_app.domain.questions import PARTNER, Question
from gis_app.storage.feature_collections import GEOMETRY
from gis_app.storage.questions.grouping import TIME, figures_of, gathered, partner_rows
from gis_app.storage.questions.relations import StreetPair
from gis_app.storage.questions.sides import Sources, shape_text, sides, told


@dataclass(frozen=True)
class Built:
    """A statement and its columns.

    Parameters
    ----------
    statement
        The columns of the answer and, if ``has_shape``, last the shape as GeoJSON text.
    kinds
        Kind of the values by column, in order.
    """

    statement: Select[Any]
    kinds: Mapping[str, str]
    has_shape: bool


def built(question: Question, sources: Sources, *, pairs: Sequence[StreetPair] = ()) -> Built:
    """Return the statement of a question; it answers one row more than its limit where there are more.

    Raises
    ------
    InvalidInput
        If it names a column that is not there, or one of a kind that cannot be computed with.
    """
    made = _grouped(question, sources, pairs) if question.group else _listed(question, sources, pairs)
    statement = made.statement.order_by(*_order(question, made.kinds)).limit(question.limit + 1)
    return Built(statement, made.kinds, made.has_shape)


def _listed(question: Question, sources: Sources, pairs: Sequence[StreetPair]) -> Built:
    if question.measures or question.rate is not None:
        raise InvalidInput("Figures need groups.", remedy="Say by what the features are to be grouped.")
    join = question.join
    both = sides(question, sources, pairs, is_outer=join is not None and join.keeps_lonely)
    kinds = {name: sources.feature.kind(name) for name in told(sources.feature)}
    columns: dict[str, ColumnElement[Any]] = {name: both.feature.c[name] for name in kinds}
    if sources.partner is not None:
        shown = told(sources.partner)
        kinds |= {f"{PARTNER}.{name}": sources.partner.kind(name) for name in shown}
        columns |= {f"{PARTNER}.{name}": both.partner[name] for name in shown}
    kinds |= dict.fromkeys(both.extra, "number")
    columns |= both.extra
    labelled = [made.label(name) for name, made in columns.items()]
    return Built(select(*labelled, shape_text(both.feature.c[GEOMETRY])).select_from(both.rows), kinds, True)


def _grouped(question: Question, sources: Sources, pairs: Sequence[StreetPair]) -> Built:
    groups = gathered(question, sources, pairs)
    figures, kinds = figures_of(question, sources, groups)
    rows = groups.rows
    if question.is_by_partner:
        return Built(*partner_rows(question, sources, groups, figures, kinds), True)
    named = {name: rows.c[key] for name, key in groups.keys.items()} | figures
    return Built(select(*(made.label(name) for name, made in named.items())), kinds, False)


def _order(question: Question, kinds: Mapping[str, str]) -> list[ColumnElement[Any]]:
    """Return the order of the rows; without one asked for, times run on and the largest count comes first."""
    wanted = question.sort
    if not wanted and question.group:
        times = [name for name in question.group if name.startswith(TIME)]
        count = ["-" + str(question.rate)] if question.rate else ["-" + name for name in kinds if name == "count"]
        wanted = tuple(times or count)
    made = []
    for each in wanted:
        name = each.lstrip("+-")
        if name not in kinds or kinds[name] == "array":
            raise InvalidInput(
                "{name} is {value!r}.",
                remedy="Name columns of the answer, with - before those that descend: {known}.",
                name="sort",
                value=each[:60],
                known=", ".join(kinds),
            )
        position: ColumnElement[Any] = literal_column(str(list(kinds).index(name) + 1))
        made.append(position.desc().nulls_last() if each.startswith("-") else position.asc())
    # Ties keep one order, so that the same question has the same answer.
    return [*made, literal_column("1")]
