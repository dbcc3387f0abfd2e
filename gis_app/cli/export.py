"""`jingwei export`."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import click

from gis_app import paths
from gis_app.cli.ledger import ledger_of
from gis_app.cli.words import in_words, language, tell
from gis_app.domain.errors import InvalidInput
from gis_app.domain.periods import TimeWindow
from gis_app.domain.rights import Right, Scope
from gis_app.exporters.formats import EXPORTERS
from gis_app.rendering.layer_spec import load_layers
from gis_app.services.database import opened
from gis_app.services.feature_collections import Catalogue, Wish
from gis_app.services.layer_exports import ExportWish, export_layer
from gis_app.services.maps import export_map
from gis_app.settings import Settings
from gis_app.storage.cql2 import read_text
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


@export.command("layer")
@click.argument("layer")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--format", "format_name", type=click.Choice(list(EXPORTERS)), help="Format [default: by FILE's suffix].")
@click.option("--crs", default="wgs84", show_default=True, help="wgs84, cgcs2000, gcj02, bd09 or EPSG:n.")
@click.option("--filter", "cql", help="A CQL2 filter, such as \"severity = 'severe'\".")
def export_layer_file(layer: str, file: Path, *, format_name: str | None, crs: str, cql: str | None) -> None:
    """Write all of LAYER to FILE, or what a filter finds in it.

    Layers of things that can be imported have the importer's columns: what is written can be imported again.

    Example: jingwei export layer hazards hazards.gpkg --crs EPSG:4549
    """
    settings = Settings.from_environment()
    scope = Scope("command line", EVERYTHING, frozenset(Right))
    layers = {each.id: each for each in load_layers(paths.layers())}
    question = Wish(limit=1, filter=read_text(cql)) if cql else None
    wish = ExportWish(format_name or _format_of(file), crs, question)
    with opened(settings, tell) as database:
        catalogue = Catalogue(database.app, layers)
        found = catalogue.layer(scope, layer)
        count = export_layer(ledger_of(settings, database), catalogue, scope, found, wish=wish, path=file)
    click.echo(in_words("{file}: {count} rows written.", {"file": file, "count": count}))


def _format_of(file: Path) -> str:
    by_suffix = {form.suffix: name for name, form in EXPORTERS.items()}
    return by_suffix.get(file.suffix.lower(), file.suffix or "?")


def _window(first_day: datetime | None, last_day: datetime | None) -> TimeWindow | None:
    if first_day is None and last_day is None:
        return None
    if first_day is None or last_day is None:
        raise InvalidInput("Only one end of the time window is given.", remedy="Give both --from and --to.")
    return TimeWindow(first_day.date(), last_day.date())


def _day(moment: datetime | None) -> date | None:
    return None if moment is None else moment.date()
