"""Accounts: made, changed, disabled, listed; each in the area of who does it, each with its entry in the audit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping

from gis_app.domain.areas import common_path
from gis_app.domain.credentials import checked_login, checked_password
from gis_app.domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from gis_app.domain.rights import Right, Role, Scope
from gis_app.services.audit import Ledger
from gis_app.services.secrets_at_rest import generated_password, hash_password, password_matches
from gis_app.storage import accounts, sessions
from gis_app.storage.accounts import AreaOfAccount, NewAccount
from gis_app.storage.engine import scoped

LANGUAGES = ("zh", "en")


@dataclass(frozen=True)
class AccountWish:
    """What an account is to be."""

    login: str
    role: Role
    area_code: str
    locale: str = "zh"
    unit_code: str | None = None


@dataclass(frozen=True)
class Made:
    """An account just made, or a password just set: the only moment the password is known."""

    login: str
    role: str
    area_code: str
    password: str | None


def listed(engine: Engine, scope: Scope) -> Sequence[dict[str, Any]]:
    """Return the accounts of the caller's area with when they were last seen."""
    with scoped(engine, scope) as connection:
        seen = accounts.last_seen(connection)
        return [{**row, "last_seen_at": seen.get(row["id"])} for row in accounts.all_accounts(connection)]


def found(engine: Engine, scope: Scope, login: str) -> RowMapping:
    """Return one account.

    Raises
    ------
    NotFound
        If there is none in the caller's area.
    """
    with scoped(engine, scope) as connection:
        return _account(connection, login)


def create(ledger: Ledger, scope: Scope, wish: AccountWish, *, password: str | None = None, local: bool = True) -> Made:
    """Make an account and return it with its password, a generated one unless one is given.

    Parameters
    ----------
    password
        A first password; whoever logs in with a generated one is asked to change it.
    local
        False: no password at all, the identity provider alone lets it in.

    Raises
    ------
    InvalidInput
        If login, password, area or language are not usable.
    Conflict
        If the login is taken.
    """
    login = checked_login(wish.login)
    if wish.locale not in LANGUAGES:
        raise InvalidInput("{locale!r} is no language of ours.", remedy="Use zh or en.", locale=wish.locale)
    chosen = checked_password(password, login=login) if password else generated_password() if local else None
    hashed = hash_password(chosen) if chosen else None
    # A wall screen cannot change its password, so it keeps the one made for it.
    is_first = password is None and chosen is not None and wish.role is not Role.KIOSK
    with ledger.writing(scope) as work:
        area = _area(work.connection, wish.area_code)
        new = NewAccount(
            login,
            wish.role,
            area,
            wish.locale,
            hashed,
            is_first,
            _unit(work.connection, wish.role, area, wish.unit_code),
        )
        if accounts.add_account(work.connection, new) is None:
            raise Conflict("The login {login} is taken.", remedy="Choose another one.", login=login)
        work.note("account.create", f"account:{login}", scope_path=area.scope_path, role=wish.role.value)
    return Made(login, wish.role.value, area.code, chosen)


def change(ledger: Ledger, scope: Scope, login: str, *, role: Role | None, area_code: str | None) -> None:
    """Give an account another role or area; its log-ins and tokens end, for they were made for the old ones.

    Raises
    ------
    NotFound
        If there is no such account or area for the caller.
    """
    with ledger.writing(scope) as work:
        known = _account(work.connection, login)
        _refuse_own(scope, known["login"])
        area = _area(work.connection, area_code or known["area_code"])
        wanted = role or Role(known["role"])
        _end_all(work.connection, known["id"])
        unit = _unit(work.connection, wanted, area, known["unit_code"] if area_code is None else None)
        accounts.set_duty(work.connection, known["id"], wanted, area=area, unit_code=unit)
        before = {"role_before": known["role"], "area_before": known["area_code"]}
        work.note(
            "account.change",
            f"account:{login}",
            scope_path=common_path(known["scope_path"], area.scope_path),
            role=wanted.value,
            area=area.code,
            **before,
        )


def set_active(ledger: Ledger, scope: Scope, login: str, *, is_active: bool) -> None:
    """Disable an account, which ends its log-ins and tokens at once, or let it log in again.

    Raises
    ------
    NotFound
        If there is no such account for the caller.
    """
    with ledger.writing(scope) as work:
        known = _account(work.connection, login)
        _refuse_own(scope, known["login"])
        if not is_active:
            _end_all(work.connection, known["id"])
        accounts.set_active(work.connection, known["id"], is_active=is_active)
        action = "account.enable" if is_active else "account.disable"
        work.note(action, f"account:{login}", scope_path=known["scope_path"])


def unbind(ledger: Ledger, scope: Scope, login: str) -> None:
    """Part an account from its identity at the provider and end its log-ins; the next identity of its name is bound.

    Raises
    ------
    NotFound
        If there is no such account for the caller.
    Conflict
        If it is bound to none.
    """
    with ledger.writing(scope) as work:
        known = _account(work.connection, login)
        if not known["is_bound"]:
            raise Conflict("The account {login} is bound to no identity.", login=login)
        _end_all(work.connection, known["id"])
        accounts.unbind(work.connection, known["id"])
        work.note("account.unbind", f"account:{login}", scope_path=known["scope_path"])


def reset_password(ledger: Ledger, scope: Scope, login: str) -> Made:
    """Give an account a generated password, to be changed at the next log-in; all its log-ins end.

    Raises
    ------
    NotFound
        If there is no such account for the caller.
    """
    password = generated_password()
    hashed = hash_password(password)
    with ledger.writing(scope) as work:
        known = _account(work.connection, login)
        _end_all(work.connection, known["id"])
        accounts.set_password(work.connection, known["id"], hashed, must_change=known["role"] != Role.KIOSK)
        work.note("account.reset_password", f"account:{login}", scope_path=known["scope_path"])
    return Made(known["login"], known["role"], known["area_code"], password)


def change_own_password(ledger: Ledger, scope: Scope, *, old: str, new: str) -> None:
    """Change the caller's own password; every log-in and token of the account ends.

    Raises
    ------
    InvalidInput
        If the old one is wrong, or the new one is not usable or the same.
    """
    with scoped(ledger.engine, scope) as connection:
        known = accounts.account_with_secret(connection, scope.account)
    if known is None or not password_matches(known["password_hash"], old):
        raise InvalidInput("The present password is not right.", remedy="Type it again.")
    if old == new:
        raise InvalidInput("The new password is the present one.", remedy="Choose another one.")
    hashed = hash_password(checked_password(new, login=scope.account))
    with ledger.writing(scope) as work:
        _end_all(work.connection, known["id"])
        accounts.set_password(work.connection, known["id"], hashed, must_change=False)
        work.note("account.change_password", f"account:{scope.account}", scope_path=known["scope_path"])


def end_log_ins(ledger: Ledger, scope: Scope, login: str) -> int:
    """End all log-ins of an account and return how many there were.

    Raises
    ------
    NotFound
        If there is no such account for the caller.
    """
    with ledger.writing(scope) as work:
        known = _account(work.connection, login)
        ended = sessions.end_sessions(work.connection, known["id"])
        work.note("account.end_log_ins", f"account:{login}", scope_path=known["scope_path"], count=ended)
    return ended


def grantable_rights(scope: Scope) -> frozenset[Right]:
    """Return the rights a caller may put into a token: the own ones, except those over accounts."""
    return scope.rights - {Right.MANAGE_OWN_ACCOUNT, Right.MANAGE_ACCOUNTS}


def areas_to_choose(engine: Engine, scope: Scope) -> Sequence[RowMapping]:
    """Return code, level and names of the areas an account of the caller's area may work in, by code."""
    with scoped(engine, scope) as connection:
        return accounts.areas_of_accounts(connection)


def _account(connection: Connection, login: str) -> RowMapping:
    known = accounts.account(connection, login.strip().lower())
    if known is None:
        raise NotFound("There is no such account.", remedy="`jingwei account list` and the page of accounts list them.")
    return known


def _area(connection: Connection, code: str) -> AreaOfAccount:
    area = accounts.area_of_code(connection, code.strip())
    if area is None:
        raise InvalidInput(
            "There is no city, township or village with the code {code!r}.",
            remedy="Use a code of your own area, such as 330381001.",
            code=code[:40],
        )
    return area


def _unit(connection: Connection, role: Role, area: AreaOfAccount, code: str | None) -> str | None:
    """Return the office an account works for: a handler's own, or that of its township; nobody else has one."""
    if role is not Role.HANDLER:
        return None
    codes = area.scope_path.strip("/").split("/")
    wanted = code or (f"town:{codes[1]}" if len(codes) > 1 else None)
    if wanted is None or not accounts.unit_exists(connection, wanted):
        if code is None:
            return None
        raise InvalidInput(
            "There is no unit {code!r}.",
            remedy="Use the code of a unit, such as fire or town:330381001.",
            code=code[:40],
        )
    return wanted


def _refuse_own(scope: Scope, login: str) -> None:
    if scope.account == login:
        raise Forbidden("Nobody changes the own role, area or state.", remedy="Ask another administrator.")


def _end_all(connection: Connection, account_id: int) -> None:
    sessions.end_sessions(connection, account_id)
    sessions.end_tokens(connection, account_id)
