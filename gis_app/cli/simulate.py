"""`jingwei simulate`."""

from __future__ import annotations

import click

from gis_app.cli.words import in_words, tell
from gis_app.services.database import opened
from gis_app.services.patrol_simulation import SimulationWish
from gis_app.services.patrol_simulation import simulate as walk_teams
from gis_app.settings import Settings
from gis_app.storage.engine import system_scope


@click.group()
def simulate() -> None:
    """Act as if something happened in the city, for demonstrations and load."""


@simulate.command()
@click.option("--url", default="http://127.0.0.1:8000", show_default=True, help="Address of the server.")
@click.option("--token", envvar="JINGWEI_TOKEN", prompt=True, hide_input=True, help="Token that may send positions.")
@click.option("--teams", default=20, show_default=True, type=click.IntRange(1, 2000), help="How many teams walk.")
@click.option("--minutes", default=30.0, show_default=True, type=click.FloatRange(0.1, 720), help="How long they walk.")
@click.option("--every", default=10.0, show_default=True, type=click.FloatRange(1, 110), help="Seconds between fixes.")
@click.option(
    "--rate",
    default=1.0,
    show_default=True,
    type=click.FloatRange(0, 20),
    help="How many times as fast; 0 sends all at once.",
)
@click.option("--seed", default=330381, show_default=True, help="Another seed, other ways.")
def patrols(url: str, token: str, *, teams: int, minutes: float, every: float, rate: float, seed: int) -> None:
    """Let teams walk the streets at random and send their positions to a running server, over HTTP.

    The streets and teams are those of the local database.

    Example: jingwei simulate patrols --teams 50 --minutes 10
    """
    settings = Settings.from_environment()
    wish = SimulationWish(url, token, teams, minutes, every, rate)
    with opened(settings, tell) as database:
        done = walk_teams(database.app, system_scope(), wish, srid=settings.metric_srid, seed=seed)
    facts = {
        "fixes": done.fix_count,
        "stored": done.stored_count,
        "seconds": f"{done.whole_s:.1f}",
        "median": f"{1000 * done.median_s:.0f}",
        "slow": f"{1000 * done.quantile_s(0.95):.0f}",
    }
    click.echo(
        in_words(
            "{fixes} positions sent, {stored} of them new, in {seconds} s; a request took {median} ms, 95 % {slow} ms.",
            facts,
        )
    )
