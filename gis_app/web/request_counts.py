"""Counts of the requests of the last minute, for the limits of ``rate_limits``."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Any

from limits.storage import MemoryStorage

SCHEME = "counts"


class RequestCounts(MemoryStorage):
    """Forgets old requests as new ones come; its parent starts a thread for that with nearly every request."""

    STORAGE_SCHEME = [SCHEME]  # noqa: RUF012 - as its parent has it

    def __init__(self, uri: str | None = None, wrap_exceptions: bool = False, **more: Any) -> None:
        super().__init__(uri, wrap_exceptions=wrap_exceptions, **more)
        self._moments: dict[str, deque[float]] = {}
        self._lock = threading.Lock()
        self._swept_at = time.time()

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count a request, if its key had fewer than ``limit`` in the last ``expiry`` seconds."""
        now = time.time()
        with self._lock:
            self._sweep(now, expiry)
            moments = self._moments.setdefault(key, deque())
            _forget(moments, now - expiry)
            if len(moments) + amount > limit:
                return False
            moments.extend([now] * amount)
            return True

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """Return since when requests of a key are counted, and how many they are."""
        now = time.time()
        with self._lock:
            moments = self._moments.get(key, deque())
            _forget(moments, now - expiry)
            return (moments[0] if moments else now), len(moments)

    def clear(self, key: str) -> None:
        """Forget the requests of a key."""
        super().clear(key)
        with self._lock:
            self._moments.pop(key, None)

    def reset(self) -> int | None:
        """Forget all requests."""
        with self._lock:
            count = len(self._moments)
            self._moments.clear()
        super().reset()
        return count

    def _sweep(self, now: float, expiry: int) -> None:
        """Drop, once in a while, who has not asked since."""
        if now - self._swept_at < expiry:
            return
        self._swept_at = now
        silent = [key for key, moments in self._moments.items() if not moments or moments[-1] < now - expiry]
        for key in silent:
            del self._moments[key]


def _forget(moments: deque[float], before: float) -> None:
    while moments and moments[0] < before:
        moments.popleft()
