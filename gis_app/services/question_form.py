"""A question as JSON: how it is sent, kept and shared; checked field by field."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from gis_app.domain.errors import InvalidInput
from gis_app.domain.questions import (
    FARTHEST_M,
    MOST_PARTNERS,
    MOST_ROWS,
    Join,
    Measure,
    MeasureKind,
    Question,
    Rate,
    Relation,
)
from gis_app.planning.travel_modes import TRAVEL_MODES

_TEXT = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
Name = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f]*$")]
Filter = Annotated[str, StringConstraints(max_length=4000, pattern=_TEXT)]
ModeName = Literal["foot", "ebike", "car"]
assert set(TRAVEL_MODES) == {"foot", "ebike", "car"}  # noqa: S101 - the list above is what the street network knows


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class JoinForm(_Strict):
    """A second layer and how its features become partners."""

    layer: Name
    relation: Relation
    filter: Filter = ""
    distance_m: Annotated[float, Field(gt=0, le=FARTHEST_M)] = 500.0
    k: Annotated[int, Field(ge=1, le=MOST_PARTNERS)] = 1
    mode: ModeName = "foot"
    keeps_lonely: bool = True


class MeasureForm(_Strict):
    """A figure of each group."""

    kind: MeasureKind
    of: Annotated[str, StringConstraints(max_length=80)] = ""


class QuestionForm(_Strict):
    """A question of one layer, perhaps with a second one beside it."""

    layer: Name
    filter: Filter = ""
    first_day: date | None = None
    last_day: date | None = None
    shape: dict[str, Any] | None = None
    join: JoinForm | None = None
    group: Annotated[list[Name], Field(max_length=4)] = Field(default_factory=list)
    measures: Annotated[list[MeasureForm], Field(max_length=8)] = Field(default_factory=list)
    rate: Rate | None = None
    sort: Annotated[list[Name], Field(max_length=4)] = Field(default_factory=list)
    limit: Annotated[int, Field(ge=1, le=MOST_ROWS)] = 1000

    def question(self) -> Question:
        """Return the question as the services take it."""
        given = {name: getattr(self, name) for name in ("layer", "filter", "first_day", "last_day", "shape", "rate")}
        return Question(
            **given,
            join=Join(**self.join.model_dump()) if self.join else None,
            group=tuple(dict.fromkeys(self.group)),
            measures=tuple(Measure(each.kind, each.of) for each in self.measures),
            sort=tuple(self.sort),
            limit=self.limit,
        )


def form_of(content: Mapping[str, Any]) -> QuestionForm:
    """Return a kept question's form.

    Raises
    ------
    InvalidInput
        If it is of another time and cannot be read any more; names the field.
    """
    try:
        return QuestionForm.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        raise InvalidInput(
            "The question's field {field} cannot be used: {reason}",
            remedy="Make the question anew.",
            field=".".join(map(str, first["loc"])) or "-",
            reason=first["msg"],
        ) from error
