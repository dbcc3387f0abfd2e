"""The group of all commands."""

from __future__ import annotations

import click

from gis_app import __version__
from gis_app.cli.lazy import LazyCommand
from gis_app.cli.words import SentenceGroup

COMMANDS = (
    LazyCommand("demo", "gis_app.cli.demo:demo", "Build the synthetic demo city and serve its map."),
    LazyCommand("serve", "gis_app.cli.serve:serve", "Serve the map of what is in the database."),
    LazyCommand("db", "gis_app.cli.database:db", "Start, stop and look at the database."),
    LazyCommand("import", "gis_app.cli.importing:import_file", "Import a file: all of its rows, or none."),
    LazyCommand("imports", "gis_app.cli.imports:imports", "List imports and undo them."),
    LazyCommand("export", "gis_app.cli.export:export", "Write files to take along."),
    LazyCommand("account", "gis_app.cli.accounts:account", "Make, change, disable and list accounts."),
    LazyCommand("audit", "gis_app.cli.audit:audit", "Verify the audit chain and read it."),
    LazyCommand("publish", "gis_app.cli.publish:publish", "Write the figures of a month, without what is too small."),
    LazyCommand("retention", "gis_app.cli.retention:retention", "Delete raw tracks after their time."),
    LazyCommand("analyse", "gis_app.cli.analyse:analyse", "Compute hotspots, density and coverage anew."),
    LazyCommand("hotspots", "gis_app.cli.hotspots:hotspots", "Score cells by the events to come, from a file."),
    LazyCommand("simulate", "gis_app.cli.simulate:simulate", "Let teams walk and send their positions to a server."),
    LazyCommand("plan", "gis_app.cli.plan:plan", "Plan patrol routes from files, without a database."),
)


@click.group(cls=SentenceGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="jingwei")
def jingwei() -> None:
    """Jingwei 经纬: hazards, patrols, hotspots and coverage on one offline map.

    `jingwei demo` builds a synthetic city and serves its map. Settings come from the environment: JINGWEI_HOME,
    JINGWEI_HOST, JINGWEI_PORT, JINGWEI_LOCALE, DATABASE_URL and others; docs/operating.md lists them.
    """


@jingwei.command()
def version() -> None:
    """Print the version."""
    click.echo(f"jingwei {__version__}")


for command in COMMANDS:
    jingwei.add_command(command)


def main() -> None:
    """Run the command line."""
    jingwei(prog_name="jingwei")
