"""The streets that matched fixes tell were walked: in order, each from where to where, and nothing for standing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from gis_app.analysis.matching_model import NO_STREET, Candidates, MatchModel, chunks, steps_between, ways_m
from gis_app.analysis.matching_streets import BoolArray, FloatArray, IntArray, MatchingStreets

_ALONG = 4
TURN_SIGMAS = 3.0
"""Going back by less than so many deviations is scatter, not a turn."""


@dataclass(frozen=True, eq=False)
class WalkedStreets:
    """Streets in the order they were walked, all of shape ``(w,)``.

    Parameters
    ----------
    chain
        Number of the unbroken part of a track; between two chains nothing is known.
    segment
        Position of the street segment.
    from_share, to_share
        Where it was entered and left, as shares of its length; walked backwards where the first is larger.
    """

    chain: IntArray
    segment: IntArray
    from_share: FloatArray
    to_share: FloatArray

    def length_m(self, streets: MatchingStreets) -> float:
        """Return the metres walked; what was walked twice counts twice."""
        return float((np.abs(self.to_share - self.from_share) * streets.length_m[self.segment]).sum())


def walked_streets(
    streets: MatchingStreets,
    chosen: Candidates,
    *,
    chain: IntArray,
    model: MatchModel,
) -> WalkedStreets:
    """Return the streets walked between fixes whose place is decided.

    Parameters
    ----------
    chosen
        The fixes, one candidate each (``k = 1``), in the order they were taken.
    chain
        Shape ``(n,)``: number of each fix's unbroken part.
    """
    on_street = chosen.segment[:, 0] >= 0
    step = np.nonzero((chain[1:] == chain[:-1]) & on_street[1:] & on_street[:-1])[0]
    legs: list[tuple[int, int, float, float]] = []
    for part in chunks(chosen.fix[step], chosen.fix[step + 1]):
        legs.extend(_legs(streets, chosen, step[part], model=model))
    rows = [
        (int(chain[first]), segment, turn, other)
        for first, segment, positions in _runs(legs)
        for turn, other in _turns(positions, TURN_SIGMAS * float(chosen.sigma_m[first]))
    ]
    table = np.array(rows, dtype=np.float64).reshape(-1, 4)
    segment = table[:, 1].astype(np.int64)
    whole_m = np.maximum(streets.length_m[segment], 1e-9)
    return WalkedStreets(
        table[:, 0].astype(np.int64),
        segment,
        np.clip(table[:, 2] / whole_m, 0.0, 1.0),
        np.clip(table[:, 3] / whole_m, 0.0, 1.0),
    )


def _legs(
    streets: MatchingStreets, chosen: Candidates, step: IntArray, *, model: MatchModel
) -> Iterator[tuple[int, int, float, float]]:
    """Yield step, segment, and the metres along it from where to where, for every street of every step."""
    steps = steps_between(streets, chosen.rows(step), chosen.rows(step + 1), model=model)
    length_m, kind = ways_m(streets, steps)
    reached: BoolArray = np.isfinite(length_m[:, 0, 0])
    how: npt.NDArray[np.int8] = kind[:, 0, 0]
    here, there = chosen.segment[step, 0], chosen.segment[step + 1, 0]
    exit_node = streets.ends[here, how // 2 % 2]
    entry_node = streets.ends[there, how % 2]
    apart = reached & (how != _ALONG) & (exit_node != entry_node)
    pairs = sorted(set(zip(exit_node[apart].tolist(), entry_node[apart].tolist(), strict=True)))
    ways = steps.near.ways(pairs, limit_m=steps.longest_m)
    for at in np.nonzero(reached)[0].tolist():
        first, last, number = int(here[at]), int(there[at]), int(step[at])
        begin, end = float(chosen.along_m[number, 0]), float(chosen.along_m[number + 1, 0])
        if how[at] == _ALONG:
            yield number, first, begin, end
            continue
        lengths = streets.length_m
        yield number, first, begin, float(lengths[first]) * (how[at] // 2)
        for segment, node in ways.get((int(exit_node[at]), int(entry_node[at])), ()):
            is_forth = streets.ends[segment, 0] == node
            yield number, segment, *((0.0, float(lengths[segment])) if is_forth else (float(lengths[segment]), 0.0))
        yield number, last, float(lengths[last]) * (how[at] % 2), end


def _runs(legs: list[tuple[int, int, float, float]]) -> Iterator[tuple[int, int, list[float]]]:
    """Yield the first step, the segment and the positions of unbroken runs along one segment."""
    first, segment, positions = -1, NO_STREET, [0.0]
    last = -2
    for step, on, begin, end in legs:
        if on == segment and step - last <= 1 and abs(begin - positions[-1]) < 1e-6:
            positions.append(end)
        else:
            if segment != NO_STREET:
                yield first, segment, positions
            first, segment, positions = step, on, [begin, end]
        last = step
    if segment != NO_STREET:
        yield first, segment, positions


def _turns(positions: list[float], scatter_m: float) -> list[tuple[float, float]]:
    """Return from where to where somebody went along a line; going back by less than positions scatter is no turn."""
    turns = [positions[0]]
    extreme, direction = positions[0], 0
    for position in positions[1:]:
        moved = position - extreme
        if direction == 0:
            if abs(moved) >= scatter_m:
                direction, extreme = (1 if moved > 0 else -1), position
        elif moved * direction >= 0:
            extreme = position
        elif abs(moved) >= scatter_m:
            turns.append(extreme)
            direction, extreme = -direction, position
    turns.append(positions[-1])
    return [(a, b) for a, b in pairwise(turns) if a != b]
