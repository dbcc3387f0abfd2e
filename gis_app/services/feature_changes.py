"""Features of collections created, replaced, changed and removed, by the same services as everywhere else.

Only what is kept one by one can be changed so: facilities, and hazards as far as a report may be made or corrected.
What is computed, loaded whole or made of an area is refused.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from gis_app.domain.errors import Forbidden, Stale, Unchangeable
from gis_app.domain.rights import Right, Scope
from gis_app.rendering.layer_spec import LayerSpec
from gis_app.services import facility_changes, hazards
from gis_app.services.audit import Ledger
from gis_app.services.feature_collections import Catalogue, identity_of, tag_of
from gis_app.services.hazards import Report, Spot
from gis_app.storage import feature_collections
from gis_app.storage.crs import CRS84
from gis_app.storage.engine import scoped

RIGHT_OF: Mapping[str, Mapping[str, Right]] = {
    "facilities": dict.fromkeys(("POST", "PUT", "PATCH", "DELETE"), Right.PLAN_PATROLS),
    "hazards": {"POST": Right.REPORT_HAZARD, "PATCH": Right.CORRECT_HAZARD},
}
"""What a caller needs to change a feature of a collection, by method; others cannot be changed."""


def require(scope: Scope, layer: LayerSpec, method: str) -> None:
    """Refuse a change that the collection or the caller's rights do not allow.

    Raises
    ------
    Unchangeable
        If the features of this collection are not changed in this way.
    Forbidden
        If the caller lacks the right.
    """
    rights = RIGHT_OF.get(layer.id, {})
    if method not in rights:
        remedy = "A hazard is voided or closed by a step of its case." if layer.id == "hazards" else ""
        raise Unchangeable(
            "Features of {name} are not changed by {method}.",
            remedy=remedy or "It is computed, or loaded by an import.",
            allowed=("GET", "HEAD", "OPTIONS", *rights),
            name=layer.id,
            method=method,
        )
    if rights[method] not in scope.rights:
        raise Forbidden("Your account may not do this.", remedy="Ask the administrator of your area.")


@dataclass(frozen=True)
class FeatureChanges:
    """Changes features; made for each request.

    Parameters
    ----------
    expected
        Validators of which the feature has to have one, None to change whatever is there.
    """

    ledger: Ledger
    catalogue: Catalogue
    scope: Scope
    layer: LayerSpec
    expected: frozenset[str] | None = None

    def add_facility(self, values: Mapping[str, Any]) -> str:
        """Store a facility and return its identifier."""
        return str(facility_changes.add(self.ledger, self.scope, values))

    def report(self, account_id: int, wanted: Report) -> str:
        """Store a reported hazard and return its identifier."""
        return str(hazards.report(self.ledger, self.scope, account_id, wanted).hazard["id"])

    def change_facility(self, identity: str, values: Mapping[str, Any]) -> None:
        """Store new values of a facility."""
        known = self._known(identity)
        facility_changes.change(self.ledger, self.scope, known, values, check=lambda c: self._check(c, known))

    def remove_facility(self, identity: str) -> None:
        """Remove a facility."""
        known = self._known(identity)
        facility_changes.remove(self.ledger, self.scope, known, check=lambda c: self._check(c, known))

    def correct_hazard(self, identity: str, values: Mapping[str, Any], spot: Spot | None) -> None:
        """Correct a hazard's report; if somebody does meanwhile, the version that was seen here refuses it."""
        known = self._known(identity)
        with scoped(self.ledger.engine, self.scope) as connection:
            self._check(connection, known)
        version = hazards.one(self.ledger.engine, self.scope, known)["version"]
        hazards.correct(self.ledger, self.scope, known, values, version=version, spot=spot)

    def _known(self, identity: str) -> Any:
        known = identity_of(self.catalogue.source(self.scope, self.layer), identity)
        if known is None:
            raise facility_changes.MISSING
        return known

    def _check(self, connection: Connection, known: int | uuid.UUID) -> None:
        source = self.catalogue.source(self.scope, self.layer)
        text = feature_collections.one(connection, source, known, CRS84)
        if text is None:
            raise facility_changes.MISSING
        if self.expected is not None and tag_of(text) not in self.expected:
            raise Stale("The feature changed meanwhile.", remedy="Load it again and repeat your change.")
