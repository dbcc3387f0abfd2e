"""OGC API - Features Part 4: features created, replaced, changed and removed."""

from __future__ import annotations

import uuid
from typing import Annotated, Any, Literal

from flask import Blueprint, Response, current_app, request
from flask.typing import ResponseReturnValue
from pydantic import AwareDatetime, BaseModel, Field

from gis_app.domain.errors import InvalidInput, none_of
from gis_app.domain.hazards import DiscoveryWay, Severity
from gis_app.domain.rights import Right
from gis_app.services import feature_changes
from gis_app.services.feature_changes import FeatureChanges
from gis_app.services.feature_collections import Catalogue
from gis_app.services.hazards import Spot
from gis_app.storage.crs import CRS84, CRS_OF, to_crs84
from gis_app.web import ogc_documents as documents
from gis_app.web.access import current_caller, current_scope, requires
from gis_app.web.bodies import Code, HazardReport, Line, Place, Strict, Title, Words, body_of, checked
from gis_app.web.contract import contract

blueprint = Blueprint("ogc_changes", __name__, url_prefix="/ogc")


class Point(BaseModel):
    """A GeoJSON point, in CRS84 unless the header Content-Crs names another system."""

    type: Literal["Point"]
    coordinates: Annotated[list[Annotated[float, Field(allow_inf_nan=False)]], Field(min_length=2, max_length=3)]


class Feature(BaseModel):
    """A GeoJSON feature; what the service itself makes of it, such as the name of the village, is not read."""

    type: Literal["Feature"]
    geometry: Point | None = None
    properties: dict[str, Any] | None = None


class FacilityFields(Strict):
    """What can be told of a facility."""

    kind: Code
    name_zh: Title
    name_en: Line | None = None


class FacilityChange(Strict):
    """What can be changed of a facility."""

    kind: Code | None = None
    name_zh: Title | None = None
    name_en: Line | None = None


class HazardFields(Strict):
    """What can be told of a hazard that is reported."""

    category: Code
    severity: Severity
    discovered_by: DiscoveryWay
    title: Title
    description: Words = ""
    place: Line = ""
    discovered_at: AwareDatetime


class HazardChange(Strict):
    """What can be corrected of a hazard."""

    category: Code | None = None
    severity: Severity | None = None
    title: Title | None = None
    description: Words | None = None
    place: Line | None = None


@blueprint.post("/collections/<collection>/items")
@requires(Right.VIEW_MAP)
@contract("Add a feature, as far as the collection and your rights allow", body=Feature, created=True)
def create(collection: str) -> ResponseReturnValue:
    """Store a new feature: 201 with its address."""
    changes = _changes(collection)
    feature = body_of(Feature)
    place = _place(feature)
    if place is None:
        raise InvalidInput("The field {field} is missing.", remedy="Add it.", field="geometry")
    if changes.layer.id == "facilities":
        identity = changes.add_facility(_facility(changes, feature, FacilityFields) | place)
    else:
        told = checked(HazardFields, _own(changes, feature, HazardFields)).model_dump(mode="json")
        told |= {"id": str(uuid.uuid4()), "place_name": told.pop("place")}
        report = checked(HazardReport, told | {"location": {**place, "datum": "wgs84"}}).report()
        identity = changes.report(current_caller().account_id, report)
    address = f"{documents.root()}/collections/{changes.layer.id}/items/{identity}"
    return Response(status=201, headers={"Location": address})


@blueprint.put("/collections/<collection>/items/<identity>")
@requires(Right.VIEW_MAP)
@contract("Replace a feature; with If-Match only the one that was seen", body=Feature)
def replace(collection: str, identity: str) -> ResponseReturnValue:
    """Replace a feature: what is not given is emptied."""
    changes, feature = _changes(collection), body_of(Feature)
    place = _place(feature)
    if place is None:
        raise InvalidInput("The field {field} is missing.", remedy="Add it.", field="geometry")
    changes.change_facility(identity, _facility(changes, feature, FacilityFields) | place)
    return Response(status=204)


@blueprint.patch("/collections/<collection>/items/<identity>")
@requires(Right.VIEW_MAP)
@contract("Change a feature; with If-Match only the one that was seen", body=Feature)
def update(collection: str, identity: str) -> ResponseReturnValue:
    """Change what is given of a feature, and keep the rest."""
    changes, feature = _changes(collection), body_of(Feature)
    place = _place(feature)
    if changes.layer.id == "facilities":
        values = _facility(changes, feature, FacilityChange) | (place or {})
        if not values:
            raise InvalidInput("Nothing is to be changed.", remedy="Give at least one field.")
        changes.change_facility(identity, values)
        return Response(status=204)
    told = checked(HazardChange, _own(changes, feature, HazardChange))
    values = told.model_dump(exclude_none=True, mode="json")
    if "category" in values:
        values["category_code"] = values.pop("category")
    changes.correct_hazard(identity, values, Spot(place["lon"], place["lat"], "wgs84") if place else None)
    return Response(status=204)


@blueprint.delete("/collections/<collection>/items/<identity>")
@requires(Right.VIEW_MAP)
@contract("Remove a feature; with If-Match only the one that was seen")
def remove(collection: str, identity: str) -> ResponseReturnValue:
    """Remove a feature."""
    _changes(collection).remove_facility(identity)
    return Response(status=204)


def _changes(collection: str) -> FeatureChanges:
    state, scope = current_app.extensions["jingwei"], current_scope()
    catalogue: Catalogue = state.catalogue
    layer = catalogue.layer(scope, collection)
    feature_changes.require(scope, layer, request.method)
    given = request.if_match
    # A text that was compressed on its way has a weak validator; it is of the same content all the same.
    tags = None if given.star_tag or not given else frozenset(given.as_set(include_weak=True))
    return FeatureChanges(state.ledger, catalogue, scope, layer, tags)


def _place(feature: Feature) -> dict[str, float] | None:
    """Return longitude and latitude of a feature, None if it has no shape."""
    if feature.geometry is None:
        return None
    named = request.headers.get("Content-Crs", CRS84.uri).strip("<>[]")
    crs = CRS_OF.get(named)
    if crs is None:
        raise none_of("{name} is {value!r}.", CRS_OF, name="Content-Crs", value=named[:40])
    lon, lat = to_crs84(crs, *feature.geometry.coordinates[:2])
    place = checked(Place, {"lon": lon, "lat": lat, "datum": "wgs84"})
    return {"lon": place.lon, "lat": place.lat}


def _facility(changes: FeatureChanges, feature: Feature, model: type[Strict]) -> dict[str, Any]:
    values = checked(model, _own(changes, feature, model)).model_dump(exclude_unset=model is FacilityChange)
    kinds = next(each.values for each in changes.layer.fields if each.name == "kind")
    if "kind" in values and values["kind"] not in kinds:
        value = str(values["kind"])[:40]
        raise none_of("The field {field} cannot be {value!r}.", kinds, field="kind", value=value)
    if values.get("name_zh", "") is None:
        raise InvalidInput("The field {field} is missing.", remedy="Add it.", field="name_zh")
    return values


def _own(changes: FeatureChanges, feature: Feature, model: type[Strict]) -> dict[str, Any]:
    """Return the properties but those that the service makes itself: a client sends back what it read."""
    made = set(changes.catalogue.source(changes.scope, changes.layer).types) - set(model.model_fields)
    return {name: value for name, value in (feature.properties or {}).items() if name not in made}
