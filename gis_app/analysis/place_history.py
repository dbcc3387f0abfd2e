"""Point events up to a moment, each in one of the places of a map."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from gis_app.analysis.event_history import MemoKey, events_before
from gis_app.analysis.pieces_of_streets import FloatArray, IntArray
from gis_app.analysis.places import Places


@dataclass(frozen=True, eq=False)
class PlaceHistory:
    """Events before a moment, oldest first: all that a method may know.

    Parameters
    ----------
    places
        The places that are scored.
    x, y
        Shape ``(m,)``: metres.
    place
        Shape ``(m,)``: position of each event's place, -1 for none.
    day
        Shape ``(m,)``: days since 1970-01-01 UTC, ascending, all before ``until``.
    until
        The moment, in the same days.
    memo
        What windows of the past were seen as; shared by all cuts of one history.
    """

    places: Places
    x: FloatArray
    y: FloatArray
    place: IntArray
    day: FloatArray
    until: float
    memo: dict[MemoKey, FloatArray] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return the number of events."""
        return len(self.day)

    @property
    def sizes(self) -> FloatArray:
        """Shape ``(n,)``: by which places count as area."""
        return self.places.size

    @property
    def count(self) -> IntArray:
        """Shape ``(n,)``: events per place."""
        return np.bincount(self.place[self.place >= 0], minlength=len(self.places)).astype(np.int64)

    @property
    def span_days(self) -> float:
        """Days from the first event to the moment; 0 without events."""
        return float(self.until - self.day[0]) if len(self) else 0.0

    def before(self, day: float) -> PlaceHistory:
        """Return the events before an earlier moment."""
        end = int(np.searchsorted(self.day, day, side="left"))
        cut = {name: getattr(self, name)[:end] for name in ("x", "y", "place", "day")}
        return replace(self, **cut, until=min(float(day), self.until))

    def ground_digest(self, digest: hashlib._Hash) -> None:
        """Add to a digest what tells the places from others."""
        digest.update(f"{self.places.kind}{self.places.spreads_m}".encode())
        digest.update(self.places.size.tobytes())
        digest.update(self.places.pairs.tobytes())


def place_history(
    places: Places, x: npt.ArrayLike, *, y: npt.ArrayLike, day: npt.ArrayLike, until: float
) -> PlaceHistory:
    """Return the events before ``until`` as a history of places; arguments as in ``event_history``.

    Raises
    ------
    ValueError
        If the arrays differ in shape, or hold what is not finite.
    """
    east, north, when = events_before(x, y=y, day=day, until=until)
    return PlaceHistory(places, east, north, places.locate(east, north), when, float(until))
