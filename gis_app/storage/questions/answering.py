"""Answers of questions, and the places of features for ways along streets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt
from sqlalchemy import ColumnElement, Connection, String, cast, func, select

from gis_app.domain.questions import Answer
from gis_app.storage.feature_collections import GEOMETRY, FeatureSource
from gis_app.storage.questions.building import Built


def answer_of(connection: Connection, made: Built, limit: int) -> Answer:
    """Run a question's statement."""
    found = connection.execute(made.statement).all()
    shown = found[:limit]
    width = len(made.kinds)
    return Answer(
        columns=tuple(made.kinds),
        kinds=dict(made.kinds),
        rows=tuple(tuple(_plain(value) for value in row[:width]) for row in shown),
        shapes=tuple(row[width] for row in shown) if made.has_shape else (),
        is_cut=len(found) > limit,
    )


def places_of(
    connection: Connection, source: FeatureSource, conditions: Sequence[ColumnElement[bool]], *, srid: int, most: int
) -> tuple[list[str], npt.NDArray[np.float64]]:
    """Return identifiers, as text, and a point on each feature, shape ``(n, 2)`` in metres; one more than ``most``."""
    point = func.ST_Transform(func.ST_PointOnSurface(source.column(GEOMETRY)), srid)
    query = (
        select(cast(source.column("id"), String), func.ST_X(point), func.ST_Y(point))
        .select_from(source.table)
        .where(*conditions)
        .order_by(source.column("id"))
        .limit(most + 1)
    )
    rows = connection.execute(query).all()
    return [row[0] for row in rows], np.array([row[1:] for row in rows], float).reshape(-1, 2)


def _plain(value: Any) -> Any:
    """Return a value as JSON knows it."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    return str(value) if isinstance(value, UUID) else value
