"""One photo: the point where it was taken, as the camera wrote it into the EXIF part."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from gis_app.domain.errors import Refused
from gis_app.importers import picture_reading, shapes
from gis_app.importers.records import FileFacts, Record, Shape, Wanted


def prepare(_name: str) -> None:
    """Load what Pillow loads when it needs it."""
    picture_reading.load_what_reading_needs()


def read_photo(source: BinaryIO, wanted: Wanted, facts: FileFacts) -> Iterator[Record]:
    """Yield one row, a point in WGS-84 with the time the picture was taken.

    Raises
    ------
    Refused
        If it is no picture, or the import wants lines or polygons.
    """
    if wanted.shape is not Shape.POINT:
        raise Refused("A photo holds one point.", remedy="Bring photos as hazards or facilities.")
    facts.declared_datum = "wgs84"
    try:
        told = picture_reading.position_of(source.read())
    except MemoryError:
        raise
    except Exception:  # whatever a hostile picture brings about
        raise Refused(
            "This is no picture that can be read.",
            remedy="Send a JPEG, PNG or WebP of at most {most} million pixels.",
            most=picture_reading.MOST_PIXELS // 1_000_000,
        ) from None
    values: dict[str, object] = {"time": told.taken_at}
    if told.place is None:
        bad = shapes.BadGeometry("The photo does not say where it was taken.", "Switch on the camera's position.")
        yield Record(1, values, fault=bad.fault)
    else:
        yield Record(1, values, xy=told.place)
