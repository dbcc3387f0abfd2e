"""The group of all commands."""

from __future__ import annotations

import click

from gis_app import __version__
from gis_app.cli.analyse import analyse
from gis_app.cli.database import db
from gis_app.cli.demo import demo
from gis_app.cli.export import export
from gis_app.cli.importing import import_file
from gis_app.cli.serve import serve
from gis_app.cli.words import SentenceGroup


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


for command in (demo, serve, db, import_file, export, analyse):
    jingwei.add_command(command)


def main() -> None:
    """Run the command line."""
    jingwei(prog_name="jingwei")
