"""Streets made ready for travel times between many places, at junctions or on the way between two."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from cachetools import LRUCache

from gis_app.planning.many_to_many import Entries, ManyToMany
from gis_app.planning.street_arcs import Arcs, FloatArray, IntArray, all_arcs
from gis_app.planning.street_turns import Turns, turns_of
from gis_app.planning.travel_modes import TravelMode

if TYPE_CHECKING:
    from gis_app.planning.street_network import StreetNetwork

SEARCHES = 100
"""So many take as long as making the streets ready, half more with turns: then that is done instead."""
LEAST_NODES = 3_000
"""A network of fewer is searched at once."""
_KEPT = 3


@dataclass(frozen=True)
class Spots:
    """Places on the streets: at a node, or on a segment.

    Parameters
    ----------
    node
        Shape ``(k,)``: -1 for those on a segment. No two places are the same.
    segment, share
        Shape ``(k,)``: position of the segment, -1 for those at a node, and how much of it lies before the place.
    """

    node: IntArray
    segment: IntArray
    share: FloatArray


class StreetMatrix:
    """The streets for one mode, some closed; it keeps no geometry and is asked as often as wanted.

    Parameters
    ----------
    network
        The streets.
    closed
        Ids of segments that are not to be used.
    """

    def __init__(self, network: StreetNetwork, mode: TravelMode, closed: Collection[object]) -> None:
        self._arcs: Arcs = all_arcs(network, mode, closed=closed)
        self._lost_s = np.where(network.is_junction, mode.junction_s, 0.0)
        self._turns: Turns | None = turns_of(network, mode, self._arcs) if mode.minds_turns else None
        arcs = self._arcs
        self._arc_of = np.full((2, len(network.ends)), -1)
        self._arc_of[arcs.is_forth.astype(np.int64), arcs.segment] = np.arange(len(arcs.start))
        if self._turns is None:
            seconds = arcs.seconds + self._lost_s[arcs.end]
            self._matrix = ManyToMany(arcs.start, arcs.end, seconds, network.nodes)
        else:
            middle = (network.nodes[arcs.start] + network.nodes[arcs.end]) / 2
            self._matrix = ManyToMany(self._turns.before, self._turns.after, self._turns.seconds, middle)

    def times(self, spots: Spots) -> FloatArray:
        """Return the seconds between places, shape ``(k, k)``; ``inf`` where there is no way."""
        count = len(spots.node)
        begins, ends = [self._from_nodes(spots)], [self._to_nodes(spots)]
        direct = np.full((count, count), np.inf)
        for forth in (0, 1):
            place, arc = self._arcs_at(spots, forth)
            gone = spots.share if forth else 1.0 - spots.share
            begins.append(self._from_arc(place, arc, 1.0 - gone[place]))
            ends.append(self._to_arc(place, arc, gone[place]))
            between = np.ix_(place, place)
            ahead = (gone[place] - gone[place][:, None]) * self._arcs.seconds[arc]
            direct[between] = np.where((arc[:, None] == arc) & (ahead > 0), ahead, direct[between])
            # From the node where the arc begins, which is not joined to the middle of it.
            at, found = _matched(spots.node, self._arcs.start[arc])
            np.minimum.at(direct, (at, place[found]), gone[place[found]] * self._arcs.seconds[arc[found]])
        times = self._matrix.times(_joined(begins), _joined(ends), count=count)
        np.minimum(times, direct, out=times)
        np.fill_diagonal(times, 0.0)
        return times

    def _arcs_at(self, spots: Spots, forth: int) -> tuple[IntArray, IntArray]:
        """Return places on segments and the arcs they are on, in one direction, where one may go in it."""
        place = np.flatnonzero(spots.segment >= 0)
        arc = self._arc_of[forth][spots.segment[place]]
        return place[arc >= 0], arc[arc >= 0]

    def _from_nodes(self, spots: Spots) -> Entries:
        place = np.flatnonzero(spots.node >= 0)
        if self._turns is None:
            return Entries(place, spots.node[place], np.zeros(len(place)))
        at, arc = _matched(spots.node, self._arcs.start)
        return Entries(at, arc, self._arcs.seconds[arc])

    def _to_nodes(self, spots: Spots) -> Entries:
        if self._turns is None:
            return self._from_nodes(spots)
        at, arc = _matched(spots.node, self._arcs.end)
        return Entries(at, arc, np.zeros(len(arc)))

    def _from_arc(self, place: IntArray, arc: IntArray, share: FloatArray) -> Entries:
        """Return how places on arcs are joined to what follows, ``share`` of the arc ahead."""
        seconds = share * self._arcs.seconds[arc]
        if self._turns is None:
            return Entries(place, self._arcs.end[arc], seconds + self._lost_s[self._arcs.end[arc]])
        return Entries(place, arc, seconds)

    def _to_arc(self, place: IntArray, arc: IntArray, share: FloatArray) -> Entries:
        """Return how places on arcs are joined to what leads there, over ``share`` of the arc."""
        seconds = share * self._arcs.seconds[arc]
        if self._turns is None:
            return Entries(place, self._arcs.start[arc], seconds)
        order = np.argsort(arc, kind="stable")
        first, last = (np.searchsorted(arc[order], self._turns.after, side=side) for side in ("left", "right"))
        turn = np.repeat(np.arange(len(first)), last - first)
        within = np.arange(len(turn)) - np.repeat(np.cumsum(last - first) - (last - first), last - first)
        which = order[first[turn] + within]
        lost = self._turns.seconds[turn] - self._arcs.seconds[self._turns.after[turn]]
        return Entries(place[which], self._turns.before[turn], lost + seconds[which])


class ReadyStreets:
    """One network made ready for modes and closed streets, the last three; and how often it was searched instead."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: LRUCache[object, StreetMatrix] = LRUCache(maxsize=_KEPT)
        self._searches: LRUCache[object, int] = LRUCache(maxsize=16)

    def has(self, mode: TravelMode, closed: Collection[object] = ()) -> bool:
        """Return whether travel times can be told at once."""
        with self._lock:
            return (mode.facts, frozenset(closed)) in self._kept

    def made(self, network: StreetNetwork, mode: TravelMode, closed: Collection[object] = ()) -> StreetMatrix:
        """Return the network made ready."""
        key = (mode.facts, frozenset(closed))
        with self._lock:
            if key not in self._kept:
                self._kept[key] = StreetMatrix(network, mode, closed)
            return self._kept[key]

    def if_worth_it(
        self, network: StreetNetwork, mode: TravelMode, closed: Collection[object], *, searches: int
    ) -> StreetMatrix | None:
        """Return it made ready if it is, or if all searches so far and these would have taken as long as that."""
        key = (mode.facts, frozenset(closed))
        with self._lock:
            so_far = self._searches[key] = self._searches.get(key, 0) + searches
            is_much = so_far >= SEARCHES * (1.5 if mode.minds_turns else 1.0) and len(network.nodes) >= LEAST_NODES
            if not is_much and key not in self._kept:
                return None
        return self.made(network, mode, closed)


def _matched(node: IntArray, ends: IntArray) -> tuple[IntArray, IntArray]:
    """Return pairs of a place and a position in ``ends`` with the node of the place; places have different nodes."""
    order = np.argsort(node, kind="stable")
    at = order[np.minimum(np.searchsorted(node[order], ends), max(len(node) - 1, 0))] if len(node) else ends[:0]
    found = np.flatnonzero(node[at] == ends) if len(node) else at
    return at[found], found


def _joined(parts: list[Entries]) -> Entries:
    places, nodes, seconds = zip(*((part.place, part.node, part.seconds) for part in parts), strict=True)
    return Entries(np.concatenate(places), np.concatenate(nodes), np.concatenate(seconds))
