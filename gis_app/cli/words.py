"""What commands say: errors as a sentence and a remedy, in the reader's language, on standard error."""

from __future__ import annotations

import gettext as catalogues
import os
import traceback
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import click
from sqlalchemy.exc import DBAPIError

from gis_app.domain.errors import JingweiError, Unavailable
from gis_app.importers.problems import ImportRefused

LOCALES = ("zh", "en")
SHOWN_PROBLEMS = 50
"""More rows than a person mends before importing again only hide the first ones."""
_TRANSLATIONS = Path(__file__).resolve().parents[1] / "web" / "translations"


def language(environment: Mapping[str, str] = os.environ) -> str:
    """Return zh or en: what JINGWEI_LOCALE says, else the terminal's own language, else en."""
    chosen = environment.get("JINGWEI_LOCALE", "")
    if chosen in LOCALES:
        return chosen
    terminal = environment.get("LC_ALL") or environment.get("LC_MESSAGES") or environment.get("LANG") or ""
    return "zh" if terminal.startswith("zh") else "en"


@cache
def _catalogue(locale: str) -> catalogues.NullTranslations:
    return catalogues.translation("messages", localedir=_TRANSLATIONS, languages=[locale], fallback=True)


def in_words(template: str, params: Mapping[str, Any] | None = None) -> str:
    """Return a sentence in the reader's language, its fields filled in."""
    # The empty text is the key of a catalogue's own header.
    translated = _catalogue(language()).gettext(template) if template else ""
    return translated.format(**(params or {}))


def tell(message: str) -> None:
    """Say something of the way; results go to standard output, this to standard error."""
    click.echo(message, err=True)


def say_error(error: JingweiError) -> None:
    """Print what is wrong and the remedy, and for a refused file a table of its bad rows."""
    click.echo(f"{in_words('Error')}: {in_words(error.template, error.params)}", err=True)
    if isinstance(error, ImportRefused):
        _say_problems(error)
    if error.remedy_template:
        click.echo(f"{in_words('Remedy')}: {in_words(error.remedy_template, error.params)}", err=True)


def _say_problems(error: ImportRefused) -> None:
    heads = tuple(in_words(word) for word in ("Row", "Field", "Problem", "Remedy"))
    rows = [
        (
            str(problem.row),
            problem.field,
            in_words(problem.problem_template, problem.params),
            in_words(problem.remedy_template, problem.params),
        )
        for problem in error.problems[:SHOWN_PROBLEMS]
    ]
    widths = [max(len(row[column]) for row in (heads, *rows)) for column in range(3)]
    for row in (heads, *rows):
        click.echo(
            "  ".join([*(text.ljust(width) for text, width in zip(row, widths, strict=False)), row[3]]), err=True
        )
    further_count = len(error.problems) - len(rows) + error.further_count
    if further_count:
        click.echo(in_words("... and {count} more.", {"count": further_count}), err=True)


class SentenceGroup(click.Group):
    """A group of commands whose errors are sentences, never a stack trace."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; an error meant for the user ends it with code 1."""
        try:
            return super().invoke(ctx)
        except JingweiError as error:
            say_error(error)
        except DBAPIError as error:
            say_error(_database_error(error))
        except OSError as error:
            say_error(_system_error(error))
        ctx.exit(1)


def _database_error(error: DBAPIError) -> JingweiError:
    reason = str(error.orig).strip().splitlines() or [type(error.orig).__name__]
    return Unavailable(
        "The database refused: {reason}", remedy="Mend what it says and run the command again.", reason=reason[0]
    )


def _system_error(error: OSError) -> JingweiError:
    if error.errno is None:
        reason = traceback.format_exception_only(error)[-1].strip()
        return Unavailable("The system refused: {reason}", remedy="", reason=reason)
    return Unavailable(
        "The system refused: {file} {reason}",
        remedy="Check the path, its permissions and the space on the disk.",
        file=error.filename or "",
        reason=error.strerror,
    )
