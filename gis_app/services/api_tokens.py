"""Tokens for programs: shown once, stored as a hash, with an end, never with more than their account has."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, RowMapping

from gis_app.domain.errors import InvalidInput, NotFound
from gis_app.domain.rights import Right, Scope
from gis_app.services.accounts import grantable_rights
from gis_app.services.audit import Ledger
from gis_app.services.secrets_at_rest import new_secret, secret_hash
from gis_app.storage import accounts, sessions
from gis_app.storage.engine import scoped
from gis_app.storage.sessions import NewToken

PREFIX = "jw_"
"""So that a token that strays into a file or a log can be recognised."""
LONGEST_DAYS = 366
MOST_TOKENS = 50
LONGEST_LABEL = 60


@dataclass(frozen=True)
class TokenWish:
    """What a token is to be: what for, with which rights, in which part of the own area, for how long."""

    label: str
    rights: frozenset[Right]
    days: int
    area_code: str | None = None


@dataclass(frozen=True)
class MadeToken:
    """A token just made: the only moment its secret is known."""

    id: uuid.UUID
    secret: str
    expires_at: datetime


def create(ledger: Ledger, scope: Scope, wish: TokenWish) -> MadeToken:
    """Make a token of the caller's account.

    Raises
    ------
    InvalidInput
        If the label, the rights, the days or the area are not usable.
    """
    _check(scope, wish)
    secret, now = PREFIX + new_secret(), ledger.now()
    with ledger.writing(scope) as work:
        known = accounts.account(work.connection, scope.account)
        if known is None:
            raise NotFound("There is no such account.")
        if len(sessions.tokens_of(work.connection, known["id"])) >= MOST_TOKENS:
            raise InvalidInput("The account has {most} tokens.", remedy="Delete one first.", most=MOST_TOKENS)
        area = accounts.area_of_code(work.connection, wish.area_code or known["area_code"])
        if area is None:
            raise InvalidInput(
                "There is no city, township or village with the code {code!r}.",
                remedy="Use a code of your own area, such as 330381001.",
                code=wish.area_code,
            )
        new = NewToken(
            secret_hash=secret_hash(secret),
            account_id=known["id"],
            label=wish.label.strip(),
            rights=sorted(right.value for right in wish.rights),
            scope_path=area.scope_path,
            expires_at=now + timedelta(days=wish.days),
        )
        made = sessions.add_token(work.connection, new, now=now)
        work.note(
            "token.create", f"account:{scope.account}", scope_path=known["scope_path"], token=str(made), days=wish.days
        )
    return MadeToken(made, secret, new.expires_at)


def listed(engine: Engine, scope: Scope, account_id: int) -> Sequence[RowMapping]:
    """Return the caller's own tokens, the newest first."""
    with scoped(engine, scope) as connection:
        return sessions.tokens_of(connection, account_id)


def revoke(ledger: Ledger, scope: Scope, token_id: uuid.UUID | None, *, account_id: int) -> None:
    """End a token of the caller's account.

    Raises
    ------
    NotFound
        If there is no such token of this account.
    """
    with ledger.writing(scope) as work:
        if token_id is None or not sessions.end_token(work.connection, token_id, account_id=account_id):
            raise NotFound("There is no such token.")
        work.note("token.revoke", f"account:{scope.account}", scope_path=scope.area_path, token=str(token_id))


def _check(scope: Scope, wish: TokenWish) -> None:
    if not 1 <= len(wish.label.strip()) <= LONGEST_LABEL:
        raise InvalidInput(
            "The label has to say what the token is for.", remedy="Use 1 to {most} characters.", most=LONGEST_LABEL
        )
    if not 1 <= wish.days <= LONGEST_DAYS:
        raise InvalidInput("A token lasts 1 to {most} days.", remedy="Choose fewer days.", most=LONGEST_DAYS)
    if not wish.rights or not wish.rights <= grantable_rights(scope):
        raise InvalidInput(
            "A token needs at least one right, and none that you do not have.", remedy="Choose among your own rights."
        )
