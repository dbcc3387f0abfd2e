"""`jingwei account`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from gis_app.cli.ledger import ledger_of
from gis_app.cli.words import in_words, language, tell
from gis_app.domain.rights import Role
from gis_app.services import accounts
from gis_app.services.accounts import AccountWish, Made
from gis_app.services.audit import Ledger
from gis_app.services.database import opened
from gis_app.services.formatting import moment_words
from gis_app.settings import Settings
from gis_app.storage.engine import system_scope

_ROLE = click.Choice([role.value for role in Role])
_OPERATOR = system_scope("command line")


@click.group()
def account() -> None:
    """Make, change, disable and list accounts. An account is a desk or a duty in an area, not a person."""


@account.command()
@click.argument("login")
@click.option("--role", type=_ROLE, required=True, help="What the account is for.")
@click.option("--area", required=True, help="Code of the city, township or village it works in, such as 330381001.")
@click.option("--unit", help="Office a handler works for, such as fire [default: that of its township].")
@click.option("--locale", type=click.Choice(["zh", "en"]), default="zh", show_default=True, help="Its language.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of making one.")
@click.option("--no-password", is_flag=True, help="Let the identity provider alone log it in.")
def create(
    login: str, role: str, *, area: str, unit: str | None, locale: str, password_stdin: bool, no_password: bool
) -> None:
    """Make the account LOGIN and print its password, which is asked to be changed at the first log-in.

    Example: jingwei account create anyang-desk --role dispatcher --area 330381001
    """
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else None
    wish = AccountWish(login, Role(role), area, locale, unit)
    with _ledger() as ledger:
        made = accounts.create(ledger, _OPERATOR, wish, password=password, local=not no_password)
    _show(made, is_secret=password is None)


@account.command("list")
def list_accounts() -> None:
    """List all accounts: login, role, area, state, when last seen."""
    with _ledger() as ledger:
        rows = accounts.listed(ledger.engine, _OPERATOR)
    name = "name_en" if language() == "en" else "name_zh"
    for row in rows:
        state = "active" if row["is_active"] else "disabled"
        seen = moment_words(row["last_seen_at"]) if row["last_seen_at"] else "-"
        click.echo(f"{row['login']:<24} {row['role']:<15} {row['area_code']:<14} {state:<9} {seen:<17} {row[name]}")
    if not rows:
        click.echo(in_words("There are no accounts yet. `jingwei account create` makes one."))


@account.command()
@click.argument("login")
@click.option("--role", type=_ROLE, help="Another role.")
@click.option("--area", help="Code of another area.")
def change(login: str, *, role: str | None, area: str | None) -> None:
    """Give LOGIN another role or area; its log-ins and tokens end."""
    with _ledger() as ledger:
        accounts.change(ledger, _OPERATOR, login, role=Role(role) if role else None, area_code=area)
    click.echo(in_words("The account {login} is changed.", {"login": login}))


@account.command()
@click.argument("login")
def disable(login: str) -> None:
    """Shut LOGIN out; open pages of it end within five seconds."""
    with _ledger() as ledger:
        accounts.set_active(ledger, _OPERATOR, login, is_active=False)
    click.echo(in_words("The account {login} is disabled.", {"login": login}))


@account.command()
@click.argument("login")
def enable(login: str) -> None:
    """Let LOGIN log in again."""
    with _ledger() as ledger:
        accounts.set_active(ledger, _OPERATOR, login, is_active=True)
    click.echo(in_words("The account {login} is enabled.", {"login": login}))


@account.command()
@click.argument("login")
def password(login: str) -> None:
    """Give LOGIN a new password and print it; its log-ins and tokens end."""
    with _ledger() as ledger:
        made = accounts.reset_password(ledger, _OPERATOR, login)
    _show(made, is_secret=True)


@account.command()
@click.argument("login")
def unbind(login: str) -> None:
    """Part LOGIN from its identity at the provider; its log-ins end, the next identity of its name is bound to it."""
    with _ledger() as ledger:
        accounts.unbind(ledger, _OPERATOR, login)
    click.echo(in_words("The account {login} is bound to no identity any more.", {"login": login}))


def _show(made: Made, *, is_secret: bool) -> None:
    click.echo(f"{made.login}  {made.role}  {made.area_code}")
    if made.password is None:
        click.echo(in_words("It has no password: the identity provider logs it in."))
    elif is_secret:
        click.echo(in_words("Password, shown this once: {password}", {"password": made.password}))


@contextmanager
def _ledger() -> Iterator[Ledger]:
    settings = Settings.from_environment()
    with opened(settings, tell) as database:
        yield ledger_of(settings, database)
