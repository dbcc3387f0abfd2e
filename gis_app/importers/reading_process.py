"""The reading process as its parent sees it: what it wrote so far, and how it ended."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from typing import IO

from gis_app.domain.errors import Unavailable

NO_ROOM_CODE = 28
"""The child ends with this code when what it writes has no room."""
MAX_LINE_BYTES = 64 * 1024 * 1024
_LAST_LINE_BYTES = 64 * 1024
_READ_BYTES = 64 * 1024
_POLL_SECONDS = 0.01
_ENVIRONMENT = {"LANG": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


class ReadingProcess:
    """A child that writes into a file which is read from its start, also while it grows.

    Parameters
    ----------
    arguments, source, output, complaints
        The command, and its standard input, output and error. ``output`` shares its place with the child's, so it is
        read by position only.
    wall_seconds
        How long it may take; it is killed then.

    Raises
    ------
    Unavailable
        If it cannot be started.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        source: IO[bytes],
        output: IO[bytes],
        *,
        complaints: IO[bytes],
        wall_seconds: float,
    ) -> None:
        self._file = output.fileno()
        self._at = 0
        self._deadline = time.monotonic() + wall_seconds
        self._is_overdue = False
        try:
            self._child = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                arguments, stdin=source, stdout=output, stderr=complaints, env=_ENVIRONMENT, cwd="/"
            )
        except OSError as error:
            raise Unavailable(
                "The reading process cannot be started: {reason}.", remedy="Try again later.", reason=error.strerror
            ) from None

    def ended(self) -> int | None:
        """Wait for the end and return the return code, None if it had to be killed at the time limit."""
        try:
            self._child.wait(timeout=max(0.0, self._deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._is_overdue = True
            self.kill()
        return None if self._is_overdue else self._child.returncode

    def kill(self) -> None:
        """End it, if it has not ended."""
        if self._child.returncode is None:
            self._child.kill()
            self._child.wait()

    def next_line(self) -> bytes:
        """Return the next line without going past it; what there is of it if the child ended, or a line is too long."""
        parts: list[bytes] = []
        length = 0
        while length < MAX_LINE_BYTES:
            part = self._part(_READ_BYTES, self._at + length)
            end = part.find(b"\n") + 1
            parts.append(part[:end] if end else part)
            length += len(part)
            if end or not part:
                break
        return b"".join(parts)

    def skip(self, count: int) -> None:
        """Go past bytes."""
        self._at += count

    def take(self, count: int) -> bytes:
        """Return the next bytes and go past them; raises ``ValueError`` if the child ended before it wrote them."""
        parts: list[bytes] = []
        while count:
            part = self._part(count, self._at)
            if not part:
                raise ValueError("the output is cut off")
            parts.append(part)
            self._at += len(part)
            count -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def last_line(self) -> bytes:
        """Return the last line of what was written; only once the child has ended."""
        length = os.fstat(self._file).st_size
        start = max(0, length - _LAST_LINE_BYTES)
        lines = os.pread(self._file, length - start, start).rstrip(b"\n").split(b"\n")
        return lines[-1]

    def _part(self, count: int, place: int) -> bytes:
        """Return bytes at a place as soon as there are any; none if the child ended before."""
        while True:
            # Asked before it is read: what a child wrote before its end is there after it.
            has_ended = self._child.poll() is not None
            part = os.pread(self._file, count, place)
            if part or has_ended:
                return part
            if time.monotonic() > self._deadline:
                self._is_overdue = True
                self.kill()
            time.sleep(_POLL_SECONDS)
