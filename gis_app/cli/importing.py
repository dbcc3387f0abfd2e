"""`jingwei import`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from gis_app.cli.ledger import ledger_of
from gis_app.cli.words import in_words, tell
from gis_app.domain.errors import InvalidInput
from gis_app.importers.formats import IMPORTERS
from gis_app.importers.kinds import ImportKind
from gis_app.importers.mapping import ColumnMapping, require_usable
from gis_app.services import direct_import
from gis_app.services.audit import Ledger
from gis_app.services.database import opened
from gis_app.services.direct_import import DirectImport
from gis_app.services.imports import FileToImport
from gis_app.settings import Settings

_FINDINGS = (
    ("ended", "Areas that end, for the file does not bring them: {count}."),
    ("without_grid", "Hazards in no grid: {count}."),
    ("doubles", "Perhaps the same hazard twice (category, day, within 50 m): {count}."),
    ("faults", "Overlaps, gaps and slivers of boundaries: {count}."),
    ("changes", "Areas whose boundary changes: {count}."),
)


@click.command("import")
@click.argument("kind", type=click.Choice([kind.value for kind in ImportKind]))
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--datum", help="Datum of the coordinates: wgs84, cgcs2000, gcj02, bd09 or EPSG:n. Never guessed.")
@click.option(
    "--format", "file_format", type=click.Choice(list(IMPORTERS)), help="Format of FILE [default: by its suffix]."
)
@click.option("--map", "columns", multiple=True, metavar="HEADER=FIELD", help="What a column stands for; repeatable.")
@click.option("--profile", default="", help="Columns and datum of a source, kept under this name.")
@click.option("--save-profile", default="", metavar="NAME", help="Keep columns and datum under this name.")
@click.option("--whole", is_flag=True, help="Villages, grids: what FILE does not bring of the areas above it ends.")
@click.option("--dry-run", is_flag=True, help="Check only; say what would change, and change nothing.")
@click.option(
    "--refused",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Leave out rows that cannot be used, and write them here with the reasons, as CSV.",
)
def import_file(kind: str, file: Path, *, dry_run: bool, refused: Path | None, save_profile: str, **given: Any) -> None:
    """Import FILE with rows of a KIND: all of them, or none and a table of what is wrong.

    Importing the same file again changes nothing; `jingwei imports undo` takes an import back. docs/import.md describes
    columns, datums and formats.

    Example: jingwei import hazards hazards.csv --datum gcj02
    """
    settings = Settings.from_environment()
    with opened(settings, tell) as database:
        ledger = ledger_of(settings, database)
        wanted = _wanted(ledger, file, ImportKind(kind), leaves_out_refused=refused is not None, **given)
        if dry_run:
            done = direct_import.check_directly(ledger, wanted, srid=settings.metric_srid)
        else:
            done = direct_import.import_directly(ledger, wanted, srid=settings.metric_srid, profile=save_profile)
        _say(done)
        if refused is not None and direct_import.write_refused(refused, wanted, done, in_words):
            count = len(done.outcome.refused_rows)
            click.echo(in_words("{count} refused rows are in {file}.", {"count": count, "file": refused}))


def _wanted(
    ledger: Ledger,
    file: Path,
    kind: ImportKind,
    *,
    datum: str | None,
    file_format: str | None,
    columns: tuple[str, ...],
    profile: str,
    whole: bool,
    leaves_out_refused: bool,
) -> FileToImport:
    mapping = _mapping(columns, kind)
    if profile:
        known = direct_import.profile_of(ledger, kind, profile)["settings"]
        mapping = mapping or ColumnMapping(known.get("columns") or {}, known.get("constants") or {})
        datum, file_format = datum or known.get("datum") or None, file_format or known.get("file_format") or None
    return FileToImport(
        file,
        kind,
        datum=datum,
        file_format=file_format,
        mapping=mapping,
        is_whole=whole,
        leaves_out_refused=leaves_out_refused,
    )


def _mapping(columns: tuple[str, ...], kind: ImportKind) -> ColumnMapping | None:
    if not columns:
        return None
    pairs = [each.rpartition("=") for each in columns]
    if any(not (header and field) for header, _, field in pairs):
        raise InvalidInput("--map needs a header and a field.", remedy="Write --map 经度坐标=lon.")
    mapping = ColumnMapping({header: field for header, _, field in pairs})
    require_usable(mapping, kind)
    return mapping


def _say(done: DirectImport) -> None:
    for note in done.outcome.notes:
        click.echo(in_words(note.template, note.params))
    click.echo(in_words(done.outcome.template, done.outcome.params))
    if done.report is None:
        return
    for note in done.report["notes"][len(done.outcome.notes) :]:
        click.echo(in_words(note["template"], note["params"]))
    for problem in done.outcome.refused[:50]:
        said = in_words(problem.problem_template, problem.params), in_words(problem.remedy_template, problem.params)
        click.echo(f"{in_words('Row')} {problem.row}, {problem.field}: {' '.join(said)}")
    boundaries = done.report["boundaries"] or {"faults": [], "changes": []}
    counts = {
        "ended": done.report["ended"],
        "without_grid": done.report["without_grid"]["count"],
        "doubles": len(done.report["doubles"]),
        "faults": len(boundaries["faults"]),
        "changes": len(boundaries["changes"]),
    }
    for name, template in _FINDINGS:
        if counts[name]:
            click.echo(in_words(template, {"count": counts[name]}))
    click.echo(in_words("This was a check: nothing was changed."))
