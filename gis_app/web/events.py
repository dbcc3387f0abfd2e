"""What an open page is told as it happens: the data changed, or its log-in ended."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator

from flask import Blueprint, Response, current_app
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import DBAPIError, TimeoutError

from gis_app.domain.errors import Unavailable
from gis_app.domain.rights import Right
from gis_app.services.gate import Caller
from gis_app.services.live_positions import LivePositions
from gis_app.services.tiles import TileStore
from gis_app.services.track_intake import LIVE_FOR
from gis_app.web.access import asking_again, requires
from gis_app.web.contract import contract

blueprint = Blueprint("events", __name__)
TICK_S = 1.0
PING_S = 15.0
LONGEST_S = 3600.0
"""After an hour the browser connects anew, perhaps to a worker with fewer streams."""


class Streams:
    """Counts open streams, so that they never take the threads that answer everything else."""

    def __init__(self, most: int) -> None:
        self._free = threading.BoundedSemaphore(most)

    def take(self) -> None:
        """Count one more.

        Raises
        ------
        Unavailable
            If there are too many.
        """
        if not self._free.acquire(blocking=False):
            raise Unavailable("Too many screens are connected.", remedy="Close some, or start more workers.")

    def give_back(self) -> None:
        """Count one less."""
        self._free.release()


@blueprint.get("/api/events")
@requires(Right.VIEW_MAP)
@contract(
    "A stream of server-sent events: `data` when the data changed, `positions` when patrols moved, `end` of the log-in",
    answers="text/event-stream",
)
def events() -> ResponseReturnValue:
    """Answer the stream of the caller's area."""
    state, is_closing = current_app.extensions["jingwei"], current_app.extensions.get("jingwei_closing", lambda: False)
    streams: Streams = state.streams
    positions = LivePositions(state.engine, state.now() - LIVE_FOR)
    streams.take()
    response = Response(
        _stream(state.tiles, positions, asking_again(), is_closing=is_closing), mimetype="text/event-stream"
    )
    response.call_on_close(streams.give_back)
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Accel-Buffering"] = "no"
    return response


def _stream(
    tiles: TileStore,
    positions: LivePositions,
    ask: Callable[[], Caller | None],
    *,
    is_closing: Callable[[], bool],
) -> Iterator[str]:
    """Yield events; the log-in is asked for again at each tick, before anything is told."""
    began = pinged = time.monotonic()
    told = ""
    yield "retry: 3000\n\n"
    while not is_closing() and time.monotonic() - began < LONGEST_S:
        try:
            caller = ask()
            if caller is None or Right.VIEW_MAP not in caller.scope.rights:
                yield "event: end\ndata: {}\n\n"
                return
            version = tiles.state(caller.scope).version
            moved = positions.news(caller.scope)
        except (Unavailable, DBAPIError, TimeoutError):
            # The database is away: nothing is told, and nobody is sent away for it.
            version, moved = told, []
        if moved:
            yield f"event: positions\ndata: {json.dumps(moved)}\n\n"
        if version != told:
            told = version
            yield f"event: data\ndata: {json.dumps({'version': version})}\n\n"
        elif time.monotonic() - pinged > PING_S:
            pinged = time.monotonic()
            yield ": still here\n\n"
        time.sleep(TICK_S)
