"""What an open page is told as it happens: a hazard's step, the data changed, or its log-in ended."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from flask import Blueprint, Response, current_app, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import DBAPIError, TimeoutError

from gis_app.domain.errors import Unavailable
from gis_app.domain.rights import Right, Scope
from gis_app.services.gate import Caller
from gis_app.services.live_events import EventFeed, Waker, joined
from gis_app.services.live_positions import LivePositions
from gis_app.services.tiles import TileStore
from gis_app.web.access import asking_again, requires
from gis_app.web.contract import Parameter, contract

blueprint = Blueprint("events", __name__)
TICK_S = 1.0
LEAST_PAUSE_S = 0.25
"""Between two tellings, so that a storm of events is told in a few pieces, and many open pages cost little."""
PING_S = 5.0
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
    "A stream of server-sent events: `hazard` at each step of a hazard, `alert` when one changed, `wall` and `scenes` "
    "for walls, `data` when the data changed, `positions` when patrols moved, `end` of the log-in; goes on after "
    "Last-Event-ID",
    query=(Parameter("after", "go on after this event, where no header Last-Event-ID says so", {"type": "integer"}),),
    answers="text/event-stream",
)
def events() -> ResponseReturnValue:
    """Answer the stream of the caller's area."""
    state, is_closing = current_app.extensions["jingwei"], current_app.extensions.get("jingwei_closing", lambda: False)
    streams: Streams = state.streams
    telling = _Telling(
        state.tiles,
        state.events,
        state.waker,
        LivePositions(state.positions),
        asking_again(),
        is_closing,
        last_id=_last_id(request.headers.get("Last-Event-ID") or request.args.get("after", "")),
    )
    streams.take()
    response = Response(telling.stream(), mimetype="text/event-stream")
    response.call_on_close(streams.give_back)
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Accel-Buffering"] = "no"
    return response


def _last_id(given: str) -> int | None:
    """Return the event a page knows last; one that is no number is none that we gave."""
    return int(given) if given.isascii() and given.isdigit() and len(given) < 19 else None


@dataclass
class _Telling:
    """One stream; the log-in is asked for again each time before anything is told."""

    tiles: TileStore
    feed: EventFeed
    waker: Waker
    positions: LivePositions
    ask: Callable[[], Caller | None]
    is_closing: Callable[[], bool]
    last_id: int | None
    version: str = ""
    has_begun: bool = False

    def stream(self) -> Iterator[str]:
        """Yield what is told, until the log-in ends, the server closes or an hour is over."""
        began = spoke = time.monotonic()
        next_tick, seen = began, self.waker.count
        yield "retry: 2000\n\n"
        with joined(self.waker):
            while not self.is_closing() and time.monotonic() - began < LONGEST_S:
                is_tick = time.monotonic() >= next_tick
                try:
                    caller = self.ask()
                    if caller is None or Right.VIEW_MAP not in caller.scope.rights:
                        yield "event: end\ndata: {}\n\n"
                        return
                    told = (self._changes(caller.scope) if is_tick else []) + self._hazards(caller.scope, seen)
                except (Unavailable, DBAPIError, TimeoutError):
                    # The database is away: nothing is told, and nobody is sent away for it.
                    told = []
                if told:
                    spoke = time.monotonic()
                    yield "".join(told)
                elif time.monotonic() - spoke > PING_S:
                    spoke = time.monotonic()
                    yield "event: still\ndata: {}\n\n"
                if is_tick:
                    next_tick = time.monotonic() + TICK_S
                time.sleep(LEAST_PAUSE_S)
                seen = self.waker.wait(seen, max(next_tick - time.monotonic(), 0))

    def _hazards(self, scope: Scope, seen: int) -> list[str]:
        told, first = [], self.last_id or 0
        if not self.has_begun:
            first, is_lost = self.feed.begin(scope, self.last_id)
            # With its id, so that a page that hears nothing before the connection breaks goes on from here too.
            told.append(f"id: {first}\nevent: begin\ndata: {json.dumps({'reset': is_lost})}\n\n")
        news, self.last_id = self.feed.since(scope, first, count=seen)
        self.has_begun = True
        return told + [f"id: {event_id}\n{lines}\n\n" for event_id, lines in news]

    def _changes(self, scope: Scope) -> list[str]:
        told = []
        if moved := self.positions.news(scope):
            told.append(f"event: positions\ndata: {json.dumps(moved)}\n\n")
        version = self.tiles.state(scope).version
        if version != self.version:
            self.version = version
            told.append(f"event: data\ndata: {json.dumps({'version': version})}\n\n")
        return told
