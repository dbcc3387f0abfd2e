"""`jingwei import`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from gis_app.cli.words import in_words, tell
from gis_app.importers.formats import IMPORTERS
from gis_app.importers.kinds import ImportKind
from gis_app.services.database import opened
from gis_app.services.imports import FileToImport, import_into
from gis_app.settings import Settings


@click.command("import")
@click.argument("kind", type=click.Choice([kind.value for kind in ImportKind]))
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--datum", help="Datum of the coordinates: wgs84, cgcs2000, gcj02, bd09 or EPSG:n. Never guessed.")
@click.option(
    "--format", "file_format", type=click.Choice(list(IMPORTERS)), help="Format of FILE [default: by its suffix]."
)
def import_file(kind: str, file: Path, *, datum: str | None, file_format: str | None) -> None:
    """Import FILE with rows of a KIND: all of them, or none and a table of what is wrong.

    Importing the same file again changes nothing. docs/import.md describes columns, datums and formats.

    Example: jingwei import hazards hazards.csv --datum gcj02
    """
    settings = Settings.from_environment()
    wanted = FileToImport(file, ImportKind(kind), datum=datum, file_format=file_format)
    with opened(settings, tell) as database:
        outcome = import_into(database.app, wanted, now=datetime.now(UTC), srid=settings.metric_srid)
    for note in outcome.notes:
        click.echo(in_words(note.template, note.params))
    click.echo(in_words(outcome.template, outcome.params))
