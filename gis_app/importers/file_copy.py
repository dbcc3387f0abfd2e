"""A private copy of the file to import, so that what is hashed is what is parsed, and nobody changes it between."""

from __future__ import annotations

import hashlib
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from gis_app.domain.errors import InvalidInput, Refused, Unavailable

_COPY_BYTES = 1 << 20


def private_copy(path: Path, max_bytes: int) -> tuple[IO[bytes], str]:
    """Return an unnamed copy of the file, at its start, and its SHA-256 in hexadecimal.

    Raises
    ------
    InvalidInput
        If there is no such file, it is not a plain file, it cannot be read, or it is empty.
    Refused
        If it is larger than ``max_bytes``.
    """
    _require_plain_file(path)
    with ExitStack() as on_error:
        try:
            copy = on_error.enter_context(tempfile.TemporaryFile())
            sha256 = _copy(path, copy, max_bytes)
        except OSError as error:
            raise no_room(error.strerror or str(error)) from None
        if copy.tell() == 0:
            raise InvalidInput("The file {path} is empty.", remedy="Export the data again.", path=path)
        copy.seek(0)
        on_error.pop_all()
    return copy, sha256


def _copy(path: Path, copy: IO[bytes], max_bytes: int) -> str:
    digest = hashlib.sha256()
    try:
        original = path.open("rb")
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from None
    with original:
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
    return digest.hexdigest()


def _require_plain_file(path: Path) -> None:
    if not path.exists():
        raise InvalidInput("There is no file {path}.", remedy="Check the path and the spelling.", path=path)
    if not path.is_file():
        raise _unreadable(path, "it is not a plain file")


def no_room(reason: str) -> Unavailable:
    """Return the error of a temporary folder that is full or not writable."""
    return Unavailable(
        "The temporary folder {folder} does not take what the import needs: {reason}.",
        remedy="Free some space there, or set TMPDIR to a folder that has room.",
        folder=tempfile.tempdir or "(none found)",
        reason=reason,
    )


def _unreadable(path: Path, reason: str) -> InvalidInput:
    return InvalidInput(
        "The file {path} cannot be read: {reason}.", remedy="Check the path and its rights.", path=path, reason=reason
    )
