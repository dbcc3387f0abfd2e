"""Kernel density along streets: events spread over the ways that lead from them, not over the ground between.

At a junction of n streets the density of an event arriving by one of them is split. Equal split, discontinuous: each
of the others gets 1 / (n - 1), and at a dead end the way ends. Equal split, continuous: each of the others gets 2 / n,
and 2 / n - 1 goes back, so that the density is the same on all sides of the junction; at a dead end all goes back, and
nothing of an event is ever lost. Ways are followed as far as the bandwidth; without turning back, or with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from gis_app.analysis.pieces_of_streets import FloatArray, IntArray, StreetPieces, street_pieces

SPLITS = ("discontinuous", "continuous")
LEAST_SHARE = 1e-3
"""A way is left when less than this of the event is still on it."""
M_PER_KM = 1000.0
_SAME_M = 1e-6


@dataclass(frozen=True, eq=False)
class _Ways:
    """Fronts on their way: from which event, on which directed street, how far, and how much of the event."""

    source: IntArray
    arc: IntArray
    way_m: FloatArray
    share: FloatArray

    def chosen(self, rows: Any) -> _Ways:
        return _Ways(self.source[rows], self.arc[rows], self.way_m[rows], self.share[rows])


def network_kernel_density(
    streets: Any, x: npt.ArrayLike, *, y: npt.ArrayLike, bandwidth_m: float, split: str = "discontinuous"
) -> FloatArray:
    """Return the density of events in the middle of every piece of street, events per kilometre of street.

    Parameters
    ----------
    streets
        ``StreetPieces``, or what ``street_pieces`` takes. CRS: projected, metres; raises if geographic.
    x, y
        Shape ``(m,)``: events, metres in the CRS of the streets; each lies on the nearest street, up to 100 m away.
    bandwidth_m
        Radius of the quartic kernel along the streets, metres: ``15 / (16 b) (1 - (d / b)^2)^2``.
    split
        One of ``SPLITS``.

    Returns
    -------
    Shape ``(n,)``, in the order of the pieces.

    Raises
    ------
    ValueError
        If the bandwidth is not positive, the split is unknown, or the streets are not as described.

    References
    ----------
    Okabe, Satoh & Sugihara (2009), International Journal of Geographical Information Science 23(1); McSwiggan,
    Baddeley & Nair (2017), Scandinavian Journal of Statistics 44(2).
    """
    pieces = streets if isinstance(streets, StreetPieces) else street_pieces(streets)
    piece, along_m = pieces.pieces_at(x, y=y)
    on_street = piece >= 0
    kernel = _kernel(pieces, pieces.street[piece[on_street]], along_m[on_street], bandwidth_m=bandwidth_m, split=split)
    return np.asarray(kernel.sum(axis=1) * M_PER_KM, dtype=np.float64).ravel()


def piece_kernel(pieces: StreetPieces, *, bandwidth_m: float, split: str = "discontinuous") -> sparse.csr_array:
    """Return the density, per metre, in the middle of piece ``i`` of an event in the middle of piece ``j``.

    Parameters are those of ``network_kernel_density``; shape ``(n, n)``.
    """
    return _kernel(pieces, pieces.street, pieces.middle_m, bandwidth_m=bandwidth_m, split=split)


def quartic(way_m: FloatArray, bandwidth_m: float) -> FloatArray:
    """Return the quartic kernel in one dimension, per metre; its integral over both directions is 1."""
    return np.asarray(
        15.0 / (16.0 * bandwidth_m) * np.maximum(1.0 - (way_m / bandwidth_m) ** 2, 0.0) ** 2, dtype=np.float64
    )


def _kernel(
    pieces: StreetPieces, street: IntArray, along_m: FloatArray, *, bandwidth_m: float, split: str
) -> sparse.csr_array:
    if not (np.isfinite(bandwidth_m) and bandwidth_m > 0):
        raise ValueError("The bandwidth must be a positive number of metres.")
    if split not in SPLITS:
        raise ValueError(f"No split {split!r}; there are {', '.join(SPLITS)}.")
    turns = _turns(pieces, split)
    shape = (len(pieces), len(street))
    source = np.arange(len(street))
    # Both ways along the own street first: the start of the street lies behind, as far as the event is along it.
    ways = _Ways(
        np.concatenate([source, source]),
        np.concatenate([2 * street, 2 * street + 1]),
        np.concatenate([-along_m, along_m - pieces.street_m[street]]),
        np.ones(2 * len(street)),
    )
    total = sparse.csr_array(shape)
    while len(ways.source):
        total = total + _passed(pieces, ways, bandwidth_m, shape)
        ways = _onward(pieces, ways, turns, bandwidth_m)
    return total


def _passed(pieces: StreetPieces, ways: _Ways, bandwidth_m: float, shape: tuple[int, int]) -> sparse.csr_array:
    """Return what the fronts leave in the middles of the pieces that they pass."""
    street, is_reverse = ways.arc // 2, ways.arc % 2 == 1
    count = pieces.piece_count[street]
    front = np.repeat(np.arange(len(street)), count)
    step = np.arange(len(front)) - np.repeat(np.cumsum(count) - count, count)
    piece = pieces.first[street[front]] + np.where(is_reverse[front], count[front] - 1 - step, step)
    way_m = ways.way_m[front] + (step + 0.5) * (pieces.street_m[street] / count)[front]
    # The middle that the event itself lies in is met by both fronts, once by each where they part: half from each.
    is_there = np.abs(way_m) < _SAME_M
    ahead = is_there | ((way_m > 0) & (way_m < bandwidth_m))
    both = np.where(is_there, 0.5, 1.0)
    left = ways.share[front] * both * quartic(way_m, bandwidth_m)
    return sparse.csr_array((left[ahead], (piece[ahead], ways.source[front][ahead])), shape=shape)


def _onward(pieces: StreetPieces, ways: _Ways, turns: sparse.csr_array, bandwidth_m: float) -> _Ways:
    """Return the fronts beyond the next junction, as far as the bandwidth goes and enough of the event is left."""
    end_m = ways.way_m + pieces.street_m[ways.arc // 2]
    ways = _Ways(ways.source, ways.arc, end_m, ways.share).chosen(end_m < bandwidth_m)
    count = np.diff(turns.indptr)[ways.arc]
    front = np.repeat(np.arange(len(count)), count)
    step = np.arange(len(front)) - np.repeat(np.cumsum(count) - count, count)
    turn = turns.indptr[ways.arc][front] + step
    after = _Ways(ways.source[front], turns.indices[turn], ways.way_m[front], ways.share[front] * turns.data[turn])
    return after.chosen(np.abs(after.share) >= LEAST_SHARE)


def _turns(pieces: StreetPieces, split: str) -> sparse.csr_array:
    """Return the share of an event that goes from one directed street to the next; 2 s is forward, 2 s + 1 back."""
    street_count = len(pieces.lines)
    start = np.empty(2 * street_count, dtype=np.int64)
    start[0::2], start[1::2] = pieces.nodes[:, 0], pieces.nodes[:, 1]
    arc = np.arange(2 * street_count)
    end = start[arc ^ 1]
    order = np.argsort(start, kind="stable")
    first = np.searchsorted(start[order], end, side="left")
    degree = np.searchsorted(start[order], end, side="right") - first
    come = np.repeat(arc, degree)
    go = order[np.arange(len(come)) - np.repeat(np.cumsum(degree) - degree, degree) + np.repeat(first, degree)]
    n, is_back = degree[come].astype(np.float64), go == come ^ 1
    others = np.where(is_back, 0.0, 1.0 / np.maximum(n - 1.0, 1.0))
    share = 2.0 / n - is_back if split == "continuous" else others
    kept = share != 0
    return sparse.csr_array((share[kept], (come[kept], go[kept])), shape=(2 * street_count, 2 * street_count))
