"""A team's published route: a page for its phone that prints, and sheets of paper as PDF."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import segno
from flask import Blueprint, Response, current_app, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from markupsafe import Markup

from gis_app.domain.rights import Right
from gis_app.rendering.route_drawing import SHEET, RouteDrawing
from gis_app.services import team_routes
from gis_app.services.formatting import moment_words
from gis_app.web.access import current_scope, requires
from gis_app.web.contract import contract
from gis_app.web.pages import named, word

if TYPE_CHECKING:
    from gis_app.rendering.route_sheet import SheetWords

blueprint = Blueprint("team_routes", __name__)


@blueprint.get("/routes/<int:route_id>")
@requires(Right.VIEW_ROUTES)
@contract("The route of a team tonight, for a phone and for paper", answers="text/html")
def route(route_id: int) -> ResponseReturnValue:
    """Show a published route: next stop, way, times, and a code that opens this page."""
    state = current_app.extensions["jingwei"]
    known = team_routes.route(state.engine, current_scope(), _within(route_id))
    address = _address(route_id)
    return render_template(
        "route.html",
        title=gettext("Route"),
        route=known.route,
        stops=known.stops,
        following=known.following(state.now()),
        drawing=_pixels(known.drawing),
        code=Markup(segno.make(address, error="m").svg_inline(scale=3, border=2)),  # noqa: S704 - drawn by the library
        address=address,
    )


@blueprint.get("/routes/<int:route_id>/sheet.pdf")
@requires(Right.VIEW_ROUTES)
@contract("The route of a team as a sheet of paper", answers="application/pdf")
def sheet(route_id: int) -> ResponseReturnValue:
    """Answer a published route as PDF, A4: map, stops, times, reasons, code."""
    # Here and not above: what writes PDF takes half a second of every start of a server.
    from gis_app.rendering.route_sheet import route_sheet

    state = current_app.extensions["jingwei"]
    known = team_routes.route(state.engine, current_scope(), _within(route_id))
    answer = Response(
        route_sheet(
            known.drawing, _words(known.route, known.stops, _address(route_id)), font=state.settings.sheet_font
        ),
        mimetype="application/pdf",
    )
    answer.headers["Content-Disposition"] = f'attachment; filename="route-{known.route["night"]}-{route_id}.pdf"'
    return answer


def _within(route_id: int) -> int:
    return route_id if route_id < 2**63 else 0


def _address(route_id: int) -> str:
    return f"{request.url_root.rstrip('/')}/routes/{route_id}"


def _pixels(drawing: RouteDrawing) -> dict[str, Any]:
    """Return the drawing as the page's SVG takes it."""

    def path(points: Any) -> str:
        return " ".join(f"{x:.1f},{y:.1f}" for x, y in points.tolist())

    return {
        "width": SHEET[0],
        "height": SHEET[1],
        "path": path(drawing.way),
        "streets": [path(street) for street in drawing.streets],
        "stops": np.round(drawing.stops, 1).tolist(),
        "station": np.round(drawing.station, 1).tolist(),
        "bar_m": drawing.bar_m,
        "bar_px": round(drawing.bar, 1),
    }


def _words(found: Mapping[str, Any], stops: Sequence[Mapping[str, Any]], address: str) -> SheetWords:
    """Return what the sheet says, in the reader's language."""
    from gis_app.rendering.route_sheet import SheetWords

    kilometres = f"{found['length_m'] / 1000:.1f} km"
    times = f"{moment_words(found['starts_at'])[-5:]} – {moment_words(found['ends_at'])[-5:]}"
    return SheetWords(
        title=named(found, "team"),
        facts=" · ".join([str(found["night"]), word("mode", found["mode"]), times, kilometres]),
        columns=("#", gettext("Stop"), gettext("Begins"), gettext("Minutes"), gettext("Why")),
        rows=[
            (
                str(stop["ordinal"]),
                " ".join(filter(None, (named(stop, "village"), stop["code"]))),
                moment_words(stop["begins_at"])[-5:] if stop["begins_at"] else "–",
                f"{stop['dwell_min']:.0f}",
                _reasons(stop),
            )
            for stop in stops
        ],
        address=address,
        code_hint=gettext("This page on a phone:"),
    )


def _reasons(stop: Mapping[str, Any]) -> str:
    return " · ".join(f"{word('prize_part', name)} {value}" for name, value in (stop["prize_parts"] or {}).items())
