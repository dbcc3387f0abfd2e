"""How every route is asked: what to read through it, and how to reach through it for what is another area's.

A route that stands in neither table fails the matrix.
"""

import base64
import itertools
import math
import uuid
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode

from sqlalchemy import text

from gis_app import paths
from gis_app.domain.rights import Role
from gis_app.rendering.layer_spec import load_layers
from tests.access.places import CITY, EAST, EAST_SIBLING, EAST_VILLAGE, WEST, WEST_SIBLING, WEST_VILLAGE, mark
from tests.access.planted_city import MAP_RUN, map_of
from tests.callers import PASSWORD

WINDOW = "from=2026-01-01&to=2026-06-16"
ZOOMS = (0, 7, 9, 12, 14, 16)
LONS = (120.525, 120.75)
"""A planted point of the west, one of the east."""
LAYERS = {layer.id: layer for layer in load_layers(paths.layers())}
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)
MISSING_ID = 987_654_321
MISSING_UUID = uuid.UUID("00000000-0000-4000-8000-000000000000")
ASKED_FOR = (WEST_VILLAGE, WEST_SIBLING, EAST, EAST_VILLAGE, EAST_SIBLING)
"""Areas of which one object of each kind is asked for by everybody."""


@dataclass(frozen=True)
class Ask:
    """One request."""

    path: str
    method: str = "GET"
    form: dict = field(default_factory=dict)
    json: dict | None = None
    raw: bytes = b""
    is_stream: bool = False
    may_say: tuple = ()
    """Words that the answer may say to anybody: what its own address asked for, or what is published."""

    def body(self):
        if self.raw:
            return {"data": self.raw}
        return {"json": self.json} if self.json is not None else {"data": self.form} if self.form else {}

    def echoes(self):
        """Return how an answer may say again what was asked: an error names the area and the place that were given."""
        area = self.form.get("area", "")
        given = (f'value="{area}"', f"'{area}'", f"&#39;{area}&#39;") if area else ()
        return [
            *self.may_say,
            *given,
            *([str(self.json["location"]["lon"])] if "location" in (self.json or {}) else []),
        ]


@dataclass(frozen=True)
class Objects:
    """What is in the city, by scope path of its area: ids of hazards, features by layer, logins, tokens, webhooks."""

    hazards: dict
    features: dict
    logins: dict
    tokens: dict
    webhooks: dict
    pictures: dict
    inspections: dict
    """By state."""
    plans: dict
    routes: dict
        questions=one_of_each("SELECT scope_path, min(question_id || '/answers/' || id) FROM kept_answer GROUP BY 1"),
