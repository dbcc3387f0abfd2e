"""Kept questions and their answers, under row-level security."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

MOST_ANSWERS = 30
"""Answers kept of one question."""
_JSON = JSONB(none_as_null=True)
_LISTED = text("""
SELECT q.*, (SELECT max(asked_at) FROM kept_answer a WHERE a.question_id = q.id) AS answered_at
FROM kept_question q WHERE account = :account OR is_shared ORDER BY account <> :account, title, id""")
_ONE = text("SELECT * FROM kept_question WHERE id = :id AND (account = :account OR is_shared)")
_ADD = text("""
INSERT INTO kept_question (id, title, content, account, is_shared, repeat, next_at, changed_at, scope_path)
VALUES (:id, :title, :content, :account, :is_shared, :repeat, :next_at, :changed_at, :scope_path)
ON CONFLICT (id) DO NOTHING RETURNING id""").bindparams(bindparam("content", type_=_JSON))
_CHANGE = text("""
UPDATE kept_question SET title = :title, content = :content, is_shared = :is_shared, repeat = :repeat,
    next_at = :next_at, changed_at = :changed_at
WHERE id = :id AND account = :account RETURNING id""").bindparams(bindparam("content", type_=_JSON))
_REMOVE = text("DELETE FROM kept_question WHERE id = :id AND account = :account RETURNING scope_path")
_DUE = text("""
SELECT q.id, q.title, q.content, q.repeat, q.account, q.scope_path, c.role, c.scope_path AS account_path
FROM kept_question q JOIN account c ON c.login = q.account AND c.is_active AND NOT c.must_change_password
WHERE q.next_at <= :now ORDER BY q.next_at LIMIT :most""")
_ANSWERED = text("UPDATE kept_question SET next_at = :next_at WHERE id = :id")
_ADD_ANSWER = text("""
INSERT INTO kept_answer (question_id, asked_at, content, problem, scope_path)
VALUES (:question, :at, :content, :problem, :scope_path)""").bindparams(bindparam("content", type_=_JSON))
_FORGET = text("""
DELETE FROM kept_answer WHERE question_id = :question AND id NOT IN (
    SELECT id FROM kept_answer WHERE question_id = :question ORDER BY asked_at DESC, id DESC LIMIT :most)""")
_ANSWERS = text("""
SELECT id, asked_at, problem, jsonb_array_length(content -> 'rows') AS row_count
FROM kept_answer WHERE question_id = :question ORDER BY asked_at DESC, id DESC""")
_ANSWER = text("SELECT id, asked_at, problem, content FROM kept_answer WHERE question_id = :question AND id = :id")


def listed(connection: Connection, account: str) -> Sequence[RowMapping]:
    """Return the account's own questions, then those others of its area share."""
    return connection.execute(_LISTED, {"account": account}).mappings().all()


def one(connection: Connection, identity: uuid.UUID, account: str) -> RowMapping | None:
    """Return a question that is the account's own or shared, None if there is none in the caller's area."""
    return connection.execute(_ONE, {"id": identity, "account": account}).mappings().first()


def store(connection: Connection, values: Mapping[str, Any]) -> bool:
    """Store a question, or change it; False if the identifier is another account's."""
    if connection.execute(_ADD, dict(values)).first() is not None:
        return True
    return connection.execute(_CHANGE, dict(values)).first() is not None


def remove(connection: Connection, identity: uuid.UUID, account: str) -> str | None:
    """Remove a question of the account with its answers; return its scope path, None if there was none."""
    path: str | None = connection.execute(_REMOVE, {"id": identity, "account": account}).scalar_one_or_none()
    return path


def due(connection: Connection, now: datetime, *, most: int) -> Sequence[RowMapping]:
    """Return the questions to be asked again, with role and area of their account as it is today."""
    return connection.execute(_DUE, {"now": now, "most": most}).mappings().all()


def note_answer(
    connection: Connection,
    question: RowMapping,
    *,
    at: datetime,
    next_at: datetime,
    content: Mapping[str, Any] | None,
    problem: str,
) -> None:
    """Store an answer, or why there was none, and forget the oldest."""
    values = {"question": question["id"], "at": at, "content": content, "problem": problem}
    connection.execute(_ADD_ANSWER, {**values, "scope_path": question["scope_path"]})
    connection.execute(_FORGET, {"question": question["id"], "most": MOST_ANSWERS})
    connection.execute(_ANSWERED, {"id": question["id"], "next_at": next_at})


def answers(connection: Connection, question: uuid.UUID) -> Sequence[RowMapping]:
    """Return the answers of a question without their rows, the newest first."""
    return connection.execute(_ANSWERS, {"question": question}).mappings().all()


def answer(connection: Connection, question: uuid.UUID, identity: int) -> RowMapping | None:
    """Return one answer with its rows."""
    return connection.execute(_ANSWER, {"question": question, "id": identity}).mappings().first()
