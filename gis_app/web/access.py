"""Who may call a route. Every route says so; a test walks all routes and fails on one that does not."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from flask import current_app
from flask.typing import ResponseReturnValue

from gis_app.domain.errors import Forbidden
from gis_app.domain.rights import Right, Scope

View = Callable[..., ResponseReturnValue]


def current_scope() -> Scope:
    """Return the caller's scope: that of the settings, until accounts decide it."""
    scope: Scope = current_app.extensions["jingwei"].scope
    return scope


def requires(right: Right) -> Callable[[View], View]:
    """Let a route answer only callers who hold a right."""

    def declare(view: View) -> View:
        @wraps(view)
        def guarded(*args: object, **kwargs: object) -> ResponseReturnValue:
            if right not in current_scope().rights:
                raise Forbidden("This needs the right {right}.", right=right.value)
            return view(*args, **kwargs)

        guarded.declared_right = right.value  # type: ignore[attr-defined]
        return guarded

    return declare


def open_to_all(view: View) -> View:
    """Mark a route that shows nothing of the city: style sheets, scripts, health."""
    view.declared_right = "open"  # type: ignore[attr-defined]
    return view
