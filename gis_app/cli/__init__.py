"""The command `jingwei`: parses, makes one call of a service, says what came of it."""

from gis_app.cli.commands import main

__all__ = ["main"]
