"""A font of this machine that has Chinese, cut down to what a sheet says: none is shipped with the product."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

from gis_app.domain.errors import Unavailable

KNOWN_FONTS: Sequence[tuple[str, int]] = (
    ("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", 2),
    ("/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc", 2),
    ("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc", 0),
    ("/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc", 0),
    ("/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf", 0),
    ("/usr/share/fonts/opentype/source-han-sans/SourceHanSansSC-Regular.otf", 0),
    ("/usr/share/fonts/truetype/arphic/uming.ttc", 0),
)
"""File and number within it; in a collection of Noto the third is for simplified Chinese."""
DROPPED_TABLES = ("GSUB", "GPOS", "GDEF", "BASE", "JSTF", "VORG", "vhea", "vmtx")


def sheet_font(*, chosen: Path | None = None) -> tuple[Path, int]:
    """Return file and number of the font that sheets are set in.

    Parameters
    ----------
    chosen
        The operator's choice; else the first known one that is there.

    Raises
    ------
    Unavailable
        If there is none.
    """
    known = [(chosen, 0)] if chosen is not None else [(Path(file), number) for file, number in KNOWN_FONTS]
    for file, number in known:
        if file.is_file():
            return file, number
    raise Unavailable(
        "No font with Chinese was found on the server, so no PDF can be made.",
        remedy="Install fonts-noto-cjk or fonts-wqy-microhei, or set JINGWEI_SHEET_FONT, or print the page.",
    )


@lru_cache(maxsize=64)
def font_of(file: Path, number: int, signs: frozenset[str]) -> bytes:
    """Return the font with no more than some signs, which is a thousandth of the whole."""
    options = subset.Options()
    options.layout_features, options.hinting, options.glyph_names = [], False, False
    options.notdef_outline = True
    options.drop_tables += list(DROPPED_TABLES)
    cutter = subset.Subsetter(options)
    cutter.populate(text="".join(sorted(signs)))
    kept = io.BytesIO()
    with TTFont(file, fontNumber=number, lazy=True) as font:
        cutter.subset(font)
        font.save(kept)
    return kept.getvalue()
