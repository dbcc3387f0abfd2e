"""Who a request comes from: the holder of a log-in or a token, asked of the database again every two seconds."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cachetools import TTLCache
from sqlalchemy import Engine

from gis_app.domain.areas import AreaLevel
from gis_app.domain.rights import RIGHTS_OF, SESSION_LIMITS, Right, Role, Scope
from gis_app.services.secrets_at_rest import derived, secret_hash
from gis_app.storage import sessions
from gis_app.storage.engine import scoped, system_scope

TRUSTED_SECONDS = 2.0
"""How long an answer of the database is trusted: a disabled account is shut out after that at the latest."""
_TOUCHED_EVERY = timedelta(minutes=1)


class _Unasked:
    """Stands for an answer that nobody asked for yet."""


_UNASKED = _Unasked()


@dataclass(frozen=True)
class Caller:
    """Who asks.

    Parameters
    ----------
    account_id, role, locale, level, unit
        Of the account: its number, role, language, the level of its area, and the office it works for, if any.
    scope
        Login, area and rights; those of a token may be fewer than its account's.
    csrf
        What a page of this log-in sends along with each change; empty for a token, which no browser adds by itself.
    must_change_password
        Nothing else is allowed before.
    expires_at
        When the log-in or token ends at the latest.
    """

    account_id: int
    role: Role
    locale: str
    level: AreaLevel
    unit: str | None
    scope: Scope
    csrf: str
    must_change_password: bool
    expires_at: datetime


@dataclass
class Gate:
    """Knows callers by their secrets; one per server process."""

    engine: Engine
    now: Callable[[], datetime]
    trusted_s: float = TRUSTED_SECONDS
    _known: TTLCache[tuple[str, bytes], Caller | None] = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __post_init__(self) -> None:
        self._known = TTLCache(maxsize=10_000, ttl=self.trusted_s)

    def of_session(self, secret: str) -> Caller | None:
        """Return who logged in with a secret, None if nobody did or it ended."""
        return self._remembered(("session", secret_hash(secret)), lambda hashed: self._session(hashed, secret))

    def of_token(self, secret: str, *, login: str | None = None) -> Caller | None:
        """Return whose token this is, None if nobody's, if it ended, or if it is not that login's where one is said."""
        caller = self._remembered(("token", secret_hash(secret)), self._token)
        return None if caller is not None and login not in (None, caller.scope.account) else caller

    def forget(self, secret: str) -> None:
        """Ask the database at the next request: the log-in just ended here."""
        with self._lock:
            self._known.pop(("session", secret_hash(secret)), None)

    def _remembered(self, key: tuple[str, bytes], ask: Callable[[bytes], Caller | None]) -> Caller | None:
        with self._lock:
            # Read once: between a look and a read an answer may come of age.
            known: Caller | _Unasked | None = self._known.get(key, _UNASKED)
        if not isinstance(known, _Unasked):
            return known
        caller = ask(key[1])
        with self._lock:
            self._known[key] = caller
        return caller

    def _session(self, hashed: bytes, secret: str) -> Caller | None:
        now = self.now()
        with scoped(self.engine, system_scope()) as connection:
            row = sessions.session_holder(connection, hashed, now=now)
            if row is None:
                return None
            role, expires_at = Role(row["role"]), row["expires_at"]
            if now - row["last_seen_at"] > _TOUCHED_EVERY:
                if SESSION_LIMITS[role].is_renewed:
                    expires_at = max(expires_at, now + SESSION_LIMITS[role].absolute)
                sessions.touch_session(connection, row["id"], now=now, expires_at=expires_at)
        rights = frozenset({Right.MANAGE_OWN_ACCOUNT}) if row["must_change_password"] else RIGHTS_OF[role]
        return Caller(
            account_id=row["account_id"],
            role=role,
            locale=row["locale"],
            level=AreaLevel(row["area_level"]),
            unit=row["unit_code"],
            scope=Scope(row["login"], row["scope_path"], rights),
            csrf=derived(secret, "csrf"),
            must_change_password=row["must_change_password"],
            expires_at=expires_at,
        )

    def _token(self, hashed: bytes) -> Caller | None:
        now = self.now()
        with scoped(self.engine, system_scope()) as connection:
            row = sessions.token_holder(connection, hashed, now=now)
            if row is None:
                return None
            if row["last_used_at"] is None or now - row["last_used_at"] > _TOUCHED_EVERY:
                sessions.touch_token(connection, row["id"], now=now)
        role = Role(row["role"])
        # Neither more rights nor another area than the account has today, whatever the token was made with.
        if not row["scope_path"].startswith(row["account_path"]):
            return None
        rights = frozenset(right for right in RIGHTS_OF[role] if right.value in row["rights"])
        return Caller(
            account_id=row["account_id"],
            role=role,
            locale=row["locale"],
            level=AreaLevel(row["area_level"]),
            unit=row["unit_code"],
            scope=Scope(row["login"], row["scope_path"], rights if not row["must_change_password"] else frozenset()),
            csrf="",
            must_change_password=row["must_change_password"],
            expires_at=row["expires_at"],
        )


def token_id(text: str) -> uuid.UUID | None:
    """Return the identifier of a token, None if the text is none."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
