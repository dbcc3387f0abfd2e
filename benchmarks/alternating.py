"""Time a peer and ours in turn, on the same data in one run, so that both meet the same state of the machine."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

P = TypeVar("P")
O = TypeVar("O")  # noqa: E741 - O for ours


@dataclass(frozen=True)
class Comparison(Generic[P, O]):
    """Median seconds of each side, and what each returned last."""

    peer_s: float
    ours_s: float
    peer_result: P
    our_result: O

    @property
    def ratio(self) -> float:
        """How many times as long the peer takes."""
        return self.peer_s / self.ours_s

    def report(self, peer_name: str, *, target: float, error: float, error_name: str) -> str:
        """One line with both times, the ratio and its target, and the error."""
        return (
            f"{peer_name} {self.peer_s:.4f} s, ours {self.ours_s:.4f} s, ratio {self.ratio:.1f}x "
            f"(target {target:g}x), {error_name} {error:.2e}"
        )


def alternate(peer: Callable[[], P], ours: Callable[[], O], *, rounds: int) -> Comparison[P, O]:
    """Run each side once to warm up, unless there is one round only, then in turn ``rounds`` times."""
    if rounds > 1:
        peer()
        ours()
    peer_s, ours_s = [], []
    for _ in range(rounds):
        started = time.perf_counter()
        peer_result = peer()
        between = time.perf_counter()
        our_result = ours()
        peer_s.append(between - started)
        ours_s.append(time.perf_counter() - between)
    return Comparison(statistics.median(peer_s), statistics.median(ours_s), peer_result, our_result)
