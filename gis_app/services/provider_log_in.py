"""Logging in with an identity: the account must be there already, and belongs to the first identity that enters it."""

from __future__ import annotations

from sqlalchemy import RowMapping

from gis_app.domain.errors import Forbidden
from gis_app.services.audit import Ledger
from gis_app.services.identity_provider import Identity
from gis_app.services.log_in import LoggedIn, begin
from gis_app.storage import accounts
from gis_app.storage.engine import EVERYTHING, scoped, system_scope


def log_in(ledger: Ledger, identity: Identity) -> LoggedIn:
    """Begin a log-in of the account bound to an identity, else of the one its login names, which is bound then.

    Raises
    ------
    Forbidden
        If there is no such account, it is disabled, or bound to another identity: which one is not told.
    """
    with scoped(ledger.engine, system_scope()) as connection:
        login = accounts.login_of_subject(connection, identity.subject) or identity.login
        known = accounts.account_with_secret(connection, login)
    made = _entered(ledger, identity, known) if known is not None and known["is_active"] else None
    if made is None:
        _note_refusal(ledger, known)
        raise Forbidden(
            "This identity has no account here.", remedy="Ask the administrator of your area, or use a password."
        )
    return made


def _entered(ledger: Ledger, identity: Identity, known: RowMapping) -> LoggedIn | None:
    """Begin the log-in; None if the account is another identity's."""
    login = known["login"]
    with ledger.writing(system_scope(login)) as work:
        is_new = accounts.login_of_subject(work.connection, identity.subject) is None
        # Does nothing where another identity came first, were it in this very moment.
        if is_new and accounts.bind_subject(work.connection, login, identity.subject):
            work.note("account.bind", f"account:{login}", scope_path=known["scope_path"], identity=identity.subject)
        if accounts.login_of_subject(work.connection, identity.subject) == login:
            return begin(ledger, work, known, way="oidc")
    return None


def _note_refusal(ledger: Ledger, known: RowMapping | None) -> None:
    subject, path = (f"account:{known['login']}", known["scope_path"]) if known else ("account:?", EVERYTHING)
    with ledger.writing(system_scope("log-in")) as work:
        work.note("log_in.fail", subject, scope_path=path, way="oidc")
