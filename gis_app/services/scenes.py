"""Saved scenes of the map: what operators come back to, share, and let the walls of their area show in turn."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping

from gis_app.domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from gis_app.domain.rights import Right, Scope
from gis_app.services.audit import Ledger, Writing
from gis_app.storage import accounts, scenes
from gis_app.storage.engine import scoped

MOST_SCENES = 200
"""Of one area."""


@dataclass(frozen=True)
class SceneWish:
    """What a scene is to be.

    Parameters
    ----------
    name
        For people, one of its kind in the area.
    view
        What the map shows, as the page wrote it: layers, place, time (see ``docs/wall.md``).
    dwell_s
        How long the wall stays with it.
    on_wall
        Whether the walls of the area show it.
    place
        Its turn; None puts it last, or leaves it where it is.
    area
        Code of the area it belongs to, empty for the caller's own.
    """

    name: str
    view: Mapping[str, Any]
    dwell_s: int = 30
    on_wall: bool = False
    place: int | None = None
    area: str = ""


def listed(engine: Engine, scope: Scope) -> Sequence[RowMapping]:
    """Return the scenes of the caller's area and of those in it."""
    with scoped(engine, scope) as connection:
        return scenes.all_scenes(connection)


def of_wall(engine: Engine, scope: Scope) -> list[RowMapping]:
    """Return the scenes that the walls of exactly the caller's area show, in their turn."""
    return [each for each in listed(engine, scope) if each["on_wall"] and each["scope_path"] == scope.area_path]


def one(engine: Engine, scope: Scope, scene_id: uuid.UUID) -> RowMapping:
    """Return one scene.

    Raises
    ------
    NotFound
        If there is none in the caller's area.
    """
    with scoped(engine, scope) as connection:
        return _known(connection, scene_id)


def add(ledger: Ledger, scope: Scope, wish: SceneWish) -> tuple[RowMapping, bool]:
    """Save a scene and return it, and whether it is new; saved again as it is, nothing is done.

    Raises
    ------
    InvalidInput
        If the area is not the caller's, or has too many scenes.
    Conflict
        If the area has another scene of that name.
    Forbidden
        If it is for the wall and the caller may not steer it.
    """
    _refuse_wall(scope, wish.on_wall)
    with ledger.writing(scope) as work:
        path = _path_of(work.connection, scope, wish.area)
        known = scenes.scene_of_name(work.connection, path, wish.name)
        if known is not None:
            if all(known[key] == value for key, value in _values(wish).items()):
                return known, False
            raise _name_taken(wish.name)
        place = scenes.next_place(work.connection, path)
        if place >= MOST_SCENES:
            raise InvalidInput("There are {most} scenes already.", remedy="Remove some.", most=MOST_SCENES)
        row = {"place": place, **_values(wish), "account": scope.account, "changed_at": ledger.now()}
        made = scenes.add_scene(work.connection, {**row, "scope_path": path})
        work.note("scene.add", f"scene:{made}", scope_path=path, name=wish.name, on_wall=wish.on_wall)
        _tell(work, ledger, path, wish.on_wall)
        return _known(work.connection, made), True


def change(ledger: Ledger, scope: Scope, scene_id: uuid.UUID, wish: SceneWish, *, version: int) -> RowMapping:
    """Change a scene as it was seen at a version, and return it; its area stays.

    Raises
    ------
    NotFound
        If there is none in the caller's area.
    Conflict
        If it changed meanwhile, or the area has another scene of that name.
    Forbidden
        If it is or shall be on the wall and the caller may not steer it.
    """
    with ledger.writing(scope) as work:
        known = _known(work.connection, scene_id)
        _refuse_wall(scope, wish.on_wall or known["on_wall"])
        other = scenes.scene_of_name(work.connection, known["scope_path"], wish.name)
        if other is not None and other["id"] != scene_id:
            raise _name_taken(wish.name)
        if not scenes.change_scene(work.connection, scene_id, _values(wish), version=version, now=ledger.now()):
            raise Conflict("The scene was changed meanwhile.", remedy="Reload the page and try again.")
        path = known["scope_path"]
        work.note("scene.change", f"scene:{scene_id}", scope_path=path, name=wish.name, on_wall=wish.on_wall)
        _tell(work, ledger, path, wish.on_wall or known["on_wall"])
        return _known(work.connection, scene_id)


def remove(ledger: Ledger, scope: Scope, scene_id: uuid.UUID) -> None:
    """Remove a scene.

    Raises
    ------
    NotFound
        If there is none in the caller's area.
    Forbidden
        If it is on the wall and the caller may not steer it.
    """
    with ledger.writing(scope) as work:
        known = _known(work.connection, scene_id)
        _refuse_wall(scope, known["on_wall"])
        scenes.remove_scene(work.connection, scene_id)
        work.note("scene.remove", f"scene:{scene_id}", scope_path=known["scope_path"], name=known["name"])
        _tell(work, ledger, known["scope_path"], known["on_wall"])


def _tell(work: Writing, ledger: Ledger, path: str, on_wall: bool) -> None:
    """Let the walls of an area read their scenes anew."""
    if on_wall:
        work.tell("scenes", path, scope_path=path, at=ledger.now())


def _values(wish: SceneWish) -> dict[str, Any]:
    values = {"name": wish.name, "view": dict(wish.view), "dwell_s": wish.dwell_s, "on_wall": wish.on_wall}
    return values if wish.place is None else {**values, "place": wish.place}


def _known(connection: Connection, scene_id: uuid.UUID) -> RowMapping:
    row = scenes.one_scene(connection, scene_id)
    if row is None:
        raise NotFound("There is no such scene.", remedy="It may have been removed, or lie outside your area.")
    return row


def _path_of(connection: Connection, scope: Scope, code: str) -> str:
    if not code:
        return scope.area_path
    area = accounts.area_of_code(connection, code)
    if area is None:
        raise InvalidInput(
            "There is no city, township or village with the code {code!r}.",
            remedy="Use a code of your own area, such as 330381001.",
            code=code[:40],
        )
    return area.scope_path


def _refuse_wall(scope: Scope, on_wall: bool) -> None:
    if on_wall and Right.STEER_WALL not in scope.rights:
        raise Forbidden("Your account may not do this.", remedy="Ask the administrator of your area.")


def _name_taken(name: str) -> Conflict:
    return Conflict("There is another scene with the name {name!r}.", remedy="Choose another name.", name=name)
