"""Spatial questions as SQL: built over the views of layers from checked parts, run under row-level security."""

from gis_app.storage.questions.answering import answer_of, places_of
from gis_app.storage.questions.building import Built, built
from gis_app.storage.questions.relations import StreetPair
from gis_app.storage.questions.sides import Sources

__all__ = ["Built", "Sources", "StreetPair", "answer_of", "built", "places_of"]
