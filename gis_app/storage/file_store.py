"""Files kept under the name of their content: written whole and on the disk before anything refers to them."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from gis_app.domain.errors import Unavailable


def cannot_store(folder: Path, error: OSError) -> Unavailable:
    """Return what is told when a folder takes no file."""
    return Unavailable(
        "The file cannot be stored in {folder}: {reason}",
        remedy="Make the folder writable and free space on its disk.",
        folder=folder,
        reason=error.strerror,
    )


@dataclass(frozen=True)
class FileStore:
    """A folder of files, each in a folder of its first two signs."""

    folder: Path

    def put(self, content: bytes) -> str:
        """Keep a content and return its name; when this returns, it is on the disk.

        Raises
        ------
        Unavailable
            If it cannot be written.
        """
        name = hashlib.sha256(content).hexdigest()
        place = self._place(name)
        try:
            place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            if place.exists():
                os.utime(place)  # kept anew: not to be swept away as one that nobody refers to
                return name
            with tempfile.NamedTemporaryFile(dir=place.parent, prefix=".new-", delete=False) as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(file.name).replace(place)
            for folder in (place.parent, self.folder):
                handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
                try:
                    os.fsync(handle)
                finally:
                    os.close(handle)
        except OSError as error:
            raise cannot_store(self.folder, error) from error
        return name

    def get(self, name: str) -> bytes | None:
        """Return the content of a name, None if it is not there."""
        try:
            return self._place(name).read_bytes()
        except FileNotFoundError:
            return None

    def sweep(self, kept: Collection[str], *, before: float) -> int:
        """Delete files that nobody refers to, written before a moment (seconds since 1970); return how many."""
        swept = 0
        for path in self.folder.glob("*/*"):
            try:
                if path.name not in kept and path.stat().st_mtime < before:
                    path.unlink()
                    swept += 1
            except FileNotFoundError:
                continue
        return swept

    def _place(self, name: str) -> Path:
        if not (name.isascii() and name.isalnum()):
            raise ValueError(f"{name!r} is no name of a stored file.")
        return self.folder / name[:2] / name
