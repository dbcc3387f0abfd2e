"""What a file is checked against: bounds, categories and names of places, as the city has them."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
from sqlalchemy import Connection

from gis_app import paths
from gis_app.domain.errors import Conflict, InvalidInput
from gis_app.importers.area_names import KnownArea
from gis_app.importers.frame import CityRules
from gis_app.importers.kinds import ImportKind
from gis_app.storage import reference
from gis_app.storage.demo_tables import demo_state


def city_rules(connection: Connection, kind: ImportKind, now: datetime) -> CityRules:
    """Return the city's bounds, categories and place names; the connection sees the whole city.

    Raises
    ------
    InvalidInput
        If there is no city yet, which only villages begin.
    Conflict
        If the demo city is half built.
    """
    bounds = reference.city_bounds(connection)
    if demo_state(connection).is_half_built:
        raise Conflict(
            "The demo city in the database is half built.",
            remedy="Run `jingwei demo`, which begins it anew, or use another database.",
        )
    if bounds is None and kind is not ImportKind.VILLAGES:
        raise InvalidInput(
            "There is no city in the database yet.",
            remedy="Run `jingwei demo`, or begin a city of your own with `jingwei import villages FILE`.",
        )
    names = reference.category_names(connection)
    if not names:
        # A city that has not set its own categories begins with ours.
        reference.load_categories(connection, pd.read_csv(paths.data() / "hazard_categories.csv"))
        names = reference.category_names(connection)
    areas = [
        KnownArea(row["code"], (row["name_zh"], row["name_en"] or ""), tuple(row["within"]), row["lon"], row["lat"])
        for row in reference.named_places(connection)
    ]
    return CityRules(bounds=bounds, categories=names, now=now, areas=areas)
