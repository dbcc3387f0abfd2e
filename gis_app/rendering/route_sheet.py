"""A team's route as a PDF of A4 sheets: map, stops with times and reasons, and a code that opens the page."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import segno
from fpdf import FPDF
from fpdf.enums import XPos, YPos

from gis_app.rendering.route_drawing import SHEET, FloatArray, RouteDrawing
from gis_app.rendering.sheet_fonts import font_of, sheet_font

MARGIN_MM, WIDTH_MM = 14.0, 182.0
MAP_MM = (WIDTH_MM, WIDTH_MM * SHEET[1] / SHEET[0])
COLUMNS_MM = (9.0, 52.0, 17.0, 16.0, 88.0)
ROW_MM, CODE_MM, FOOT_MM = 7.5, 30.0, 12.0
_INK, _WAY, _SPOT, _STREET, _RULE = (11, 18, 25), (27, 100, 80), (253, 208, 106), (205, 212, 219), (185, 198, 208)


@dataclass(frozen=True)
class SheetWords:
    """All a sheet says, in the reader's language.

    Parameters
    ----------
    title, facts
        Team, and a line of night, mode, times and length.
    columns, rows
        Number, stop, when it begins, minutes, why; rows of the same.
    address, code_hint
        What the code opens, and the words beside it.
    sources
        Of the map, such as that the city is synthetic.
    """

    title: str
    facts: str
    columns: tuple[str, str, str, str, str]
    rows: Sequence[tuple[str, str, str, str, str]]
    address: str
    code_hint: str
    sources: str = ""


def route_sheet(drawing: RouteDrawing, words: SheetWords, *, font: Path | None = None) -> bytes:
    """Return the PDF.

    Parameters
    ----------
    drawing
        Of the route.
    words
        All that is said.
    font
        File of the operator's font; one of the machine's if None.

    Raises
    ------
    Unavailable
        If the machine has no font with Chinese.
    """
    file, number = sheet_font(chosen=font)
    every = "".join([words.title, words.facts, *words.columns, words.address, words.code_hint, words.sources])
    every += "".join(cell for row in words.rows for cell in row) + "0123456789 /…mkN"
    page = _Page(words.title)
    with tempfile.NamedTemporaryFile(suffix=".otf") as cut:
        cut.write(font_of(file, number, frozenset(every)))
        cut.flush()
        page.add_font("sheet", fname=cut.name)
        page.add_page()
        _head(page, words)
        _map(page, drawing, top=page.get_y() + 2)
        _stops(page, words)
        _foot(page, words)
        return bytes(page.output())


class _Page(FPDF):
    """A4 upright; from the second sheet on each says whose it is."""

    def __init__(self, title: str) -> None:
        super().__init__(format="A4")
        self.set_margins(MARGIN_MM, MARGIN_MM)
        self.set_auto_page_break(auto=True, margin=FOOT_MM)
        self.set_title(title)
        self.set_creator("Jingwei")
        self._title = title

    def header(self) -> None:
        if self.page > 1:
            self.write_line(self._title, 9)

    def footer(self) -> None:
        self.set_y(-FOOT_MM)
        self.set_font("sheet", size=8)
        self.cell(w=WIDTH_MM, h=5, text=f"{self.page} / {{nb}}", align="R")

    def write_line(self, text: str, size: float) -> None:
        self.set_font("sheet", size=size)
        self.set_text_color(*_INK)
        self.cell(w=WIDTH_MM, h=size * 0.5, text=text, new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _head(page: _Page, words: SheetWords) -> None:
    page.write_line(words.title, 20)
    page.write_line(words.facts, 11)


def _map(page: _Page, drawing: RouteDrawing, *, top: float) -> None:
    scale = MAP_MM[0] / SHEET[0]

    def line(points: FloatArray, colour: tuple[int, int, int], width_mm: float) -> None:
        page.set_draw_color(*colour)
        page.set_line_width(width_mm)
        page.polyline([(MARGIN_MM + x * scale, top + y * scale) for x, y in points.tolist()])

    with page.local_context():
        page.set_draw_color(*_RULE)
        page.set_line_width(0.3)
        with page.rect_clip(MARGIN_MM, top, *MAP_MM):
            for street in drawing.streets:
                line(street, _STREET, 0.35)
            line(drawing.way, _WAY, 1.0)
        page.set_draw_color(*_RULE)
        page.set_line_width(0.3)
        page.rect(MARGIN_MM, top, *MAP_MM)
        x, y = (MARGIN_MM + drawing.station[0] * scale, top + drawing.station[1] * scale)
        page.set_fill_color(*_INK)
        page.rect(x - 2, y - 2, 4, 4, style="F")
        for number, (right, down) in enumerate(drawing.stops.tolist(), start=1):
            _spot(page, str(number), MARGIN_MM + right * scale, top + down * scale)
        _scale_and_north(page, drawing, top=top, scale=scale)
    page.set_y(top + MAP_MM[1] + 4)


def _spot(page: _Page, text: str, x: float, y: float) -> None:
    page.set_fill_color(*_SPOT)
    page.set_draw_color(*_INK)
    page.set_line_width(0.4)
    page.circle(x, y, 3.1, style="DF")
    page.set_font("sheet", size=8)
    page.set_text_color(*_INK)
    page.set_xy(x - 4, y - 2)
    page.cell(w=8, h=4, text=text, align="C")


def _scale_and_north(page: _Page, drawing: RouteDrawing, *, top: float, scale: float) -> None:
    left, low = MARGIN_MM + 5, top + MAP_MM[1] - 4
    page.set_draw_color(*_INK)
    page.set_line_width(0.5)
    page.line(left, low, left + drawing.bar * scale, low)
    for end in (left, left + drawing.bar * scale):
        page.line(end, low - 1, end, low + 1)
    page.set_font("sheet", size=8)
    page.set_xy(left, low - 5)
    bar = f"{drawing.bar_m // 1000} km" if drawing.bar_m >= 1000 else f"{drawing.bar_m} m"
    page.cell(w=20, h=4, text=bar)
    right = MARGIN_MM + MAP_MM[0] - 7
    page.line(right, top + 12, right, top + 4)
    page.polyline([(right - 1.8, top + 7), (right, top + 4), (right + 1.8, top + 7)])
    page.set_xy(right - 4, top + 12)
    page.cell(w=8, h=4, text="N", align="C")


def _stops(page: _Page, words: SheetWords) -> None:
    _row(page, words.columns, is_head=True)
    for row in words.rows:
        if page.will_page_break(ROW_MM):
            page.add_page()
            _row(page, words.columns, is_head=True)
        _row(page, row)


def _row(page: _Page, cells: Sequence[str], *, is_head: bool = False) -> None:
    size = 8.5 if is_head else 9.5
    page.set_font("sheet", size=size)
    page.set_text_color(*_INK)
    page.set_draw_color(*_RULE)
    page.set_line_width(0.2)
    for width, text, align in zip(COLUMNS_MM, cells, "RLLRL", strict=True):
        page.cell(w=width, h=ROW_MM, text=_fitting(page, text, width - 2), border="B", align=align)
    page.ln(ROW_MM)


def _fitting(page: _Page, text: str, width: float) -> str:
    """Return the text, cut with an ellipsis where it is wider than its column."""
    if page.get_string_width(text) <= width:
        return text
    while text and page.get_string_width(text + "…") > width:
        text = text[:-1]
    return text + "…"


def _foot(page: _Page, words: SheetWords) -> None:
    if page.will_page_break(CODE_MM + 6):
        page.add_page()
    top = page.get_y() + 4
    matrix = segno.make(words.address, error="m").matrix
    side = CODE_MM / len(matrix)
    page.set_fill_color(*_INK)
    for down, row in enumerate(matrix):
        for right, is_dark in enumerate(row):
            if is_dark:
                page.rect(MARGIN_MM + right * side, top + down * side, side + 0.02, side + 0.02, style="F")
    page.set_font("sheet", size=9)
    page.set_xy(MARGIN_MM + CODE_MM + 6, top + 6)
    page.multi_cell(w=WIDTH_MM - CODE_MM - 6, h=5, text="\n".join(filter(None, (words.code_hint, words.address))))
    if words.sources:
        page.set_x(MARGIN_MM + CODE_MM + 6)
        page.multi_cell(w=WIDTH_MM - CODE_MM - 6, h=5, text=words.sources)
