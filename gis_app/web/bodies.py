"""JSON bodies, checked field by field; the same models describe them in the OpenAPI document."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

from flask import request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from gis_app.domain.errors import InvalidInput
from gis_app.domain.hazards import DiscoveryWay, Severity
from gis_app.services.hazards import Report, Spot

# PostgreSQL stores no NUL, and control characters belong in no title.
_LINE = r"^[^\x00-\x1f\x7f]*$"
_TEXT = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120, pattern=_LINE)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200, pattern=_LINE)]
Words = Annotated[str, StringConstraints(max_length=4000, pattern=_TEXT)]
Code = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=_LINE)]
Datum = Literal["wgs84", "cgcs2000", "gcj02", "bd09"]
Body = TypeVar("Body", bound=BaseModel)


class Strict(BaseModel):
    """Refuses fields that it does not know, and numbers that are none."""

    model_config = ConfigDict(extra="forbid", strict=False, allow_inf_nan=False)


class Place(Strict):
    """A place on the map: degrees, longitude first, in the datum named; a phone's map is often GCJ-02."""

    lon: Annotated[float, Field(ge=-180, le=180)]
    lat: Annotated[float, Field(ge=-90, le=90)]
    datum: Datum

    def spot(self) -> Spot:
        """Return the place as the services take it."""
        return Spot(self.lon, self.lat, self.datum)


class HazardReport(Strict):
    """A hazard as somebody found it. ``id`` is made by the client, once, and sent again when a request is repeated."""

    id: UUID
    category: Code
    severity: Severity
    discovered_by: DiscoveryWay
    title: Title
    description: Words = ""
    place_name: Line = ""
    discovered_at: AwareDatetime
    location: Place

    def report(self) -> Report:
        """Return the report as the services take it."""
        return Report(
            client_id=self.id,
            category_code=self.category,
            severity=self.severity,
            discovered_by=self.discovered_by,
            title=self.title,
            spot=self.location.spot(),
            discovered_at=_usable(self.discovered_at),
            description=self.description,
            place=self.place_name,
        )


class HazardCorrection(Strict):
    """What to change of a hazard; ``version`` is the one that was seen."""

    version: Annotated[int, Field(ge=1, le=2**31 - 1)]
    category: Code | None = None
    severity: Severity | None = None
    title: Title | None = None
    description: Words | None = None
    place_name: Line | None = None
    location: Place | None = None

    def changes(self) -> dict[str, str]:
        """Return the new values by column, the place on the map apart."""
        columns = {"category": "category_code", "place_name": "place"}
        given = self.model_dump(exclude={"version", "location"}, exclude_none=True, mode="json")
        return {columns.get(name, name): value for name, value in given.items()}


def body_of(model: type[Body]) -> Body:
    """Return the request's JSON body as a model.

    Raises
    ------
    InvalidInput
        If it is not JSON, or a field is missing, unknown or not usable; names the field.
    """
    try:
        raw = request.get_json()
    except (BadRequest, UnsupportedMediaType):
        raise InvalidInput(
            "The body is not JSON.", remedy="Send a JSON object with Content-Type: application/json."
        ) from None
    return checked(model, raw)


def checked(model: type[Body], raw: Any) -> Body:
    """Return what was read from JSON as a model.

    Raises
    ------
    InvalidInput
        If a field is missing, unknown or not usable; names the field.
    """
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        raise _named(error) from None


def _named(error: ValidationError) -> InvalidInput:
    """Return our own sentence for the first thing wrong."""
    first = error.errors(include_url=False)[0]
    field = ".".join(str(part) for part in first["loc"]) or "body"
    if first["type"] == "missing":
        return InvalidInput("The field {field} is missing.", remedy="Add it.", field=field)
    if first["type"] == "extra_forbidden":
        return InvalidInput("There is no field {field}.", remedy="Leave it out.", field=field[:60])
    return InvalidInput(
        "The field {field} cannot be {value!r}.",
        remedy="It has to be so: {reason}.",
        field=field,
        value=str(first["input"])[:60],
        reason=first["msg"],
    )


def _usable(moment: datetime) -> datetime:
    """Return a moment in UTC; years that no hazard has and a database may not hold are refused."""
    if not 1990 <= moment.year <= 2200:
        raise InvalidInput(
            "The field {field} cannot be {value!r}.",
            remedy="It has to be so: {reason}.",
            field="discovered_at",
            value=moment.isoformat(),
            reason="1990 to 2200",
        )
    return moment.astimezone(UTC)
