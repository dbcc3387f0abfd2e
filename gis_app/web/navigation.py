"""The row of pages above every page: one menu for each kind of work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Flask
from flask_babel import lazy_gettext

from gis_app.domain.rights import Right
from gis_app.web.pages import PAGES

_MENUS = (
    ("/", lazy_gettext("Map")),
    ("/desk", lazy_gettext("Cases")),
    ("/notices", lazy_gettext("Notices")),
    ("/patrols", lazy_gettext("Patrols")),
    ("/kpis", lazy_gettext("Insight")),
    ("/accounts", lazy_gettext("Administration")),
)
"""Each menu with its first page; the pages that follow it in ``PAGES`` up to the next one's stand in it."""
_OWN = "/account"
"""The own account is reached by its name beside the way out."""


@dataclass(frozen=True)
class Menu:
    """Some pages under one name."""

    name: Any
    entries: tuple[tuple[str, Any], ...]


def register(app: Flask) -> None:
    """Give templates the menus."""
    app.jinja_env.globals.update(menus=menus)


def menus(holds: Callable[[Right], bool]) -> list[Menu]:
    """Return the menus of whoever holds these rights; none is empty."""
    firsts = dict(_MENUS)
    gathered: list[tuple[Any, list[tuple[str, Any]]]] = []
    for place, right, words in PAGES:
        if place in firsts:
            gathered.append((firsts[place], []))
        if place != _OWN and holds(right):
            gathered[-1][1].append((place, words))
    return [Menu(name, tuple(entries)) for name, entries in gathered if entries]
