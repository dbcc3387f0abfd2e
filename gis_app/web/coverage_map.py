"""What the script of the coverage page needs: the map, where its areas are, the measures and their colours, words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext, lazy_gettext

from gis_app.services.coverage_reports import CoverageReport
from gis_app.web import params
from gis_app.web.background import background_map
from gis_app.web.pages import word

MAP_LAYERS = ("land", "water", "streets", "townships", "place_names")
_NONE, _GOOD = "#46515e", "#58b36f"
_SHARE = ((0.8, "#f0f3a0"), (0.6, "#a3d977"), (0.4, "#58b36f"), (0.2, "#2a8a63"), (1e-4, "#1c5c4b"), (0.0, _NONE))
_IDLE = ((14.0, "#c63d2f"), (7.0, "#ee8a3c"), (3.0, "#f6c667"), (1.0, "#7fae6b"), (0.0, "#2a8a63"))
_LEFT = ((0.75, "#c63d2f"), (0.5, "#ee8a3c"), (0.25, "#f6c667"), (1e-4, "#7fae6b"), (0.0, "#2a8a63"))
_RISK = ((0.03, "#c63d2f"), (0.01, "#ee8a3c"), (0.005, "#f6c667"), (1e-4, "#7fae6b"), (0.0, "#2a8a63"))
_RISK_OF_TOWNSHIPS = ((0.1, "#c63d2f"), (0.05, "#ee8a3c"), (0.02, "#f6c667"), (1e-4, "#7fae6b"), (0.0, "#2a8a63"))
STATE_COLORS = {"found": "#ee8a3c", "checked_clear": _GOOD, "unchecked": _NONE}
MEASURES = {
    "share": lazy_gettext("Streets walked"),
    "area_share": lazy_gettext("Ground swept"),
    "state": lazy_gettext("Found, clear, unchecked"),
    "idle_mean_days": lazy_gettext("Days without a visit"),
    "risk_left": lazy_gettext("Risk left out"),
}


def map_config(known: CoverageReport, query: str) -> Mapping[str, Any]:
    """Return the configuration of the page's map."""
    return {
        **background_map(MAP_LAYERS),
        "coverage": {
            "areas": f"/api/coverage.geojson?{query}&lang={params.locale()}",
            "values": f"/api/coverage?{query}",
            "village": "/villages/" if known.question.level == "village" else "",
            "measures": {name: _measure(name, known.question.level) for name in MEASURES},
            "words": {
                "none": gettext("not known"),
                "never": gettext("never visited"),
                "failed": gettext("The areas could not be loaded."),
                "play": gettext("Play"),
                "pause": gettext("Pause"),
            },
        },
    }


def _measure(name: str, level: str) -> dict[str, Any]:
    if name == "state" and level == "grid":
        classes = [{"value": state, "color": color, "label": word("coverage", state)} for state, color in _STATES]
        return {"name": str(MEASURES[name]), "by": "class", "classes": classes}
    stops = {
        "share": _SHARE,
        "area_share": _SHARE,
        "state": _LEFT,
        "idle_mean_days": _IDLE,
        "risk_left": _RISK_OF_TOWNSHIPS if level == "township" else _RISK,
    }[name]
    unit = "days" if name == "idle_mean_days" else "percent"
    return {
        "name": str(MEASURES[name] if name != "state" else gettext("Grids unchecked")),
        "by": "unchecked_share" if name == "state" else name,
        "unit": unit,
        "stops": [{"least": least, "color": color, "label": label} for least, color, label in _labelled(stops, unit)],
    }


_STATES = tuple(STATE_COLORS.items())


def _labelled(stops: Sequence[tuple[float, str]], unit: str) -> list[tuple[float, str, str]]:
    """Return the steps, the highest first, each with the range it stands for."""
    found, above = [], None
    for least, color in stops:
        low, high = (_figure(value, unit) if value is not None else "" for value in (least, above))
        if above is None:
            label = gettext("{low} and more").format(low=low)
        elif least < 1e-3 <= above and unit == "percent":
            label = gettext("under {high}").format(high=high) if least else "0"
        else:
            label = "0" if least == 0 and above <= 1e-3 else f"{low.split()[0]}-{high}"
        found.append((least, color, label))
        above = least
    return found


def _figure(value: float, unit: str) -> str:
    return gettext("{days} days").format(days=f"{value:g}") if unit == "days" else f"{100 * value:g} %"
