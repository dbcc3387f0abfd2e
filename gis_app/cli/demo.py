"""`jingwei demo`."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime

import click

from gis_app.cli.ledger import ledger_of
from gis_app.cli.progress import StageProgress
from gis_app.cli.serve import with_address
from gis_app.cli.words import in_words, language, tell
from gis_app.demo_city.build import CitySize
from gis_app.domain.periods import CITY_TIME
from gis_app.services import demo_accounts, serving
from gis_app.services.database import opened
from gis_app.services.demo import build_demo
from gis_app.services.demo_accounts import DemoAccount
from gis_app.settings import Settings

DEFAULT_SEED = 330381


@click.command()
@click.option(
    "--size",
    type=click.Choice([size.value for size in CitySize]),
    default=CitySize.FULL.value,
    show_default=True,
    help="The whole city, or three towns of it for a quick look.",
)
@click.option(
    "--seed", type=click.IntRange(0), default=DEFAULT_SEED, show_default=True, help="Another seed, another city."
)
@click.option("--serve/--no-serve", "is_served", default=True, help="Serve the map once it is built (default), or end.")
@click.option("--host", help="Address to serve on [default: JINGWEI_HOST or 127.0.0.1].")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to serve on [default: JINGWEI_PORT or 8000].")
@click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The city's present day; the same day and seed give the same city [default: now].",
)
def demo(size: str, seed: int, *, is_served: bool, host: str | None, port: int | None, as_of: datetime | None) -> None:
    """Build the synthetic demo city, unless it is there, and serve its map.

    The city is the same for the same seed. It is never built into a database that holds real data; an interrupted
    build is begun anew.
    """
    settings = with_address(Settings.from_environment(), host, port)
    with ExitStack() as stack:
        # Taken before the long build, so that a taken port is known at once.
        listener = stack.enter_context(serving.reserve_address(settings.host, settings.port)) if is_served else None
        database = stack.enter_context(opened(settings, tell))
        was_built = build_demo(
            database.app,
            database.owner,
            size=CitySize(size),
            seed=seed,
            now=_present(as_of),
            progress=StageProgress(),
            tell=tell,
        )
        tell("The demo city is ready." if was_built else "The demo city was there already.")
        settings.home.mkdir(parents=True, exist_ok=True)
        _tell_accounts(demo_accounts.ensure(ledger_of(settings, database), settings.home))
        if listener is not None:
            serving.serve(settings, database, listener, tell=click.echo)


def _tell_accounts(accounts: list[DemoAccount]) -> None:
    """Print the log-ins: the passwords were made for this machine, and no other has them."""
    click.echo(in_words("Log in with one of these:"))
    words = language()
    for account in accounts:
        made, area = account.made, account.area_en if words == "en" else account.area_zh
        click.echo(f"  {made.login:<12} {made.password}   {made.role:<15} {area}")


def _present(as_of: datetime | None) -> datetime:
    """Return the end of a day in the city, or this hour: within an hour the same city is built."""
    if as_of is None:
        return datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    return as_of.replace(hour=23, tzinfo=CITY_TIME).astimezone(UTC)
