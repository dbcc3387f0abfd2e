"""Reading a hostile file in a process of its own: ``python -I -m gis_app.importers.sandbox FORMAT WANTED LIMITS``.

The parent starts a fresh interpreter with an empty environment and no open file but a private copy of the file and two
more for output. The child confines itself (see ``confinement``), reads with the one reader named and writes one JSON
line per batch of rows. It is killed at the limits; the parent reads its lines only when it has ended, and believes none
of them.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from typing import IO

import orjson

from gis_app.domain.errors import JingweiError, Refused, Unavailable
from gis_app.importers.confinement import Limits, confine, isolated_module
from gis_app.importers.file_copy import no_room
from gis_app.importers.formats import IMPORTERS, ImportFormat
from gis_app.importers.records import Batch, FileFacts, Record, Shape, Wanted
from gis_app.importers.wire import (
    batches_of,
    believe_facts,
    decode_batch,
    encode_batch,
    encode_facts,
    encode_refusal,
    require_plain_templates,
)

_MAX_LINE_BYTES = 64 * 1024 * 1024
_MODULE = "gis_app.importers.sandbox"
_LAST_LINE_BYTES = 64 * 1024
_NO_ROOM_CODE = 28
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
) -> Iterator[Batch]:
    """Yield the rows of ``source`` in batches, read in a confined child process; ``facts`` is filled in before.

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
        returncode = _run(arguments, source, output, complaints=complaints, wall_seconds=limits.wall_seconds)
        _log_complaints(complaints)
        yield from _told_batches(output, returncode, wanted.shape, facts=facts, limits=limits)


def _told_batches(
    output: IO[bytes], returncode: int | None, shape: Shape, *, facts: FileFacts, limits: Limits
) -> Iterator[Batch]:
    try:
        _require_good_end(_last_line(output), returncode, facts, limits=limits)
        output.seek(0)
        while isinstance(told := _decoded(output.readline(_MAX_LINE_BYTES)), list):
            yield _of_shape(decode_batch(told), shape)
    except (TypeError, ValueError, KeyError):
        raise _stopped(returncode, limits) from None


def _of_shape(batch: Batch, shape: Shape) -> Batch:
    is_point = shape in (Shape.POINT, Shape.FIX)
    if (batch.wkb if is_point else batch.xy) is not None:
        raise TypeError("not rows of this shape")
    return batch


def _run(
    arguments: Sequence[str], source: IO[bytes], output: IO[bytes], *, complaints: IO[bytes], wall_seconds: float
) -> int | None:
    """Return the child's return code, or None if it was killed at the time limit."""
    environment = {"LANG": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    try:
        child = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            arguments, stdin=source, stdout=output, stderr=complaints, env=environment, cwd="/"
        )
    except OSError as error:
        raise Unavailable(
            "The reading process cannot be started: {reason}.", remedy="Try again later.", reason=error.strerror
        ) from None
    with child:
        try:
            return child.wait(timeout=wall_seconds)
        except subprocess.TimeoutExpired:
            child.kill()
            return None
        except BaseException:
            child.kill()
            raise


def _last_line(output: IO[bytes]) -> object:
    length = output.seek(0, os.SEEK_END)
    output.seek(max(0, length - _LAST_LINE_BYTES))
    lines = output.read().splitlines()
    return _decoded(lines[-1]) if lines else None


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
    if returncode == _NO_ROOM_CODE:
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


def _serve(format_name: str, wanted: Wanted, limits: Limits, *, formats: dict[str, ImportFormat]) -> None:
    source, output = os.fdopen(0, "rb"), os.fdopen(1, "wb", closefd=False)
    facts = FileFacts()
    read = formats[format_name].load()
    gc.disable()  # the process ends before anything is worth collecting, and memory is bounded
    try:
        confine(limits)
        for batch in batches_of(_counted(read(source, wanted, facts), limits)):
            output.write(encode_batch(batch))
        output.write(encode_facts(facts))
    except JingweiError as error:
        output.write(encode_refusal(error))
    except MemoryError:
        output.write(encode_refusal(_too_much_memory(limits)))
    output.flush()


def _counted(read: Iterable[Record | Batch], limits: Limits) -> Iterator[Record | Batch]:
    count = 0
    for each in read:
        count += 1 if isinstance(each, Record) else len(each.rows)
        if count > limits.rows:
            raise Refused("The file has more than {limit} rows.", remedy="Split the file.", limit=limits.rows)
        yield each


def main(formats: dict[str, ImportFormat] = IMPORTERS) -> int:
    """Confine this process, read standard input, write its records to standard output and return the exit code."""
    try:
        asked = json.loads(sys.argv[2])
        wanted = Wanted(Shape(asked["shape"]), asked["place_headers"], bool(asked["keeps_place_columns"]))
        _serve(sys.argv[1], wanted, Limits(**json.loads(sys.argv[3])), formats=formats)
    except OSError:  # standard output is all that can fail: the folder is full, or the size limit is reached
        return _NO_ROOM_CODE
    return 0


def _too_much_memory(limits: Limits) -> Refused:
    return Refused(
        "Reading the file needs more than {limit_mib} MiB of memory.",
        remedy="Split the file into smaller ones; if it is small, it is damaged or hostile.",
        limit_mib=limits.memory_bytes // (1024 * 1024),
    )


if __name__ == "__main__":
    os._exit(main())  # the interpreter's own ending needs calls that are no longer allowed
