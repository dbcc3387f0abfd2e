"""`jingwei publish`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from gis_app.cli.words import in_words, language, tell
from gis_app.services.database import opened
from gis_app.services.published import Published, as_csv, first_day_of
from gis_app.settings import Settings


@click.command()
@click.argument("month")
@click.option(
    "--out",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write [default: standard output].",
)
@click.option("--lang", type=click.Choice(["zh", "en"]), help="Language of the names [default: the terminal's].")
def publish(month: str, *, path: Path | None, lang: str | None) -> None:
    """Write the hazards found in MONTH by township and category as CSV; counts below 5 are hidden.

    Example: jingwei publish 2026-10 --out counts.csv
    """
    first_day_of(month)
    heads = (in_words("Code"), in_words("Township"), in_words("Total"))
    with opened(Settings.from_environment(), tell) as database:
        figures = Published(database.app, lambda: datetime.now(UTC)).month(month)
    if figures.table is None:
        tell(in_words("No hazards are known of this month."))
        return
    written = as_csv(figures, locale=lang or language(), heads=heads)
    if path is None:
        click.echo(written, nl=False)
        return
    # Rows end as the format says, on every system.
    path.write_text(written, encoding="utf-8", newline="")
    click.echo(path)
