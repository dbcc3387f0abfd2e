"""Logging in and out: throttled, in the same time for known and unknown logins, with a new secret each time."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import RowMapping

from gis_app.domain.credentials import FAILURES_FORGOTTEN_AFTER, THROTTLES
from gis_app.domain.errors import TooMany, Unauthenticated
from gis_app.domain.rights import SESSION_LIMITS, Role, Scope
from gis_app.services.audit import Ledger, Writing
from gis_app.services.secrets_at_rest import hash_password, needs_rehash, new_secret, password_matches, secret_hash
from gis_app.storage import accounts, sessions
from gis_app.storage.engine import EVERYTHING, scoped, system_scope
from gis_app.storage.sessions import NewSession

KNOWN_PLACE = "known_place"
"""Where a login succeeded before; never counted up."""


@dataclass(frozen=True)
class LoggedIn:
    """A new log-in: its secret goes to the browser and nowhere else."""

    secret: str
    login: str
    role: Role
    expires_at: datetime
    must_change_password: bool


def log_in(ledger: Ledger, login: str, password: str, *, address: str) -> LoggedIn:
    """Check a password and begin a log-in.

    Parameters
    ----------
    address
        Where the request comes from, for throttling.

    Raises
    ------
    Unauthenticated
        If login or password are wrong or the account is disabled: which one is not told.
    TooMany
        If too many attempts failed of late; with the seconds to wait.
    """
    login = login.strip().lower()
    keys = _keys(login, address)
    _wait_turn(ledger, keys)
    with scoped(ledger.engine, system_scope()) as connection:
        known = accounts.account_with_secret(connection, login)
    matches = password_matches(known["password_hash"] if known else None, password)
    if known is None or not matches or not known["is_active"]:
        _count_failure(ledger, keys, known)
        raise Unauthenticated("The login or the password is not right.", remedy="Type both again.")
    with ledger.writing(system_scope(known["login"])) as work:
        # From now on guesses at this login from elsewhere do not slow it down here.
        for name in ("login_at_address", KNOWN_PLACE):
            sessions.mark_good(work.connection, keys[name], now=ledger.now())
        if needs_rehash(known["password_hash"]):
            accounts.set_password(
                work.connection, known["id"], hash_password(password), must_change=known["must_change_password"]
            )
        return begin(ledger, work, known, way="password")


def begin(ledger: Ledger, work: Writing, known: RowMapping, *, way: str) -> LoggedIn:
    """Begin a log-in of an account that proved itself; a screen's account ends its earlier one."""
    role, now, secret = Role(known["role"]), ledger.now(), new_secret()
    limits = SESSION_LIMITS[role]
    if limits.one_at_a_time:
        sessions.end_sessions(work.connection, known["id"])
    expires_at = now + limits.absolute
    new = NewSession(
        secret_hash=secret_hash(secret),
        account_id=known["id"],
        scope_path=known["scope_path"],
        idle_s=None if limits.idle is None else int(limits.idle.total_seconds()),
        expires_at=expires_at,
    )
    sessions.add_session(work.connection, new, now=now)
    work.note("log_in.succeed", f"account:{known['login']}", scope_path=known["scope_path"], way=way)
    return LoggedIn(secret, known["login"], role, expires_at, bool(known["must_change_password"]))


def log_out(ledger: Ledger, scope: Scope, secret: str) -> None:
    """End the log-in of a secret."""
    with ledger.writing(scope) as work:
        sessions.end_session(work.connection, secret_hash(secret))
        work.note("log_in.end", f"account:{scope.account}", scope_path=scope.area_path)


def _keys(login: str, address: str) -> dict[str, bytes]:
    here = f"{login}\0{address}"
    named = {"login_at_address": here, KNOWN_PLACE: here, "login": login, "address": address}
    return {name: hashlib.sha256(f"{name}\0{value}".encode()).digest() for name, value in named.items()}


def _wait_turn(ledger: Ledger, keys: dict[str, bytes]) -> None:
    now, longest = ledger.now(), timedelta(0)
    with scoped(ledger.engine, system_scope()) as connection:
        known = sessions.failures(connection, list(keys.values()))
    is_known = keys[KNOWN_PLACE] in known
    for name, throttle in THROTTLES.items():
        count, last_at = known.get(keys[name], (0, now))
        if not count or (name == "login" and is_known) or now - last_at > FAILURES_FORGOTTEN_AFTER:
            continue
        longest = max(longest, last_at + throttle.wait(count) - now)
    if longest > timedelta(0):
        raise TooMany(
            "Too many attempts failed.",
            remedy="Wait {seconds} seconds and try again.",
            retry_after_s=math.ceil(longest.total_seconds()),
        )


def _count_failure(ledger: Ledger, keys: dict[str, bytes], known: RowMapping | None) -> None:
    now = ledger.now()
    with ledger.writing(system_scope("log-in")) as work:
        sessions.count_failure(
            work.connection,
            [keys[name] for name in THROTTLES],
            now=now,
            forgotten_before=now - FAILURES_FORGOTTEN_AFTER,
        )
        # What was typed as a login may be a password: only the name of a known account is kept.
        subject, path = (f"account:{known['login']}", known["scope_path"]) if known else ("account:?", EVERYTHING)
        work.note("log_in.fail", subject, scope_path=path)
