"""Reading a hostile file in a process of its own: ``python -I -m gis_app.importers.sandbox FORMAT SHAPE``.

The parent copies the file into an unnamed temporary file, so that what is hashed is what is parsed, and starts a fresh
interpreter with an empty environment and no open file but that copy and two more for output. The child confines itself
(see ``confinement``), reads with the one reader named and writes one JSON line per row. It is killed at the limits; the
parent reads its lines only when it has ended, and believes none of them.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, BinaryIO

from gis_app.domain.errors import InvalidInput, JingweiError, Refused, Unavailable
from gis_app.importers.confinement import Limits, confine
from gis_app.importers.formats import IMPORTERS, ImportFormat
from gis_app.importers.records import (
    MAX_ROWS,
    FileFacts,
    Record,
    Shape,
    decode_record,
    encode_facts,
    encode_record,
    encode_refusal,
    require_plain_templates,
)

_COPY_BYTES = 1 << 20
_MAX_LINE_BYTES = 64 * 1024 * 1024
_MODULE = "gis_app.importers.sandbox"
_LOGGED_BYTES = 4000
_LOGGER = logging.getLogger(__name__)
STANDARD_LIMITS = Limits()


def private_copy(path: Path, max_bytes: int) -> tuple[BinaryIO, str]:
    """Return an unnamed copy of the file, at its start, and its SHA-256 in hexadecimal.

    Raises
    ------
    InvalidInput
        If there is no such file, it is not a plain file, it cannot be read, or it is empty.
    Refused
        If it is larger than ``max_bytes``.
    """
    _require_plain_file(path)
    copy = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    digest = hashlib.sha256()
    try:
        with path.open("rb") as original:
            while chunk := original.read(_COPY_BYTES):
                digest.update(chunk)
                copy.write(chunk)
                if copy.tell() > max_bytes:
                    raise Refused(
                        "The file {path} is larger than {limit_mib} MiB.",
                        remedy="Split it into smaller files.",
                        path=path,
                        limit_mib=max_bytes // (1024 * 1024),
                    )
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from None
    if copy.tell() == 0:
        raise InvalidInput("The file {path} is empty.", remedy="Export the data again.", path=path)
    copy.seek(0)
    return copy, digest.hexdigest()


def _require_plain_file(path: Path) -> None:
    if not path.exists():
        raise InvalidInput("There is no file {path}.", remedy="Check the path and the spelling.", path=path)
    if not path.is_file():
        raise _unreadable(path, "it is not a plain file")


def _unreadable(path: Path, reason: str) -> InvalidInput:
    return InvalidInput(
        "The file {path} cannot be read: {reason}.", remedy="Check the path and its rights.", path=path, reason=reason
    )


def read_rows(
    source: BinaryIO,
    format_name: str,
    *,
    shape: Shape,
    facts: FileFacts,
    limits: Limits = STANDARD_LIMITS,
    command: Sequence[str] = (sys.executable, "-I", "-m", _MODULE),
) -> Iterator[Record]:
    """Yield the records of ``source``, read in a confined child process, and fill in ``facts`` at the end.

    Raises
    ------
    Refused
        If the reader refused the file or went beyond a limit.
    Unavailable
        If the child cannot be started or confined on this machine.
    """
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as complaints:
        arguments = [*command, format_name, shape.value, json.dumps(vars(limits))]
        returncode = _run(arguments, source, output, complaints=complaints, wall_seconds=limits.wall_seconds)
        _log_complaints(complaints)
        output.seek(0)
        last: object = None
        try:
            while line := output.readline(_MAX_LINE_BYTES):
                last = _decoded(line)
                if not isinstance(last, list):
                    break
                yield _of_shape(decode_record(last), shape)
            _require_good_end(last, returncode, facts, limits=limits)
        except (TypeError, ValueError, KeyError):
            raise _stopped(returncode, limits) from None


def _of_shape(record: Record, shape: Shape) -> Record:
    is_point = shape in (Shape.POINT, Shape.FIX)
    if record.fault is None and is_point != (record.xy is not None):
        raise TypeError("not a record of this shape")
    return record


def _run(
    arguments: Sequence[str], source: BinaryIO, output: IO[bytes], *, complaints: IO[bytes], wall_seconds: float
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


def _decoded(line: bytes) -> object:
    try:
        return json.loads(line)
    except ValueError:
        return None  # cut off: the child was stopped in the middle of it


def _require_good_end(last: object, returncode: int | None, facts: FileFacts, *, limits: Limits) -> None:
    end = last if isinstance(last, dict) else {}
    if returncode == 0 and isinstance(end.get("facts"), dict):
        _believe(end["facts"], facts)
        return
    told = end.get("refused")
    if isinstance(told, dict):
        kind = Unavailable if told.get("is_unavailable") else Refused
        template, remedy, params = str(told["template"]), str(told["remedy"]), dict(told["params"])
        require_plain_templates(template, remedy, params)
        raise kind(template, remedy=remedy, **params)
    raise _stopped(returncode, limits)


def _believe(told: dict[str, object], facts: FileFacts) -> None:
    datum = told["declared_datum"]
    facts.declared_datum = None if datum is None else str(datum)
    facts.encoding = str(told["encoding"])
    facts.dropped_heights = int(str(told["dropped_heights"]))


def _log_complaints(complaints: IO[bytes]) -> None:
    complaints.seek(0)
    told = complaints.read(_LOGGED_BYTES)
    if told:
        _LOGGER.warning("The reading process complained: %s", ascii(told.decode("utf-8", "replace")))


def _stopped(returncode: int | None, limits: Limits) -> Refused:
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


def serve(format_name: str, shape: Shape, limits: Limits, *, formats: dict[str, ImportFormat] = IMPORTERS) -> None:
    """Confine this process, read standard input and write its records to standard output."""
    source, output = os.fdopen(0, "rb"), os.fdopen(1, "wb", closefd=False)
    facts = FileFacts()
    try:
        confine(limits)
        for count, record in enumerate(formats[format_name].read(source, shape, facts), start=1):
            if count > MAX_ROWS:
                raise Refused("The file has more than {limit} rows.", remedy="Split the file.", limit=MAX_ROWS)
            output.write(encode_record(record))
        output.write(encode_facts(facts))
    except JingweiError as error:
        output.write(encode_refusal(error))
    except MemoryError:
        output.write(encode_refusal(_too_much_memory(limits)))
    output.flush()


def _too_much_memory(limits: Limits) -> Refused:
    return Refused(
        "Reading the file needs more than {limit_mib} MiB of memory.",
        remedy="Split the file into smaller ones; if it is small, it is damaged or hostile.",
        limit_mib=limits.memory_bytes // (1024 * 1024),
    )


if __name__ == "__main__":
    serve(sys.argv[1], Shape(sys.argv[2]), Limits(**json.loads(sys.argv[3])))
    os._exit(0)  # the interpreter's own ending needs calls that are no longer allowed
