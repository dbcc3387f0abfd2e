"""Questions that are kept: stored, shared in the area, and asked again by themselves."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import Engine, RowMapping

from gis_app.domain.errors import Conflict, InvalidInput, JingweiError, NotFound
from gis_app.domain.periods import CITY_TIME
from gis_app.domain.questions import Answer, Repeat
from gis_app.domain.rights import RIGHTS_OF, Right, Role, Scope
from gis_app.services.audit import Ledger
from gis_app.services.question_form import QuestionForm, form_of
from gis_app.services.questions import QuestionDesk
from gis_app.storage import kept_questions
from gis_app.storage.engine import scoped, system_scope

MOST_KEPT_ROWS = 1000
"""Rows of an answer that is kept; the question itself may answer more."""
AT_ONCE = 20
"""Questions asked again in one go of the job."""
_ASKED_AT = time(5, 30)
"""Of the city's day: before the morning's meeting."""


@dataclass(frozen=True)
class KeptWish:
    """A question to be kept under a title."""

    id: uuid.UUID
    title: str
    form: QuestionForm
    is_shared: bool = False
    repeat: Repeat = Repeat.NEVER


def listed(engine: Engine, scope: Scope) -> Sequence[RowMapping]:
    """Return the account's questions, then those shared in its area."""
    with scoped(engine, scope) as connection:
        return kept_questions.listed(connection, scope.account)


def one(engine: Engine, scope: Scope, identity: uuid.UUID) -> RowMapping:
    """Return a question.

    Raises
    ------
    NotFound
        If there is none that the account may see.
    """
    with scoped(engine, scope) as connection:
        found = kept_questions.one(connection, identity, scope.account)
    if found is None:
        raise _missing()
    return found


def keep(ledger: Ledger, scope: Scope, wish: KeptWish) -> None:
    """Store a question, or change the account's own one of that identifier.

    Raises
    ------
    InvalidInput
        If the title is empty.
    Conflict
        If the identifier is another's.
    """
    title = wish.title.strip()
    if not title:
        raise InvalidInput("The title is empty.", remedy="Say what the question is called.")
    now = ledger.now()
    values = {
        "id": wish.id,
        "title": title,
        "content": wish.form.model_dump(mode="json", exclude_defaults=True),
        "account": scope.account,
        "is_shared": wish.is_shared,
        "repeat": wish.repeat.value,
        "next_at": next_time(wish.repeat, now),
        "changed_at": now,
        "scope_path": scope.area_path,
    }
    with ledger.writing(scope) as work:
        if not kept_questions.store(work.connection, values):
            raise Conflict("This identifier is taken.", remedy="Keep the question under a new one.")
        detail = {"title": title, "is_shared": wish.is_shared, "repeat": wish.repeat.value}
        work.note("question.keep", f"question:{wish.id}", scope_path=scope.area_path, **detail)


def forget(ledger: Ledger, scope: Scope, identity: uuid.UUID) -> None:
    """Remove one of the account's own questions with its answers.

    Raises
    ------
    NotFound
        If there is none of its own.
    """
    with ledger.writing(scope) as work:
        path = kept_questions.remove(work.connection, identity, scope.account)
        if path is None:
            raise _missing()
        work.note("question.forget", f"question:{identity}", scope_path=path)


def answers(engine: Engine, scope: Scope, identity: uuid.UUID) -> Sequence[RowMapping]:
    """Return when a question was asked again and how many rows came, the newest first; of what :func:`one` answers."""
    one(engine, scope, identity)
    with scoped(engine, scope) as connection:
        return kept_questions.answers(connection, identity)


def answer(engine: Engine, scope: Scope, identity: uuid.UUID, number: int) -> RowMapping:
    """Return one of the answers of what :func:`one` answers.

    Raises
    ------
    NotFound
        If there is none.
    """
    one(engine, scope, identity)
    with scoped(engine, scope) as connection:
        found = kept_questions.answer(connection, identity, number)
    if found is None:
        raise _missing()
    return found


def ask_due(desk: QuestionDesk, now: datetime) -> int:
    """Ask the questions again that are due, each with the rights and area its account has now; return how many."""
    with scoped(desk.engine, system_scope()) as connection:
        due = kept_questions.due(connection, now, most=AT_ONCE)
    for row in due:
        content, problem = _asked(desk, row)
        next_at = next_time(Repeat(row["repeat"]), now) or now + timedelta(days=1)
        with scoped(desk.engine, system_scope()) as connection:
            kept_questions.note_answer(connection, row, at=now, next_at=next_at, content=content, problem=problem)
    return len(due)


def _asked(desk: QuestionDesk, row: RowMapping) -> tuple[Mapping[str, Any] | None, str]:
    rights = RIGHTS_OF[Role(row["role"])]
    # An account that was moved asks in the smaller of both areas, and in none where they part.
    paths = sorted((row["scope_path"], row["account_path"]), key=len)
    if Right.ASK_QUESTIONS not in rights or not paths[1].startswith(paths[0]):
        return None, "The account may not ask this any more."
    try:
        answer = desk.answer(Scope(row["account"], paths[1], rights), form_of(row["content"]).question())
    except JingweiError as error:
        return None, str(error)
    return answer_json(answer), ""


def answer_json(answer: Answer) -> dict[str, Any]:
    """Return an answer as it is kept: its first rows and their shapes."""
    content = asdict(answer)
    content |= {name: content[name][:MOST_KEPT_ROWS] for name in ("rows", "shapes")}
    return content | {"is_cut": answer.is_cut or len(answer.rows) > MOST_KEPT_ROWS}


def next_time(repeat: Repeat, now: datetime) -> datetime | None:
    """Return when a question is asked next: in the morning, for the weekly ones on Monday; None for never."""
    if repeat is Repeat.NEVER:
        return None
    here = now.astimezone(CITY_TIME)
    found = datetime.combine(here.date(), _ASKED_AT, CITY_TIME)
    while found <= here or (repeat is Repeat.WEEKLY and found.weekday() != 0):
        found += timedelta(days=1)
    return found


def _missing() -> NotFound:
    return NotFound("There is no such question.", remedy="It may have been removed, or lie outside your area.")
