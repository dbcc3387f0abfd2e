"""`jingwei imports`."""

from __future__ import annotations

import click

from gis_app.cli.ledger import ledger_of
from gis_app.cli.words import SentenceGroup, in_words, tell
from gis_app.services import direct_import
from gis_app.services.database import opened
from gis_app.services.formatting import moment_words
from gis_app.settings import Settings


@click.group(cls=SentenceGroup)
def imports() -> None:
    """List imports and undo them."""


@imports.command("list")
@click.option("--most", type=click.IntRange(1, 10_000), default=20, show_default=True, help="How many, newest first.")
def list_imports(most: int) -> None:
    """List imports: id, when, state, kind, rows new, changed and refused, who, file and its hash."""
    settings = Settings.from_environment()
    with opened(settings, tell) as database:
        rows = direct_import.history(ledger_of(settings, database), most=most)
    for row in rows:
        counts = " ".join(
            f"{sign}{row['report'].get(name, 0)}"
            for sign, name in zip("+~!", ("added", "changed", "refused"), strict=True)
        )
        facts = (str(row["id"])[:8], moment_words(row["created_at"]), row["state"], row["kind"], counts, row["account"])
        click.echo("  ".join([*facts, row["file_name"], row["file_sha256"][:12]]))


@imports.command()
@click.argument("import_id")
def undo(import_id: str) -> None:
    """Undo the import whose id begins with IMPORT_ID, as long as nothing later depends on it."""
    settings = Settings.from_environment()
    with opened(settings, tell) as database:
        counts = direct_import.undo_directly(ledger_of(settings, database), import_id)
    click.echo(in_words("Undone: {added} rows removed, {changed} put back as they were.", counts))
