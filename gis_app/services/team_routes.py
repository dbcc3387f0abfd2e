"""A team's published route with its drawing, as its phone and its sheet show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, RowMapping

from gis_app.domain.errors import NotFound
from gis_app.domain.rights import Scope
from gis_app.rendering.route_drawing import RouteDrawing, box_of, drawn_route
from gis_app.storage import patrol_plans
from gis_app.storage.engine import scoped

MOST_STREETS = 4000


@dataclass(frozen=True)
class TeamRoute:
    """A route, its stops in order, and its drawing among the streets."""

    route: Mapping[str, Any]
    stops: Sequence[Mapping[str, Any]]
    drawing: RouteDrawing

    def following(self, now: datetime) -> Mapping[str, Any] | None:
        """Return the stop to go to next, None after the last."""
        return next((stop for stop in self.stops if stop["begins_at"] and stop["begins_at"] >= now), None)


def route(engine: Engine, scope: Scope, route_id: int) -> TeamRoute:
    """Return a published route.

    Raises
    ------
    NotFound
        If the caller sees no such route.
    """
    with scoped(engine, scope) as connection:
        row = patrol_plans.route(connection, route_id)
        if row is None:
            raise NotFound("There is no such route.", remedy="It may lie outside your area.")
        stops = [_named(stop) for stop in patrol_plans.stops(connection, route_id)]
        found = _named(row)
        streets = patrol_plans.streets_about(connection, box_of(found, stops), most=MOST_STREETS)
        return TeamRoute(found, stops, drawn_route(found, stops, streets))


def _named(row: RowMapping) -> dict[str, Any]:
    return {str(name): value for name, value in row.items()}
