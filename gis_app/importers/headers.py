"""Names of columns in their plain form, and those by which a table says where its rows lie."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

_GAPS = re.compile(r"[\s\-]+")


def plain(name: str) -> str:
    """Return ``name`` in half width, lower case, trimmed, gaps as one underscore."""
    return _GAPS.sub("_", unicodedata.normalize("NFKC", name).strip().lower())


PLACE_HEADERS: Mapping[str, tuple[str, ...]] = {
    "lon": ("lon", "lng", "long", "longitude", "x", "经度", "东坐标"),
    "lat": ("lat", "latitude", "y", "纬度", "北坐标"),
    "wkt": ("wkt", "geom", "geometry", "几何", "图形"),
    "place_name": ("place_name", "village", "grid", "村社", "村居", "所在村", "所属村", "村", "社区", "网格",
                   "所属网格", "所在网格"),
    "place_within": ("place_within", "township", "乡镇", "街道", "乡镇街道", "所属乡镇", "所属街道"),
}  # fmt: skip
"""What says where a row lies, and the headers it is known by, in plain form."""
