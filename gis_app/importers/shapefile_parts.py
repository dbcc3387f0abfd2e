"""The parts of a zipped shapefile, and the encoding of its text, which GDAL would guess silently."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO

from gis_app.domain.errors import Refused
from gis_app.importers import archive, encodings
from gis_app.importers.records import Batch, CellFault, FileFacts, GeometryFault

_NEEDED, _WELCOME = (".shp", ".shx", ".dbf"), (".prj", ".cpg")
_SHAPE_MAGIC = bytes.fromhex("0000270a")
_RAW = "iso-8859-1"
_CODE_PAGES = {"UTF8": "utf-8", "65001": "utf-8", "GBK": "gb18030", "936": "gb18030", "CP936": "gb18030",
               "GB2312": "gb18030", "GB18030": "gb18030", "54936": "gb18030", "ANSI936": "gb18030"}  # fmt: skip
_LANGUAGE_DRIVERS = {0x4D: "gb18030", 0x7A: "gb18030"}
"""Byte 29 of a .dbf: 936 as FoxPro and ESRI write it."""


@dataclass(frozen=True)
class ShapefileParts:
    """A clean archive of one shapefile's parts, and the encoding it declares (None if it declares none we know)."""

    archive: bytes
    code_page: str | None


def unpacked(source: BinaryIO) -> ShapefileParts:
    """Return the one shapefile of an archive, packed anew under a plain name; its names never reach GDAL.

    Raises
    ------
    Refused
        If the archive is hostile, or does not hold exactly one whole shapefile.
    """
    opened = archive.vetted(source)
    found = archive.by_suffix(opened, (*_NEEDED, *_WELCOME))
    if len(found[".shp"]) != 1:
        raise Refused(
            "The archive holds {count} shapefiles.", remedy="Send one shapefile in each zip.", count=len(found[".shp"])
        )
    stem = _stem(found[".shp"][0])
    parts = {suffix: next((m for m in members if _stem(m) == stem), None) for suffix, members in found.items()}
    missing = [suffix for suffix in _NEEDED if parts[suffix] is None]
    if missing:
        raise Refused(
            "The shapefile lacks its parts {missing}.",
            remedy="Pack .shp, .shx, .dbf and .prj of the same name together.",
            missing=", ".join(missing),
        )
    contents = {suffix: archive.content(opened, part) for suffix, part in parts.items() if part is not None}
    if not contents[".shp"].startswith(_SHAPE_MAGIC):
        raise Refused("The .shp of the archive is not a shapefile.", remedy="Export the data again as a shapefile.")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as clean:
        for suffix in (*_NEEDED, ".prj"):
            if suffix in contents:
                clean.writestr(f"data{suffix}", contents[suffix])
    return ShapefileParts(packed.getvalue(), _code_page(contents))


def _stem(member: zipfile.ZipInfo) -> str:
    return str(PurePosixPath(member.filename).with_suffix("")).lower()


def _code_page(contents: dict[str, bytes]) -> str | None:
    told = contents.get(".cpg", b"").decode("ascii", "replace").strip().upper()
    name = "".join(character for character in told if character.isalnum())
    if name:
        return _CODE_PAGES.get(name)
    header = contents[".dbf"][:32]
    return _LANGUAGE_DRIVERS.get(header[29]) if len(header) > 29 else None


class ShapefileText:
    """Turns text that GDAL read byte by byte into what it is; the encoding is settled by the first batch."""

    def __init__(self, declared: str | None) -> None:
        self._declared = declared
        self._encoding: str | None = None

    def decoded(self, batch: Batch, facts: FileFacts) -> Batch:
        """Return the batch with its text decoded; a text cut inside a character is a fault of its cell."""
        raw = {name: [_bytes(cell) for cell in cells] for name, cells in batch.columns.items()}
        names = [name.encode(_RAW) for name in batch.columns]
        texts = [cell for cells in raw.values() for cell in cells if cell is not None]
        if self._encoding is None:
            self._encoding = self._settled([*names, *texts], facts)
        columns: dict[str, list[object]] = {}
        for name, cells in batch.columns.items():
            header = name.encode(_RAW).decode(self._encoding, "replace")
            columns[header] = [
                cell if text is None else self._text(at, header, text, batch)
                for at, (cell, text) in enumerate(zip(cells, raw[name], strict=True))
            ]
        batch.columns = columns
        return batch

    def _settled(self, texts: list[bytes], facts: FileFacts) -> str:
        whole = [text for text in texts if not text.isascii()]
        if self._declared is not None and encodings.most_decode(whole, self._declared):
            encoding = self._declared
        else:
            encoding = encodings.detect_texts(whole)
            if self._declared is not None and whole:
                facts.note(
                    "The shapefile says its text is {declared}, but it is {found}; it was read as that.",
                    declared=self._declared,
                    found=encoding,
                )
        facts.encoding = encoding
        return encoding

    def _text(self, at: int, header: str, text: bytes, batch: Batch) -> str | None:
        try:
            return text.decode(str(self._encoding))
        except UnicodeDecodeError:
            fault = GeometryFault(
                "The text is cut off in the middle of a character, or damaged: {shown}.",
                "Shorten or correct it in the source, or make the field wider, and export again.",
                {"shown": ascii(text.decode(str(self._encoding), "replace")[-20:])},
            )
            batch.faults.append(CellFault(at, header, fault))
            return None


def _bytes(cell: object) -> bytes | None:
    return cell.encode(_RAW, "replace") if isinstance(cell, str) else None
