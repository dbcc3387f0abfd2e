"""Files that are being imported: they come in pieces, and each piece is on the disk before it is acknowledged."""

from __future__ import annotations

import hashlib
import os
import shutil
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from gis_app.storage.file_store import cannot_store

REFUSED_ROWS = ".refused.jsonl"
_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class ImportFiles:
    """A folder with one folder for each import, in which its file bears the name it came with."""

    folder: Path

    def path(self, job_id: uuid.UUID, name: str) -> Path:
        """Return where the file of an import lies."""
        if "/" in name or name in ("", ".", "..", REFUSED_ROWS):
            raise ValueError(f"{name!r} is no name of a file.")
        return self.folder / str(job_id) / name

    def refused_rows(self, job_id: uuid.UUID) -> Path:
        """Return where the rows lie that an import refused."""
        return self.folder / str(job_id) / REFUSED_ROWS

    def put(self, job_id: uuid.UUID, name: str, piece: bytes, *, offset: int) -> None:
        """Write a piece at its place and cut off whatever came after it; when this returns, it is on the disk.

        Raises
        ------
        Unavailable
            If it cannot be written.
        """
        place = self.path(job_id, name)
        try:
            place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = os.open(place, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                os.ftruncate(handle, offset)
                written = 0
                while written < len(piece):
                    written += os.pwrite(handle, piece[written:], offset + written)
                os.fsync(handle)
            finally:
                os.close(handle)
        except OSError as error:
            raise cannot_store(self.folder, error) from error

    def sha256(self, job_id: uuid.UUID, name: str) -> str:
        """Return the SHA-256 of a file in hexadecimal."""
        digest = hashlib.sha256()
        with self.path(job_id, name).open("rb") as file:
            while block := file.read(_BLOCK_BYTES):
                digest.update(block)
        return digest.hexdigest()

    def remove_file(self, job_id: uuid.UUID, name: str) -> None:
        """Delete the file of an import, and keep the rows it refused."""
        self.path(job_id, name).unlink(missing_ok=True)

    def remove(self, job_id: uuid.UUID) -> None:
        """Delete all that is kept of an import."""
        shutil.rmtree(self.folder / str(job_id), ignore_errors=True)

    def sweep(self, kept: Collection[str], *, before: float) -> int:
        """Delete what belongs to no import that is kept and is older than a moment (seconds since 1970)."""
        swept = 0
        for place in self.folder.glob("*"):
            if place.name not in kept and place.stat().st_mtime < before:
                shutil.rmtree(place, ignore_errors=True)
                swept += 1
        return swept
