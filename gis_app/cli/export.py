"""`jingwei export`."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import click

from gis_app.cli.words import language, tell
from gis_app.domain.errors import InvalidInput
from gis_app.domain.periods import TimeWindow
from gis_app.domain.rights import Right, Scope
from gis_app.services.database import opened
from gis_app.services.maps import export_map
from gis_app.settings import Settings
from gis_app.storage.engine import EVERYTHING

DEFAULT_LAYERS = "townships,villages,hazards,hotspots_lattice,coverage,streets,water,land"
_DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def export() -> None:
    """Write files to take along."""


@export.command("map")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--layers", default=DEFAULT_LAYERS, show_default=True, help="Names of layers, between commas.")
@click.option("--from", "first_day", type=_DAY, help="First day of hazards, as 2026-10-25; needs --to.")
@click.option("--to", "last_day", type=_DAY, help="Last day of hazards [default: 30 days up to the newest].")
@click.option("--night", type=_DAY, help="Night of patrols and coverage [default: the newest].")
@click.option("--lang", type=click.Choice(["zh", "en"]), help="Language of the map [default: the terminal's].")
def export_map_file(
    file: Path,
    *,
    layers: str,
    first_day: datetime | None,
    last_day: datetime | None,
    night: datetime | None,
    lang: str | None,
) -> None:
    """Write a map of some layers to FILE: one page that opens offline, from disk.

    Example: jingwei export map --layers villages,hazards out.html
    """
    window = _window(first_day, last_day)
    settings = Settings.from_environment()
    scope = Scope("command line", EVERYTHING, frozenset(Right))
    with opened(settings, tell) as database:
        written = export_map(
            database.app,
            scope,
            layer_ids=[layer.strip() for layer in layers.split(",") if layer.strip()],
            path=file,
            window=window,
            night=_day(night),
            locale=lang or language(),
        )
    click.echo(f"{written} ({written.stat().st_size / 1e6:.1f} MB)")


def _window(first_day: datetime | None, last_day: datetime | None) -> TimeWindow | None:
    if first_day is None and last_day is None:
        return None
    if first_day is None or last_day is None:
        raise InvalidInput("Only one end of the time window is given.", remedy="Give both --from and --to.")
    return TimeWindow(first_day.date(), last_day.date())


def _day(moment: datetime | None) -> date | None:
    return None if moment is None else moment.date()
