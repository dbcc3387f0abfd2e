"""`jingwei retention`."""

from __future__ import annotations

import click

from gis_app.cli.ledger import ledger_of
from gis_app.cli.words import in_words, tell
from gis_app.services import retention as tracks
from gis_app.services.database import opened
from gis_app.settings import Settings


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
def retention(*, dry_run: bool) -> None:
    """Delete raw tracks older than JINGWEI_TRACK_DAYS; lengths, counts and coverage stay.

    A running server does it by itself once a day.
    """
    settings = Settings.from_environment()
    tracks.checked_days(settings.track_days)
    with opened(settings, tell) as database:
        ledger = ledger_of(settings, database)
        first_night = tracks.limit_of(ledger.now(), days=settings.track_days).first_night
        if dry_run:
            template = "To go: {fixes} fixes and {lines} lines of nights before {night}."
            count = tracks.due(ledger, days=settings.track_days)
        else:
            template = "Gone: {fixes} fixes and {lines} lines of nights before {night}."
            count = tracks.forget(ledger, days=settings.track_days, srid=settings.metric_srid, account="command line")
    facts = {"fixes": count.fix_count, "lines": count.line_count, "night": first_night}
    click.echo(in_words(template, facts))
