"""What a route takes and answers, beside the route; the OpenAPI document is made of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from flask.typing import ResponseReturnValue
from pydantic import BaseModel

View = TypeVar("View", bound=Callable[..., ResponseReturnValue])


@dataclass(frozen=True)
class Parameter:
    """A parameter of the query string, with its JSON schema."""

    name: str
    description: str
    schema: Mapping[str, Any]


@dataclass(frozen=True)
class Contract:
    """What a route takes and answers.

    Parameters
    ----------
    summary
        One line.
    query
        Parameters of the query string.
    body
        Model of the JSON body, None for none.
    form
        Fields of a form, for pages.
    answers
        Content type of the answer.
    created
        Whether it answers 201 for something new.
    """

    summary: str
    query: Sequence[Parameter] = ()
    body: type[BaseModel] | None = None
    form: Sequence[str] = field(default=())
    answers: str = "application/json"
    created: bool = False


def contract(
    summary: str,
    *,
    query: Sequence[Parameter] = (),
    body: type[BaseModel] | None = None,
    form: Sequence[str] = (),
    answers: str = "application/json",
    created: bool = False,
) -> Callable[[View], View]:
    """State the contract of a route."""

    def declare(view: View) -> View:
        view.contract = Contract(summary, query, body, form, answers, created)  # type: ignore[attr-defined]
        return view

    return declare
