"""The members of a hostile archive, within limits on ratio, count, size and names; nothing is written anywhere."""

from __future__ import annotations

import codecs
import stat
import zipfile
from collections.abc import Collection
from pathlib import PurePosixPath
from typing import BinaryIO

from gis_app.domain.errors import Refused

# Loaded here because inside the sandbox no module can be opened any more.
for _name in ("cp437", "utf-8", "ascii"):
    codecs.lookup(_name)
_MIB = 1024 * 1024
MOST_MEMBERS = 200
MOST_BYTES = 256 * _MIB
MOST_RATIO = 200
"""A member may inflate this much; text of one repeated letter reaches 1,000, real tables under 50."""
_RATIO_FROM_BYTES = _MIB
_ENCRYPTED = 0x1


def vetted(source: BinaryIO) -> zipfile.ZipFile:
    """Return an archive whose directory keeps within the limits.

    Raises
    ------
    Refused
        If it is no zip, or a member is encrypted, a link, named out of the archive, or beyond a limit.
    """
    try:
        archive = zipfile.ZipFile(source)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError, OSError) as error:
        raise Refused(
            "The file is not a readable zip archive: {reason}.",
            remedy="Pack the data again as an ordinary zip.",
            reason=str(error)[:120],
        ) from None
    members = archive.infolist()
    if len(members) > MOST_MEMBERS:
        raise _beyond("members", len(members), MOST_MEMBERS)
    total = sum(member.file_size for member in members)
    if total > MOST_BYTES:
        raise _beyond("bytes", total, MOST_BYTES)
    for member in members:
        _require_harmless(member)
    return archive


def _beyond(what: str, found: int, limit: int) -> Refused:
    return Refused(
        "The archive holds {found} {what}; at most {limit} are read.",
        remedy="Send the data in smaller parts, with nothing else in the archive.",
        found=found,
        what=what,
        limit=limit,
    )


def _require_harmless(member: zipfile.ZipInfo) -> None:
    name = member.filename
    path = PurePosixPath(name.replace("\\", "/"))
    leaves = path.is_absolute() or ".." in path.parts or ":" in name or "\0" in member.orig_filename
    if leaves or stat.S_ISLNK(member.external_attr >> 16):
        raise Refused(
            "The archive holds a member whose name leads out of it, or a link: {name}.",
            remedy="Pack the data again as an ordinary zip.",
            name=ascii(name[:80]),
        )
    if member.flag_bits & _ENCRYPTED:
        raise Refused("The archive is encrypted.", remedy="Pack the data again without a password.")
    if member.file_size > _RATIO_FROM_BYTES and member.file_size > MOST_RATIO * max(member.compress_size, 1):
        raise Refused(
            "The archive inflates {name} more than {limit} times.",
            remedy="Pack the data again as an ordinary zip; this one looks like a bomb.",
            name=ascii(name[:80]),
            limit=MOST_RATIO,
        )


def by_suffix(archive: zipfile.ZipFile, suffixes: Collection[str]) -> dict[str, list[zipfile.ZipInfo]]:
    """Return the members of each suffix (lower case, with its dot), hidden files and those of macOS left out."""
    found: dict[str, list[zipfile.ZipInfo]] = {suffix: [] for suffix in suffixes}
    for member in archive.infolist():
        path = PurePosixPath(member.filename)
        is_hidden = path.name.startswith(".") or "__MACOSX" in path.parts
        if not member.is_dir() and not is_hidden and path.suffix.lower() in found:
            found[path.suffix.lower()].append(member)
    return found


def content(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """Return what a member holds; never more than its directory entry told.

    Raises
    ------
    Refused
        If it is damaged, or not packed as ordinary zips are.
    """
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _damaged(member, "unusual packing")
    try:
        with archive.open(member) as opened:
            held = opened.read(member.file_size + 1)
    except Exception as error:  # zlib and zipfile raise many kinds over damaged data
        if isinstance(error, MemoryError):
            raise
        raise _damaged(member, str(error)[:120]) from None
    if len(held) != member.file_size:
        raise _damaged(member, "its size is not what the directory says")
    return held


def _damaged(member: zipfile.ZipInfo, reason: str) -> Refused:
    return Refused(
        "The member {name} of the archive cannot be read: {reason}.",
        remedy="Pack the data again as an ordinary zip.",
        name=ascii(member.filename[:80]),
        reason=reason,
    )
