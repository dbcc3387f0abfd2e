"""Reading a hostile picture in a process of its own: ``python -I -m gis_app.importers.picture_reading LIMITS``.

The child confines itself (see ``confinement``) before it looks at the first byte. What it hands back is drawn anew from
the pixels: upright, bounded in size, without a word of what cameras write beside them. Place and moment are told apart.
"""

from __future__ import annotations

import io
import json
import math
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import IO, Any

from PIL import Image, ImageOps
from PIL.ExifTags import GPS, IFD, Base

from gis_app.domain.errors import Refused, Unavailable
from gis_app.importers.confinement import Limits, confine, isolated_module

FORMATS = ("JPEG", "PNG", "WEBP")
MOST_PIXELS = 60_000_000
FULL_SIDE, THUMBNAIL_SIDE = 2560, 320
PICTURE_LIMITS = Limits(memory_bytes=1024 * 1024 * 1024, output_bytes=64 * 1024 * 1024)
_MODULE = "gis_app.importers.picture_reading"
_MOST_FACTS = 1000


@dataclass(frozen=True)
class Picture:
    """A picture drawn anew as JPEG, whole and small, and what the camera told of it.

    Parameters
    ----------
    place
        Longitude and latitude in WGS-84 degrees, None if the camera told none.
    taken_at
        None if the camera told none, or not in which time zone.
    """

    full: bytes
    thumbnail: bytes
    width: int
    height: int
    place: tuple[float, float] | None
    taken_at: datetime | None


def read_picture(source: IO[bytes], *, limits: Limits = PICTURE_LIMITS) -> Picture:
    """Read a picture in a confined child process.

    Raises
    ------
    Refused
        If it is none of JPEG, PNG and WebP, is damaged, or too large to draw.
    Unavailable
        If the child cannot be started or confined on this machine.
    """
    with ExitStack() as files:
        output = files.enter_context(tempfile.TemporaryFile())
        arguments = [*isolated_module(_MODULE), json.dumps(vars(limits))]
        environment = {"LANG": "C.UTF-8", "OMP_NUM_THREADS": "1"}
        try:
            child = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                arguments, stdin=source, stdout=output, stderr=subprocess.DEVNULL, env=environment, cwd="/"
            )
        except OSError as error:
            raise Unavailable(
                "The reading process cannot be started: {reason}.", remedy="Try again later.", reason=error.strerror
            ) from None
        with child:
            try:
                code = child.wait(timeout=limits.wall_seconds)
            except subprocess.TimeoutExpired:
                child.kill()
                code = -signal.SIGKILL
        output.seek(0)
        return _believed(output.read(), code)


def _believed(told: bytes, code: int) -> Picture:
    """Return what the child told, as far as it is what it should be."""
    try:
        line, _, rest = told.partition(b"\n")
        facts = json.loads(line[:_MOST_FACTS])
        if code == 0 and facts.get("unavailable"):
            raise Unavailable("Pictures cannot be read safely on this machine.", remedy="See docs/operating.md.")
        sizes = [int(facts[name]) for name in ("full", "thumbnail", "width", "height")]
        if code != 0 or min(sizes) < 1 or sizes[0] + sizes[1] != len(rest):
            raise ValueError
        place = None if facts["place"] is None else (float(facts["place"][0]), float(facts["place"][1]))
        taken_at = None if facts["taken_at"] is None else datetime.fromisoformat(facts["taken_at"])
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        raise Refused(
            "This is no picture that can be read.",
            remedy="Send a JPEG, PNG or WebP of at most {most} million pixels.",
            most=MOST_PIXELS // 1_000_000,
        ) from None
    return Picture(rest[: sizes[0]], rest[sizes[0] :], sizes[2], sizes[3], place, taken_at)


def _draw(source: bytes) -> tuple[dict[str, Any], bytes, bytes]:
    with Image.open(io.BytesIO(source), formats=FORMATS) as opened:
        if opened.width * opened.height > MOST_PIXELS:
            raise ValueError("too many pixels")
        exif = opened.getexif()
        place, taken_at = _place(exif), _taken_at(exif)
        opened.draft("RGB", (FULL_SIDE, FULL_SIDE))
        upright = ImageOps.exif_transpose(opened).convert("RGB")
    upright.thumbnail((FULL_SIDE, FULL_SIDE))
    small = upright.copy()
    small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    full, thumbnail = io.BytesIO(), io.BytesIO()
    # Pixels alone: a new picture has neither EXIF nor comments to take along.
    Image.frombytes("RGB", upright.size, upright.tobytes()).save(full, "JPEG", quality=85)
    Image.frombytes("RGB", small.size, small.tobytes()).save(thumbnail, "JPEG", quality=80)
    facts = {"width": upright.width, "height": upright.height, "place": place, "taken_at": taken_at}
    return facts, full.getvalue(), thumbnail.getvalue()


def _place(exif: Image.Exif) -> tuple[float, float] | None:
    told = exif.get_ifd(IFD.GPSInfo)
    try:
        lat, lon = (_degrees(told[tag]) for tag in (GPS.GPSLatitude, GPS.GPSLongitude))
        lat = -lat if str(told.get(GPS.GPSLatitudeRef, "N")).strip("\0 ") == "S" else lat
        lon = -lon if str(told.get(GPS.GPSLongitudeRef, "E")).strip("\0 ") == "W" else lon
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    is_place = math.isfinite(lon) and math.isfinite(lat) and abs(lon) <= 180 and abs(lat) <= 90
    # What cameras write that have no place yet.
    return (lon, lat) if is_place and (lon, lat) != (0.0, 0.0) else None


def _degrees(parts: Any) -> float:
    degrees, minutes, seconds = (float(part) for part in parts)
    return degrees + minutes / 60 + seconds / 3600


def _taken_at(exif: Image.Exif) -> str | None:
    told = exif.get_ifd(IFD.Exif)
    try:
        moment = datetime.strptime(str(told[Base.DateTimeOriginal]).strip("\0 "), "%Y:%m:%d %H:%M:%S")
        sign, hours, minutes = (
            str(told[Base.OffsetTimeOriginal])[0],
            *str(told[Base.OffsetTimeOriginal])[1:6].split(":"),
        )
        offset = timedelta(hours=int(hours), minutes=int(minutes)) * (-1 if sign == "-" else 1)
        return moment.replace(tzinfo=timezone(offset)).astimezone(UTC).isoformat()
    except (KeyError, ValueError, IndexError, OverflowError):
        return None


@dataclass(frozen=True)
class Position:
    """Where and when a picture was taken, as the camera wrote it; None where it wrote nothing."""

    place: tuple[float, float] | None
    taken_at: str | None


def position_of(source: bytes) -> Position:
    """Return where and when a picture was taken; its pixels are not looked at.

    For confined processes. Raises whatever Pillow raises over what is no JPEG, PNG or WebP.
    """
    with Image.open(io.BytesIO(source), formats=FORMATS) as opened:
        exif = opened.getexif()
        return Position(_place(exif), _taken_at(exif))


def load_what_reading_needs() -> None:
    """Load the modules that Pillow loads only when it needs them."""
    _load_what_drawing_needs()


def _load_what_drawing_needs() -> None:
    """Draw a picture of each format: modules are files too, and Pillow loads some only when they are needed."""
    exif = Image.Exif()
    exif[Base.Orientation] = 6
    exif.get_ifd(IFD.GPSInfo)[GPS.GPSLatitudeRef] = "N"
    exif.get_ifd(IFD.Exif).update({Base.DateTimeOriginal: "2026:01:01 00:00:00", Base.OffsetTimeOriginal: "+08:00"})
    for name in FORMATS:
        made = io.BytesIO()
        Image.new("RGB", (8, 4)).save(made, name, exif=exif)
        _draw(made.getvalue())


def main() -> int:
    """Confine this process, draw standard input anew on standard output and return the exit code."""
    limits = Limits(**json.loads(sys.argv[1]))
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    _load_what_drawing_needs()
    try:
        confine(limits)
    except Unavailable:
        os.write(1, b'{"unavailable": true}\n')
        return 0
    try:
        with os.fdopen(0, "rb") as source, os.fdopen(1, "wb", closefd=False) as output:
            facts, full, thumbnail = _draw(source.read())
            told = {**facts, "full": len(full), "thumbnail": len(thumbnail)}
            output.write(json.dumps(told).encode() + b"\n" + full + thumbnail)
    except Exception:  # whatever a hostile picture brings about
        return 1
    return 0


if __name__ == "__main__":
    os._exit(main())  # the interpreter's own ending needs calls that are no longer allowed
