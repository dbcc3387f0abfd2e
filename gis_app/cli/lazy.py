"""Commands whose modules are imported when they are called, so that `--help` need not wait for the analyses."""

from __future__ import annotations

import importlib
from typing import Any

import click


class LazyCommand(click.Command):
    """Stands in the list of commands for one in a module that is not imported yet.

    Parameters
    ----------
    name
        What is typed.
    place
        Module and attribute of the command, as ``gis_app.cli.demo:demo``.
    short_help
        Its line in the list of commands.
    """

    def __init__(self, name: str, place: str, short_help: str) -> None:
        super().__init__(name, short_help=short_help)
        self._place = place

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Import the command and return a context of its own, with which the group goes on."""
        module, _, attribute = self._place.partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command.make_context(info_name, args, parent=parent, **extra)
