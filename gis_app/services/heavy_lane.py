"""The lane that questions and SQL go through one by one, so that maps and lists beside them stay quick."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from gis_app.domain.errors import TooMany

AT_ONCE = 1
"""Of each server process; two processes on two cores leave every other connection of the database to the rest."""
LONGEST_WAIT_S = 12.0
"""A little longer than the one before may take."""
_COME_BACK_S = 5


@dataclass(frozen=True)
class HeavyLane:
    """Lets so many in at once; the others wait without holding a connection. One per server process.

    Parameters
    ----------
    words
        What those are told who wait in vain.
    """

    longest_wait_s: float = LONGEST_WAIT_S
    words: str = "Other questions are being answered."
    places: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(AT_ONCE))

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Wait for the own turn and keep the place to the end of the block.

        Raises
        ------
        TooMany
            If those before take too long.
        """
        if not self.places.acquire(timeout=self.longest_wait_s):
            raise TooMany(
                self.words,
                remedy="Wait {seconds} seconds and try again.",
                retry_after_s=_COME_BACK_S,
            )
        try:
            yield
        finally:
            self.places.release()
