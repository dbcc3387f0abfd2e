"""The form of a new plan, read into a wish."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, time, timedelta

from flask import request

from gis_app.domain.errors import InvalidInput
from gis_app.domain.periods import CITY_TIME
from gis_app.services.plan_wishes import MAX_LOSS, MOST_STOPS, PlanWish
from gis_app.web import params

FIELDS = (
    "id",
    "area",
    "night",
    "starts",
    "ends",
    "teams",
    "most_stops",
    "loss",
    "title",
    "dwell_min",
    "facilities",
    "facility_windows",
    "facility_skill",
    "most_visits",
    "minimum",
)


def wish_of_form() -> PlanWish:
    """Return what a plan is to be made for.

    Raises
    ------
    InvalidInput
        If a field cannot be used.
    """
    form = request.form
    try:
        identity = uuid.UUID(form.get("id", ""))
    except ValueError:
        raise InvalidInput("The form is not complete.", remedy="Load the page again.") from None
    night = params.day_of(form.get("night", ""), name="night")
    if night is None or not 1990 <= night.year <= 2200:
        raise InvalidInput("No night was chosen.", remedy="Choose one.")
    starts_at = datetime.combine(night, _clock("starts"), CITY_TIME)
    ends_at = datetime.combine(night, _clock("ends"), CITY_TIME)
    # A shift over midnight belongs to the night it began; one after midnight to the night before.
    if starts_at.hour < 12:
        starts_at, ends_at = starts_at + timedelta(days=1), ends_at + timedelta(days=1)
    if ends_at <= starts_at:
        ends_at += timedelta(days=1)
    return PlanWish(
        identity,
        form.get("area", ""),
        starts_at.astimezone(UTC),
        ends_at.astimezone(UTC),
        title="".join(sign for sign in form.get("title", "")[:200] if sign >= " "),
        teams=tuple(form.getlist("teams"))[:200],
        most_stops=int(_number("most_stops", 200, least=1, most=MOST_STOPS)),
        loss=_number("loss", 3, least=0, most=100 * MAX_LOSS) / 100,
        dwell_min=_number("dwell_min", 10, least=1, most=240),
        facilities=tuple(form.getlist("facilities"))[:40],
        facility_windows=form.get("facility_windows", "")[:120],
        facility_skill=form.get("facility_skill", "")[:40],
        most_visits=int(_number("most_visits", 7, least=1, most=7)) if form.get("most_visits") else None,
        minimum=int(_number("minimum", 0, least=0, most=10)),
    )


def _clock(name: str) -> time:
    given = request.form.get(name, "")
    try:
        return time.fromisoformat(given).replace(tzinfo=None)
    except ValueError:
        raise InvalidInput(
            "{name} is {value!r}, not a time of the day.", remedy="Write it as 20:00.", name=name, value=given[:40]
        ) from None


def _number(name: str, usual: float, *, least: float, most: float) -> float:
    given = request.form.get(name) or str(usual)
    try:
        number = float(given)
    except ValueError:
        number = -1.0
    if not least <= number <= most:
        raise InvalidInput(
            "{name} is {value!r}.",
            remedy="Write a number from {least} to {most}.",
            name=name,
            value=given[:40],
            least=least,
            most=most,
        )
    return number
