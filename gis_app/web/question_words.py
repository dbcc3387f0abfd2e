"""Words of the page of questions, and questions to begin with."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from flask_babel import lazy_gettext

from gis_app.domain.questions import Relation

WORDS: Mapping[str, Any] = MappingProxyType(
    {
        Relation.WITHIN.value: lazy_gettext("lie within"),
        Relation.INTERSECTS.value: lazy_gettext("touch or overlap"),
        Relation.DISTANCE.value: lazy_gettext("are near, within a distance of"),
        Relation.NEAREST.value: lazy_gettext("with the nearest, in a straight line"),
        Relation.NEAREST_BY_STREET.value: lazy_gettext("with the nearest, along the streets"),
        "nothing": lazy_gettext("nothing"),
        "partner": lazy_gettext("each of the second layer"),
        "choose": lazy_gettext("choose …"),
        "rows": lazy_gettext("{count} rows"),
        "cut": lazy_gettext("{count} rows; there are more than the limit."),
        "none": lazy_gettext("Nothing fits. Try fewer conditions, more days, or a larger area."),
        "asking": lazy_gettext("Asking …"),
        "no_chart": lazy_gettext("A chart needs groups: say by what the features are to be grouped."),
        "no_data": lazy_gettext("no data"),
        "drawing": lazy_gettext("Click the corners; Enter or a double click closes the area, Escape gives up."),
        "picking": lazy_gettext("Click an area on the map; click more to add them, Escape ends."),
        "has_area": lazy_gettext("Only inside the area drawn or picked."),
        "no_area": lazy_gettext("Everywhere in your area."),
        "copied": lazy_gettext("The address is on the clipboard."),
        "kept": lazy_gettext("Kept."),
        "removed": lazy_gettext("Removed."),
        "undo": lazy_gettext("Undo"),
        "empty_kept": lazy_gettext("Nothing is kept yet. Ask something, then keep it under a title."),
        "shared": lazy_gettext("shared in the area"),
        "asked_at": lazy_gettext("asked by itself {moment}: {count} rows"),
        "failed_at": lazy_gettext("asked by itself {moment}: {problem}"),
        "remove": lazy_gettext("Remove"),
        "open": lazy_gettext("Open"),
        "equals": lazy_gettext("is"),
        "differs": lazy_gettext("is not"),
        "less": lazy_gettext("less than"),
        "greater": lazy_gettext("more than"),
        "before": lazy_gettext("before"),
        "after": lazy_gettext("after"),
        "contains": lazy_gettext("contains"),
        "empty": lazy_gettext("is empty"),
        "filled": lazy_gettext("is not empty"),
        "true": lazy_gettext("yes"),
        "false": lazy_gettext("no"),
        "weekdays": lazy_gettext("Monday,Tuesday,Wednesday,Thursday,Friday,Saturday,Sunday"),
    }
)

EXAMPLES: tuple[tuple[Any, Mapping[str, Any]], ...] = (
    (
        lazy_gettext("Hazards of each village, per km²"),
        {
            "layer": "hazards",
            "join": {"layer": "villages", "relation": "within"},
            "group": ["partner"],
            "measures": [{"kind": "count"}],
            "rate": "per_km2",
        },
    ),
    (
        lazy_gettext("Overdue hazards, the nearest police station along the streets"),
        {
            "layer": "hazards",
            "filter": "state = 'overdue'",
            "join": {
                "layer": "facilities",
                "relation": "nearest_by_street",
                "filter": "kind = 'police_station'",
                "mode": "car",
            },
            "limit": 200,
        },
    ),
    (
        lazy_gettext("Hazards within 300 m of schools, by kind"),
        {
            "layer": "hazards",
            "join": {"layer": "facilities", "relation": "distance", "distance_m": 300, "filter": "kind = 'school'"},
            "group": ["category_zh", "category_en"],
        },
    ),
    (
        lazy_gettext("Hazards by month and severity"),
        {"layer": "hazards", "group": ["time/month", "severity"]},
    ),
    (
        lazy_gettext("Grids by hazards per 1,000 households"),
        {
            "layer": "hazards",
            "join": {"layer": "grids", "relation": "within"},
            "group": ["partner"],
            "rate": "per_1000_households",
            "limit": 500,
        },
    ),
)
"""Title and question."""
