"""Accounts in the database; row-level security keeps each caller to the accounts of the own area."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, text

from gis_app.domain.rights import Role

_COLUMNS = """
SELECT c.id, c.login, c.role, c.unit_code, c.scope_path, c.locale, c.is_active, c.must_change_password, c.created_at,
       c.password_hash IS NOT NULL AS has_password, c.oidc_subject IS NOT NULL AS is_bound,
       a.code AS area_code, a.level AS area_level, a.name_zh, a.name_en
FROM account c JOIN area a ON a.id = c.area_id"""
_ALL = text(f"{_COLUMNS} ORDER BY c.login")
_ONE = text(f"{_COLUMNS} WHERE c.login = :login")
# The newest version of an area: an account goes on when a boundary is redrawn.
_AREA = text("""
SELECT id, code, level, scope_path, name_zh, name_en FROM area
WHERE code = :code AND level IN ('city', 'township', 'village') AND valid_to IS NULL""")
_ADD = text("""
INSERT INTO account (login, role, area_id, scope_path, locale, password_hash, must_change_password, unit_code)
VALUES (:login, :role, :area_id, :scope_path, :locale, :password_hash, :must_change_password, :unit_code)
ON CONFLICT (login) DO NOTHING RETURNING id""")
_SECRET = text("""
SELECT id, login, role, scope_path, password_hash, is_active, must_change_password FROM account
WHERE login = :login""")
_ANY = text("SELECT EXISTS (SELECT FROM account)")
_CITY_AREA = text("SELECT code FROM area WHERE level = 'city' AND valid_to IS NULL ORDER BY code LIMIT 1")


@dataclass(frozen=True)
class AreaOfAccount:
    """The area an account works in."""

    id: int
    code: str
    level: str
    scope_path: str
    name_zh: str
    name_en: str | None


@dataclass(frozen=True)
class NewAccount:
    """What is stored of a new account; without a hash it logs in through the identity provider alone."""

    login: str
    role: Role
    area: AreaOfAccount
    locale: str
    password_hash: str | None
    must_change_password: bool
    unit_code: str | None


def all_accounts(connection: Connection) -> Sequence[RowMapping]:
    """Return the accounts of the caller's area by login, with the area's code, level and names."""
    return connection.execute(_ALL).mappings().all()


def account(connection: Connection, login: str) -> RowMapping | None:
    """Return one account, None if there is none in the caller's area."""
    return connection.execute(_ONE, {"login": login}).mappings().first()


def account_with_secret(connection: Connection, login: str) -> RowMapping | None:
    """Return what a log-in is checked against."""
    return connection.execute(_SECRET, {"login": login}).mappings().first()


def area_of_code(connection: Connection, code: str) -> AreaOfAccount | None:
    """Return a city, township or village of the caller's area that is valid now."""
    row = connection.execute(_AREA, {"code": code}).mappings().first()
    return None if row is None else AreaOfAccount(**row)


def areas_of_accounts(connection: Connection) -> Sequence[RowMapping]:
    """Return code, level and names of the cities, townships and villages of the caller's area, by code."""
    query = text("""
    SELECT code, level, name_zh, name_en FROM area
    WHERE level IN ('city', 'township', 'village') AND valid_to IS NULL ORDER BY scope_path""")
    return connection.execute(query).mappings().all()


def city_code(connection: Connection) -> str | None:
    """Return the code of the city, None before one was loaded."""
    code: str | None = connection.execute(_CITY_AREA).scalar_one_or_none()
    return code


def has_accounts(connection: Connection) -> bool:
    """Return whether the caller's area has any account."""
    return bool(connection.execute(_ANY).scalar_one())


def add_account(connection: Connection, new: NewAccount) -> int | None:
    """Store an account and return its id; None if the login is taken, wherever that is."""
    values = {
        "login": new.login,
        "role": new.role.value,
        "area_id": new.area.id,
        "scope_path": new.area.scope_path,
        "locale": new.locale,
        "password_hash": new.password_hash,
        "must_change_password": new.must_change_password,
        "unit_code": new.unit_code,
    }
    added: int | None = connection.execute(_ADD, values).scalar_one_or_none()
    return added


def set_password(connection: Connection, account_id: int, password_hash: str, *, must_change: bool) -> None:
    """Store a new password's hash."""
    statement = text("UPDATE account SET password_hash = :hash, must_change_password = :must WHERE id = :id")
    connection.execute(statement, {"id": account_id, "hash": password_hash, "must": must_change})


def set_active(connection: Connection, account_id: int, *, is_active: bool) -> None:
    """Let an account log in, or no more."""
    connection.execute(
        text("UPDATE account SET is_active = :active WHERE id = :id"), {"id": account_id, "active": is_active}
    )


def set_duty(
    connection: Connection, account_id: int, role: Role, *, area: AreaOfAccount, unit_code: str | None
) -> None:
    """Give an account another role, area and unit; both the old and the new area must be the caller's."""
    statement = text("""
    UPDATE account SET role = :role, area_id = :area, scope_path = :path, unit_code = :unit WHERE id = :id""")
    values = {"id": account_id, "role": role.value, "area": area.id, "path": area.scope_path, "unit": unit_code}
    connection.execute(statement, values)


def unit_exists(connection: Connection, code: str) -> bool:
    """Return whether there is a unit of this code that still works."""
    query = text("SELECT EXISTS (SELECT FROM unit WHERE code = :code AND is_active)")
    return bool(connection.execute(query, {"code": code}).scalar_one())


def login_of_subject(connection: Connection, subject: str) -> str | None:
    """Return the login of the account bound to an identity provider's subject."""
    query = text("SELECT login FROM account WHERE oidc_subject = :subject")
    login: str | None = connection.execute(query, {"subject": subject}).scalar_one_or_none()
    return login


def unbind(connection: Connection, account_id: int) -> None:
    """Part an account from its identity."""
    connection.execute(text("UPDATE account SET oidc_subject = NULL WHERE id = :id"), {"id": account_id})


def bind_subject(connection: Connection, login: str, subject: str) -> bool:
    """Bind an account to an identity provider's subject at its first log-in there; whether that was possible."""
    statement = text("UPDATE account SET oidc_subject = :subject WHERE login = :login AND oidc_subject IS NULL")
    return bool(connection.execute(statement, {"login": login, "subject": subject}).rowcount)


def last_seen(connection: Connection) -> dict[int, datetime]:
    """Return when each account of the caller's area was last seen, by id."""
    query = text("SELECT account_id, max(last_seen_at) FROM account_session GROUP BY account_id")
    return {row[0]: row[1] for row in connection.execute(query)}
