"""Spatial questions over the layers: who may ask, the ways along streets, and the limit on their time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Connection, Engine
from sqlalchemy.exc import DataError, InternalError, OperationalError

from gis_app.domain.errors import InvalidInput
from gis_app.domain.questions import Answer, Join, Question, Relation
from gis_app.domain.rights import Scope
from gis_app.planning.nearest_by_street import nearest_by_street
from gis_app.planning.travel_modes import TRAVEL_MODES
from gis_app.rendering.layer_spec import LayerSpec
from gis_app.services.feature_collections import LONGEST_S, Catalogue
from gis_app.services.heavy_lane import HeavyLane
from gis_app.services.plan_streets import network
from gis_app.storage import questions
from gis_app.storage.cql2 import compile_filter, read_text
from gis_app.storage.engine import bound_heavy, scoped, was_cancelled
from gis_app.storage.feature_collections import GEOMETRY, FeatureSource

MOST_BY_STREET = 5_000
"""Features of either layer whose ways along the streets are looked for at once."""


@dataclass(frozen=True)
class QuestionDesk:
    """Answers questions; one per server process.

    Parameters
    ----------
    srid
        Projected CRS of ways along streets.
    lane
        What questions wait in, and SQL with them.
    """

    engine: Engine
    catalogue: Catalogue
    srid: int
    lane: HeavyLane = field(default_factory=HeavyLane)

    def layers_of(self, scope: Scope, question: Question) -> list[LayerSpec]:
        """Return the layers a question reads.

        Raises
        ------
        NotFound
            If there is none of that name, or the caller may not read it.
        """
        names = [question.layer, *([question.join.layer] if question.join else [])]
        return [self.catalogue.layer(scope, name) for name in names]

    def answer(self, scope: Scope, question: Question) -> Answer:
        """Answer a question from what the caller may see.

        Raises
        ------
        NotFound
            If a layer is not there for the caller.
        InvalidInput
            If the question names what is not there, cannot be computed, or takes too long; names the part.
        TooMany
            If those before it take too long.
        """
        layers = self.layers_of(scope, question)
        sources = self._sources(scope, question, layers)
        try:
            with self.lane.entered(), scoped(self.engine, scope) as connection:
                bound_heavy(connection, seconds=LONGEST_S)
                pairs = self._pairs(connection, question, sources)
                made = questions.built(question, sources, pairs=pairs)
                return questions.answer_of(connection, made, question.limit)
        except (DataError, InternalError) as error:
            raise InvalidInput(
                "The question cannot be computed: {reason}",
                remedy="Change its numbers or shapes.",
                reason=str(error.orig).splitlines()[0][:120],
            ) from None
        except OperationalError as error:
            if not was_cancelled(error):
                raise
            raise InvalidInput(
                "The question takes longer than {seconds} seconds and was stopped.",
                remedy="Ask for a smaller area, fewer days, or fewer features by a filter.",
                seconds=LONGEST_S,
            ) from None

    def _sources(self, scope: Scope, question: Question, layers: Sequence[LayerSpec]) -> questions.Sources:
        first = layers[0]
        feature = self.catalogue.source(scope, first)
        time_column = first.time_column or first.night_column
        time_column = time_column if time_column in feature.types else None
        partner, conditions = None, list[ColumnElement[bool]]()
        if question.join is not None:
            partner = self.catalogue.source(scope, layers[1])
            conditions = _filtered(partner, question.join.filter)
        return questions.Sources(feature, _conditions(question, feature, time_column), time_column, partner, conditions)

    def _pairs(
        self, connection: Connection, question: Question, sources: questions.Sources
    ) -> list[questions.StreetPair]:
        join = question.join
        if join is None or sources.partner is None or join.relation is not Relation.NEAREST_BY_STREET:
            return []
        sides = [
            questions.places_of(connection, source, conditions, srid=self.srid, most=MOST_BY_STREET)
            for source, conditions in (
                (sources.feature, sources.conditions),
                (sources.partner, sources.partner_conditions),
            )
        ]
        _require_few(question, join, [len(names) for names, _ in sides])
        _, streets = network(connection, srid=self.srid)
        (names, places), (others, goals) = sides
        found = nearest_by_street(streets, TRAVEL_MODES[join.mode], places, goals, k=join.k)
        return [questions.StreetPair(names[one], others[other], seconds) for one, other, seconds in found]


def _conditions(question: Question, source: FeatureSource, time_column: str | None) -> list[ColumnElement[bool]]:
    made = _filtered(source, question.filter)
    if question.first_day is not None or question.last_day is not None:
        if time_column is None:
            raise InvalidInput("The layer {layer} has no times.", remedy="Ask without days.", layer=question.layer)
        ends = [day.isoformat() if day else ".." for day in (question.first_day, question.last_day)]
        during = {"op": "t_intersects", "args": [{"property": time_column}, {"interval": ends}]}
        made.append(compile_filter(during, source.terms))
    if question.shape is not None:
        inside = {"op": "s_intersects", "args": [{"property": GEOMETRY}, question.shape]}
        made.append(compile_filter(inside, source.terms))
    return made


def _filtered(source: FeatureSource, filter_text: str) -> list[ColumnElement[bool]]:
    return [compile_filter(read_text(filter_text), source.terms)] if filter_text.strip() else []


def _require_few(question: Question, join: Join, counts: Sequence[int]) -> None:
    for layer, count in zip((question.layer, join.layer), counts, strict=True):
        if count > MOST_BY_STREET:
            raise InvalidInput(
                "Ways along streets are looked for from at most {most} features; {layer} has more that fit.",
                remedy="Choose fewer by a filter, days or an area.",
                most=MOST_BY_STREET,
                layer=layer,
            )
