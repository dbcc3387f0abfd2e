"""The font of a sheet: cut down to what is said, and its file closed again."""

import io
from pathlib import Path

from fontTools.ttLib import TTFont

from gis_app.rendering.sheet_fonts import font_of, sheet_font


def open_files():
    return {str(each.readlink()) for each in Path("/proc/self/fd").iterdir() if each.is_symlink() and each.exists()}


def test_a_font_keeps_the_signs_that_are_said_and_no_others():
    file, number = sheet_font()
    cut = font_of(file, number, frozenset("巡逻 7"))
    with TTFont(io.BytesIO(cut)) as font:
        assert {chr(sign) for sign in font.getBestCmap()} == set("巡逻 7")
    assert len(cut) < file.stat().st_size / 100


def test_the_file_of_a_font_is_closed_again():
    file, number = sheet_font()
    font_of(file, number, frozenset("网格"))
    assert str(file.resolve()) not in open_files()
