"""One progress bar over all stages: drawn on a terminal, a line per stage elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TextIO

WIDTH = 28
ETA_FROM_SHARE = 0.05
STAGE_WORDS = {
    "generate": "Making the city",
    "areas": "Loading areas and streets",
    "hazards": "Loading hazards",
    "nights": "Loading patrols",
    "coverage": "Measuring coverage",
    "routes": "Comparing routes with tracks",
    "hotspots": "Mapping hotspots",
    "streets": "Finding the streets walked",
}


class StageProgress:
    """Shows how far a long job is; called with ``stage: part`` and the share done, 0 to 1.

    Parameters
    ----------
    out
        Where to write; a terminal gets a bar with the time left.
    """

    def __init__(self, out: TextIO = sys.stderr) -> None:
        self._out = out
        self._began = time.monotonic()
        self._stage: str | None = None

    def __call__(self, stage: str, share: float) -> None:
        """Show the stage."""
        name, _, part = stage.partition(": ")
        if self._out.isatty():
            self._draw(name, part, share)
        elif name and name != self._stage:
            self._out.write(f"[{self._elapsed():4.0f} s] {STAGE_WORDS.get(name, name)}\n")
        self._stage = name
        self._out.flush()

    def _draw(self, name: str, part: str, share: float) -> None:
        filled = round(WIDTH * share)
        words = " ".join(word for word in (STAGE_WORDS.get(name, name), part.replace("_", " ")) if word)
        left = self._elapsed() * (1 - share) / share if share >= ETA_FROM_SHARE else None
        eta = "" if left is None or share >= 1 else f"  about {_span(left)} left"
        self._out.write(f"\r\x1b[K[{'#' * filled}{'.' * (WIDTH - filled)}] {share:4.0%} {words}{eta}")
        if share >= 1:
            self._out.write("\n")

    def _elapsed(self) -> float:
        return time.monotonic() - self._began


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
