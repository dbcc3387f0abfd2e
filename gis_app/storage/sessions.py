"""Log-ins, tokens and failed attempts in the database. Secrets come here as hashes only."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, text

_HOLDER = """c.id AS account_id, c.login, c.role, c.locale, c.must_change_password, c.unit_code, a.level AS area_level,
       c.scope_path AS account_path"""
_SESSION = text(f"""
SELECT s.id, {_HOLDER}, c.scope_path, s.last_seen_at, s.expires_at
FROM account_session s JOIN account c ON c.id = s.account_id JOIN area a ON a.id = c.area_id
WHERE s.secret_hash = :hash AND c.is_active AND s.expires_at > :now
  AND (s.idle_s IS NULL OR s.last_seen_at + s.idle_s * interval '1 second' > :now)""")  # noqa: S608
_TOKEN = text(f"""
SELECT t.id, {_HOLDER}, t.scope_path, t.rights, t.expires_at, t.last_used_at
FROM api_token t JOIN account c ON c.id = t.account_id JOIN area a ON a.id = c.area_id
WHERE t.secret_hash = :hash AND c.is_active AND t.expires_at > :now""")  # noqa: S608
_ADD_SESSION = text("""
INSERT INTO account_session (secret_hash, account_id, created_at, last_seen_at, idle_s, expires_at, scope_path)
VALUES (:hash, :account_id, :now, :now, :idle_s, :expires_at, :scope_path) RETURNING id""")
_ADD_TOKEN = text("""
INSERT INTO api_token (secret_hash, account_id, label, rights, scope_path, created_at, expires_at)
VALUES (:hash, :account_id, :label, :rights, :scope_path, :now, :expires_at) RETURNING id""")
_TOKENS = text("""
SELECT id, label, rights, scope_path, created_at, expires_at, last_used_at FROM api_token
WHERE account_id = :account_id ORDER BY created_at DESC""")
# A failure after a long pause begins the count anew.
_COUNT_FAILURE = text("""
INSERT INTO log_in_attempt AS t (key, failure_count, last_at)
SELECT key, 1, :now FROM unnest(CAST(:keys AS bytea[])) key ORDER BY key
ON CONFLICT (key) DO UPDATE SET last_at = :now,
    failure_count = CASE WHEN t.last_at < :forgotten_before THEN 1 ELSE t.failure_count + 1 END""")


@dataclass(frozen=True)
class NewSession:
    """What is stored of a log-in."""

    secret_hash: bytes
    account_id: int
    scope_path: str
    idle_s: int | None
    expires_at: datetime


@dataclass(frozen=True)
class NewToken:
    """What is stored of a token."""

    secret_hash: bytes
    account_id: int
    label: str
    rights: Sequence[str]
    scope_path: str
    expires_at: datetime


def session_holder(connection: Connection, secret_hash: bytes, *, now: datetime) -> RowMapping | None:
    """Return whose log-in this is and what it may, None if it ended or the account is disabled."""
    return connection.execute(_SESSION, {"hash": secret_hash, "now": now}).mappings().first()


def token_holder(connection: Connection, secret_hash: bytes, *, now: datetime) -> RowMapping | None:
    """Return whose token this is and what it may, None if it ended or the account is disabled."""
    return connection.execute(_TOKEN, {"hash": secret_hash, "now": now}).mappings().first()


def add_session(connection: Connection, new: NewSession, *, now: datetime) -> uuid.UUID:
    """Store a log-in and return its id."""
    added: uuid.UUID = connection.execute(_ADD_SESSION, {**vars(new), "hash": new.secret_hash, "now": now}).scalar_one()
    return added


def touch_session(connection: Connection, session_id: uuid.UUID, *, now: datetime, expires_at: datetime) -> None:
    """Note that a log-in is in use, and until when it holds."""
    statement = text("UPDATE account_session SET last_seen_at = :now, expires_at = :expires_at WHERE id = :id")
    connection.execute(statement, {"id": session_id, "now": now, "expires_at": expires_at})


def touch_token(connection: Connection, token_id: uuid.UUID, *, now: datetime) -> None:
    """Note that a token is in use."""
    connection.execute(text("UPDATE api_token SET last_used_at = :now WHERE id = :id"), {"id": token_id, "now": now})


def end_session(connection: Connection, secret_hash: bytes) -> None:
    """End one log-in."""
    connection.execute(text("DELETE FROM account_session WHERE secret_hash = :hash"), {"hash": secret_hash})


def end_sessions(connection: Connection, account_id: int) -> int:
    """End all log-ins of an account and return how many there were."""
    return connection.execute(
        text("DELETE FROM account_session WHERE account_id = :account"), {"account": account_id}
    ).rowcount


def add_token(connection: Connection, new: NewToken, *, now: datetime) -> uuid.UUID:
    """Store a token and return its id."""
    values = {**vars(new), "rights": list(new.rights), "hash": new.secret_hash, "now": now}
    added: uuid.UUID = connection.execute(_ADD_TOKEN, values).scalar_one()
    return added


def tokens_of(connection: Connection, account_id: int) -> Sequence[RowMapping]:
    """Return an account's tokens, the newest first."""
    return connection.execute(_TOKENS, {"account_id": account_id}).mappings().all()


def end_token(connection: Connection, token_id: uuid.UUID, *, account_id: int) -> bool:
    """End a token of an account; whether it was there."""
    statement = text("DELETE FROM api_token WHERE id = :id AND account_id = :account")
    return bool(connection.execute(statement, {"id": token_id, "account": account_id}).rowcount)


def end_tokens(connection: Connection, account_id: int) -> int:
    """End all tokens of an account and return how many there were."""
    return connection.execute(
        text("DELETE FROM api_token WHERE account_id = :account"), {"account": account_id}
    ).rowcount


def forget_ended(connection: Connection, *, now: datetime) -> int:
    """Delete log-ins and tokens whose time is over, and failures long past; return how many rows went."""
    statements = (
        "DELETE FROM account_session WHERE expires_at <= :now "
        "OR last_seen_at + idle_s * interval '1 second' <= CAST(:now AS timestamptz)",
        "DELETE FROM api_token WHERE expires_at <= :now",
        # Where a login succeeded is remembered for as long as somebody on leave may stay away.
        "DELETE FROM log_in_attempt WHERE last_at <= CAST(:now AS timestamptz) "
        "- CASE failure_count WHEN 0 THEN interval '90 days' ELSE interval '1 day' END",
    )
    return sum(connection.execute(text(statement), {"now": now}).rowcount for statement in statements)


def failures(connection: Connection, keys: Sequence[bytes]) -> dict[bytes, tuple[int, datetime]]:
    """Return failures counted under each key and when the last one was."""
    query = text("SELECT key, failure_count, last_at FROM log_in_attempt WHERE key = ANY(:keys)")
    rows = connection.execute(query, {"keys": list(keys)})
    return {bytes(row.key): (row.failure_count, row.last_at) for row in rows}


def count_failure(connection: Connection, keys: Sequence[bytes], *, now: datetime, forgotten_before: datetime) -> None:
    """Count one failure under each key."""
    values = {"keys": list(keys), "now": now, "forgotten_before": forgotten_before}
    connection.execute(_COUNT_FAILURE, values)


def mark_good(connection: Connection, key: bytes, *, now: datetime) -> None:
    """Note under a key that it led to a log-in: no failures stand against it."""
    statement = """
    INSERT INTO log_in_attempt (key, failure_count, last_at) VALUES (:key, 0, :now)
    ON CONFLICT (key) DO UPDATE SET failure_count = 0, last_at = :now"""
    connection.execute(text(statement), {"key": key, "now": now})
