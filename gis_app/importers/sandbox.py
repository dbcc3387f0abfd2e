"""Reading a hostile file in a process of its own, ``reading_child``.

The parent starts a fresh interpreter with an empty environment and no open file but a private copy of the file and two
more for output. The child confines itself (see ``confinement``), reads with the one reader named and writes one JSON
line per batch of rows, or the bytes of whole columns. It is killed at the limits; the parent believes none of its
lines. It reads them when the child has ended; columns of bytes also before, but then keeps to itself what it makes of
them until the child has ended well.
"""

from __future__ import annotations

import json
import logging
import signal
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import IO, Any

import orjson

from gis_app.domain.errors import JingweiError, Refused, Unavailable
from gis_app.importers.confinement import Limits, isolated_module
from gis_app.importers.file_copy import no_room
from gis_app.importers.reading_process import NO_ROOM_CODE, ReadingProcess
from gis_app.importers.records import Batch, FileFacts, PackedBatch, Record, Shape, Wanted
from gis_app.importers.wire import (
    believe_facts,
    decode_batch,
    decode_packed,
    require_plain_templates,
)

_MODULE = "gis_app.importers.reading_child"
_PACKED = b'{"packed"'
_POINTS = (Shape.POINT, Shape.FIX)
_LOGGED_BYTES = 4000
_LOGGER = logging.getLogger(__name__)
STANDARD_LIMITS = Limits()


def read_rows(
    source: IO[bytes],
    format_name: str,
    *,
    shape: Shape,
    facts: FileFacts,
    limits: Limits = STANDARD_LIMITS,
    command: Sequence[str] = isolated_module(_MODULE),
) -> Iterator[Record]:
    """Yield the rows of ``source`` one by one; otherwise as ``read_batches``."""
    for batch in read_batches(source, format_name, Wanted(shape), facts=facts, limits=limits, command=command):
        yield from batch.records()


def read_batches(
    source: IO[bytes],
    format_name: str,
    wanted: Wanted,
    *,
    facts: FileFacts,
    limits: Limits = STANDARD_LIMITS,
    command: Sequence[str] = isolated_module(_MODULE),
) -> Iterator[Batch | PackedBatch]:
    """Yield the rows of ``source`` in batches, read in a confined child process; ``facts`` is filled in before.

    Packed batches come only if they are wanted. If the first is one, batches come while the child still reads: then
    ``facts`` are filled in at the end, and nothing may be kept or shown before the last batch was given without an
    error.

    Raises
    ------
    Refused
        If the reader refused the file or went beyond a limit.
    Unavailable
        If the child cannot be started or confined on this machine.
    """
    with ExitStack() as files:
        try:
            output, complaints = (files.enter_context(tempfile.TemporaryFile()) for _ in range(2))
        except OSError as error:
            raise no_room(error.strerror or str(error)) from None
        arguments = [*command, format_name, json.dumps(vars(wanted)), json.dumps(vars(limits))]
        process = ReadingProcess(arguments, source, output, complaints=complaints, wall_seconds=limits.wall_seconds)
        files.callback(process.kill)
        told = _Told(process, wanted)
        yield from told.ahead()
        returncode = process.ended()
        _log_complaints(complaints)
        try:
            _require_good_end(_decoded(process.last_line()), returncode, facts, limits=limits)
            told.require_like(facts)
            yield from told.batches()
        except (TypeError, ValueError, KeyError):
            raise _stopped(returncode, limits) from None


class _Told:
    """The batches a reading process tells of, in their order."""

    def __init__(self, process: ReadingProcess, wanted: Wanted) -> None:
        self._process, self._wanted = process, wanted
        self._is_ahead = self._is_broken = False

    def ahead(self) -> Iterator[Batch | PackedBatch]:
        """Yield batches while they are written, if the first is packed: such a file has nothing left to tell of itself.

        What is made of them counts only once the process has ended well.
        """
        if not self._process.next_line().startswith(_PACKED):
            return
        self._is_ahead = True
        try:
            yield from self.batches()
        except (TypeError, ValueError, KeyError):
            self._is_broken = True

    def batches(self) -> Iterator[Batch | PackedBatch]:
        """Yield the batches that are left; raises ``TypeError``, ``ValueError`` or ``KeyError`` at anything else."""
        while True:
            line = self._process.next_line()
            told = _decoded(line)
            if isinstance(told, list):
                self._process.skip(len(line))
                yield _of_shape(decode_batch(told), self._wanted.shape)
            elif isinstance(told, dict) and "packed" in told:
                self._process.skip(len(line))
                yield self._packed(told["packed"])
            else:
                return

    def _packed(self, told: dict[str, Any]) -> PackedBatch:
        if not self._wanted.packs or self._wanted.shape not in _POINTS:
            raise TypeError("not asked for")
        return decode_packed(told, self._process.take)

    def require_like(self, facts: FileFacts) -> None:
        """Raise ``TypeError`` if what was given ahead could not be read, or the file was another one than it said."""
        if self._is_broken or (self._is_ahead and (not facts.has_places or facts.serial_days)):
            raise TypeError("not what was told ahead")


def _of_shape(batch: Batch, shape: Shape) -> Batch:
    if (batch.wkb if shape in _POINTS else batch.xy) is not None:
        raise TypeError("not rows of this shape")
    return batch


def _decoded(line: bytes) -> object:
    try:
        return orjson.loads(line)
    except ValueError:
        pass
    try:
        return json.loads(line)  # what orjson does not take: see encode_batch
    except (ValueError, RecursionError):
        return None  # cut off: the child was stopped in the middle of it


def _require_good_end(last: object, returncode: int | None, facts: FileFacts, *, limits: Limits) -> None:
    end = last if isinstance(last, dict) else {}
    if returncode == 0 and isinstance(end.get("facts"), dict):
        believe_facts(end["facts"], facts)
        return
    told = end.get("refused")
    if isinstance(told, dict):
        kind = Unavailable if told.get("is_unavailable") else Refused
        template, remedy, params = str(told["template"]), str(told["remedy"]), dict(told["params"])
        require_plain_templates(template, remedy, params)
        raise kind(template, remedy=remedy, **params)
    raise _stopped(returncode, limits)


def _log_complaints(complaints: IO[bytes]) -> None:
    complaints.seek(0)
    told = complaints.read(_LOGGED_BYTES)
    if told:
        _LOGGER.warning("The reading process complained: %s", ascii(told.decode("utf-8", "replace")))


def _stopped(returncode: int | None, limits: Limits) -> JingweiError:
    if returncode == NO_ROOM_CODE:
        return no_room(f"the rows read need more than is free, or than {limits.output_bytes // 1_000_000} MB")
    if returncode is None or returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        return Refused(
            "Reading the file took more than {cpu_seconds} s of work or {wall_seconds} s of time and was stopped.",
            remedy="Split the file into smaller ones; if it is small, it is damaged or hostile.",
            cpu_seconds=limits.cpu_seconds,
            wall_seconds=limits.wall_seconds,
        )
    return Refused(
        "The reader broke down over the file (code {returncode}) and was stopped; nothing was imported.",
        remedy="Export the data again; if it happens again, bring it in another format.",
        returncode=returncode,
    )
