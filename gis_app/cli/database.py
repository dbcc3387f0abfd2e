"""`jingwei db`: the embedded database, and the tables of whichever database is used."""

from __future__ import annotations

import click

from gis_app.cli.words import tell
from gis_app.domain.errors import InvalidInput
from gis_app.services.database import database_facts, open_database, opened, stop_embedded
from gis_app.settings import Settings


@click.group()
def db() -> None:
    """Start, stop and look at the database."""


@db.command()
def start() -> None:
    """Start the embedded database and leave it running."""
    settings = _embedded_settings()
    database = open_database(settings, tell)
    database.disconnect()
    click.echo(f"The database in {settings.home} is {'running now' if database.was_started else 'running already'}.")


@db.command()
def stop() -> None:
    """Stop the embedded database; whoever uses it is disconnected."""
    settings = _embedded_settings()
    was_running = stop_embedded(settings, tell)
    click.echo(f"The database in {settings.home} {'is stopped.' if was_running else 'was not running.'}")


@db.command()
def status() -> None:
    """Say whether the database runs and what is in it; exit code 1 if it does not run."""
    facts = database_facts(Settings.from_environment())
    if facts is None:
        click.echo("The database is not running.")
        click.get_current_context().exit(1)
    for name, value in facts.items():
        click.echo(f"{name:12} {value}")


@db.command()
def migrate() -> None:
    """Bring the tables to the revision of this program; every start does."""
    with opened(Settings.from_environment(), tell):
        click.echo("The tables are up to date.")


def _embedded_settings() -> Settings:
    settings = Settings.from_environment()
    if settings.database_url:
        raise InvalidInput(
            "DATABASE_URL names a database of your own, which Jingwei does not start or stop.",
            remedy="Start and stop it yourself, or unset DATABASE_URL.",
        )
    return settings
