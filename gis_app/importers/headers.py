"""Names of columns in their plain form, so that case, width and spaces do not matter."""

from __future__ import annotations

import re
import unicodedata

_GAPS = re.compile(r"[\s\-]+")


def plain(name: str) -> str:
    """Return ``name`` in half width, lower case, trimmed, gaps as one underscore."""
    return _GAPS.sub("_", unicodedata.normalize("NFKC", name).strip().lower())
