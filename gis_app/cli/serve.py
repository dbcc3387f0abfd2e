"""`jingwei serve`."""

from __future__ import annotations

from dataclasses import replace

import click

from gis_app.cli.words import tell
from gis_app.services import serving
from gis_app.services.database import opened
from gis_app.settings import Settings


@click.command()
@click.option("--host", help="Address to serve on [default: JINGWEI_HOST or 127.0.0.1].")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to serve on [default: JINGWEI_PORT or 8000].")
def serve(host: str | None, port: int | None) -> None:
    """Serve the map of what is in the database, until Ctrl-C.

    Without --host only this machine can open it. `jingwei account create` makes an account to log in with.
    """
    settings = with_address(Settings.from_environment(), host, port)
    with serving.reserve_address(settings.host, settings.port) as listener, opened(settings, tell) as database:
        serving.serve(settings, database, listener, tell=click.echo)


def with_address(settings: Settings, host: str | None, port: int | None) -> Settings:
    """Return the settings with the address that the command line gives."""
    return replace(settings, host=host or settings.host, port=settings.port if port is None else port)
