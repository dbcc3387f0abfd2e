"""`jingwei audit`."""

from __future__ import annotations

import json

import click

from gis_app.cli.ledger import ledger_of
from gis_app.cli.words import in_words, tell
from gis_app.domain.audit_chain import SENTENCES
from gis_app.services import audit as trail
from gis_app.services.database import opened
from gis_app.services.formatting import moment_words
from gis_app.settings import Settings
from gis_app.storage.engine import system_scope

SHOWN_FAULTS = 50
_NEWEST = 2**62


@click.group()
def audit() -> None:
    """Verify the audit chain and read it."""


@audit.command()
def verify() -> None:
    """Check every entry against the one before it, and against the heads written outside the database.

    Exit code 1 if an entry was changed, removed, reordered or added, or the end was cut off.
    """
    settings = Settings.from_environment()
    with opened(settings, tell) as database:
        report = trail.verify(ledger_of(settings, database))
    facts = {"entries": report.entry_count, "heads": report.head_count, "file": settings.heads_file}
    click.echo(in_words("{entries} entries, {heads} heads in {file}.", facts))
    if not report.faults:
        click.echo(in_words("The audit is whole."))
        return
    for fault in report.faults[:SHOWN_FAULTS]:
        click.echo(in_words(SENTENCES[fault.kind], {"sequence": fault.sequence}), err=True)
    click.echo(in_words("The audit was tampered with: {count} faults.", {"count": len(report.faults)}), err=True)
    click.get_current_context().exit(1)


@audit.command("list")
@click.option("--account", default="", help="Entries of one login.")
@click.option("--action", default="", help="Entries of one action, such as account.disable.")
@click.option("--most", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many, the newest.")
def list_entries(*, account: str, action: str, most: int) -> None:
    """Print the newest entries."""
    with opened(Settings.from_environment(), tell) as database:
        entries = trail.newest(database.app, system_scope(), before=_NEWEST, account=account, action=action, most=most)
    for entry in reversed(entries):
        detail = json.dumps(entry["detail"], ensure_ascii=False) if entry["detail"] else ""
        line = f"{entry['sequence']:>8} {moment_words(entry['at'])} {entry['account']:<16} {entry['action']:<24}"
        click.echo(f"{line} {entry['subject']} {detail}".rstrip())
    if not entries:
        click.echo(in_words("No entries."))
