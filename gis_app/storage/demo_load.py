"""Loading of the demo city, table by table; every row is marked synthetic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import shapely
from sqlalchemy import Connection, Engine, text

from gis_app.domain.areas import child_path
from gis_app.storage import models
from gis_app.storage.bulk_load import copy_rows, drop_staged, insert_staged, stage_rows
from gis_app.storage.engine import long_job
from gis_app.storage.hazard_cells import refresh_hazard_month_cells
from gis_app.storage.models.base import table_of
from gis_app.storage.placing import DAY_OF_HAZARD, place_staged

# Areas are measured in the metric CRS by the database, once, so that every rate divides by the same number.
_MEASURE_AREAS = text("UPDATE area SET area_m2 = ST_Area(ST_Transform(geom, :srid))")
_IDENTITIES = ("area", "team", "patrol", "patrol_route")


@dataclass
class DemoLoad:
    """A load under way: remembers the numbers it gave out."""

    engine: Engine
    srid: int = 4549
    _team: pd.DataFrame | None = None
    _patrols: int = 0

    def geography(
        self,
        areas: geopandas.GeoDataFrame,
        grids: pd.DataFrame,
        basemap: geopandas.GeoDataFrame,
        streets: geopandas.GeoDataFrame,
        *,
        valid_from: date,
    ) -> None:
        """Load areas of all levels, what is known of grids, the basemap and the streets."""
        ids = dict(zip(areas["code"], range(1, len(areas) + 1), strict=True))
        paths: dict[str, str] = {}
        for code, parent in zip(areas["code"], areas["parent_code"], strict=True):
            paths[code] = child_path(paths[parent] if isinstance(parent, str) else "", code)
        shapes = _multi(areas.geometry.to_numpy())
        with long_job(self.engine) as connection:
            self._add(
                connection,
                models.Area,
                {
                    "id": list(ids.values()),
                    "code": areas["code"],
                    "level": areas["level"],
                    "name_zh": areas["name_zh"],
                    "name_en": areas["name_en"],
                    "parent_id": pd.array([ids.get(code) for code in areas["parent_code"]], dtype="Int64"),
                    "scope_path": list(paths.values()),
                    "geom": shapes,
                    "label_point": shapely.point_on_surface(shapes),
                    "area_m2": np.zeros(len(areas)),
                    "valid_from": np.full(len(areas), valid_from, dtype="datetime64[D]"),
                },
            )
            connection.execute(_MEASURE_AREAS, {"srid": self.srid})
            self._add(
                connection,
                models.Grid,
                {
                    "area_id": [ids[code] for code in grids["code"]],
                    "kind": grids["kind"],
                    "household_count": grids["household_count"],
                    "scope_path": [paths[code] for code in grids["code"]],
                },
            )
            self._add(connection, models.BasemapFeature, _columns(basemap, ("kind", "name_zh", "name_en", "rank")))
            self._add(
                connection,
                models.StreetSegment,
                _columns(
                    streets,
                    ("name_zh", "name_en", "kind", "is_bridge", "one_way", "from_node", "to_node", "length_m"),
                ),
            )

    def categories(self, categories: pd.DataFrame) -> None:
        """Load the hazard categories."""
        with long_job(self.engine) as connection:
            copy_rows(connection, table_of(models.HazardCategory), {str(name): categories[name] for name in categories})

    def facilities_and_teams(self, facilities: geopandas.GeoDataFrame, teams: geopandas.GeoDataFrame) -> None:
        """Load facilities, placed by their point, and teams, whose area is named."""
        with long_job(self.engine) as connection:
            columns = _columns(facilities, ("kind", "name_zh", "name_en"))
            self._add_placed(connection, models.Facility, columns, area_column="area_id", day="CURRENT_DATE")
            known = connection.execute(
                text("SELECT code, id, scope_path FROM area WHERE level IN ('township', 'village')")
            )
            area = pd.DataFrame(known.all(), columns=["area_code", "area_id", "scope_path"])
            placed = teams.merge(area, on="area_code", how="left").assign(id=range(1, len(teams) + 1))
            names = ("id", "code", "name_zh", "name_en", "kind", "mode", "area_id", "scope_path")
            columns = {name: placed[name] for name in names} | {"station": placed.geometry.to_numpy()}
            self._add(connection, models.Team, columns)
            self._team = placed.set_index("code")[["id", "scope_path"]]

    def hazards(self, hazards: geopandas.GeoDataFrame) -> None:
        """Load hazards, placed by their point, and count them for low zooms."""
        names = tuple(name for name in hazards.columns if name != "geometry")
        columns = _columns(hazards, names) | {"source_x": hazards.geometry.x, "source_y": hazards.geometry.y}
        with long_job(self.engine) as connection:
            self._add_placed(connection, models.Hazard, columns, area_column="village_id", day=DAY_OF_HAZARD)
            refresh_hazard_month_cells(connection)

    def night(
        self, night: date, *, routes: pd.DataFrame, stops: pd.DataFrame, patrols: pd.DataFrame, fixes: pd.DataFrame
    ) -> None:
        """Load one night: plans, cleaned tracks and fixes, in one transaction."""
        if self._team is None:
            raise RuntimeError("Teams come before nights.")
        offset = self._patrols + 1
        self._patrols += int(routes["patrol"].max()) + 1
        team = self._team.loc[routes["team_code"]]
        paths = pd.Series(team["scope_path"].to_numpy(), index=routes["patrol"].to_numpy())
        numbers = pd.Series(team["id"].to_numpy(), index=routes["patrol"].to_numpy())
        nights = np.datetime64(night, "D")
        with long_job(self.engine) as connection:
            connection.execute(
                text("SELECT prepare_track_month(month) FROM unnest(CAST(:months AS date[])) month"),
                {"months": sorted({moment.date() for moment in fixes["recorded_at"].dt.floor("D").unique()})},
            )
            plan = {name: routes[name] for name in ("starts_at", "ends_at", "length_m", "geom")}
            self._add(
                connection,
                models.PatrolRoute,
                plan
                | {
                    "id": routes["patrol"] + offset,
                    "team_id": routes["patrol"].map(numbers),
                    "night": np.full(len(routes), nights),
                    "scope_path": routes["patrol"].map(paths),
                },
            )
            self._add(
                connection,
                models.PlannedStop,
                {
                    "route_id": stops["patrol"] + offset,
                    "ordinal": stops["ordinal"],
                    "dwell_min": stops["dwell_min"],
                    "geom": stops["geom"],
                    "scope_path": stops["patrol"].map(paths),
                },
            )
            walked = {
                name: patrols[name] for name in ("started_at", "ended_at", "mode", "length_m", "fix_count", "geom")
            }
            self._add(
                connection,
                models.Patrol,
                walked
                | {
                    "id": patrols["patrol"] + offset,
                    "route_id": patrols["patrol"] + offset,
                    "team_id": patrols["patrol"].map(numbers),
                    "night": np.full(len(patrols), nights),
                    "scope_path": patrols["patrol"].map(paths),
                },
            )
            sent = {
                name: fixes[name] for name in ("device", "recorded_at", "sequence", "speed_mps", "accuracy_m", "flag")
            }
            self._add(
                connection,
                models.TrackPoint,
                sent
                | {
                    "patrol_id": fixes["patrol"] + offset,
                    "scope_path": fixes["patrol"].map(paths),
                    "geom": fixes[["lon", "lat"]].to_numpy(),
                },
            )

    def finish(self, owner: Engine) -> None:
        """Let identity columns go on after the numbers given out, and let the planner know the tables."""
        with owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for table in _IDENTITIES:
                # The owner is under the policy too and sees no rows, so the numbers come from here.
                connection.execute(text(f"ALTER TABLE {table} ALTER id RESTART WITH {self._next(table)}"))
            connection.execute(text("ANALYZE"))

    def profile(
        self, name_zh: str, name_en: str, demo_key: str, srid: int, *, bounds: tuple[float, float, float, float]
    ) -> None:
        """Write the city's profile, which says that all of it is there."""
        west, south, east, north = bounds
        profile = {"id": 1, "name_zh": name_zh, "name_en": name_en, "demo_key": demo_key, "metric_srid": srid}
        corners = {"west": west, "south": south, "east": east, "north": north}
        with long_job(self.engine) as connection:
            connection.execute(table_of(models.CityProfile).insert().values(**profile, **corners, is_synthetic=True))

    def _next(self, table: str) -> int:
        with long_job(self.engine) as connection:
            return int(connection.execute(text(f"SELECT coalesce(max(id), 0) + 1 FROM {table}")).scalar_one())  # noqa: S608

    def _add(self, connection: Connection, model: type[models.Base], columns: Mapping[str, Any]) -> None:
        count = len(next(iter(columns.values())))
        copy_rows(connection, table_of(model), {**columns, "is_synthetic": np.ones(count, dtype=bool)})

    def _add_placed(
        self,
        connection: Connection,
        model: type[models.Base],
        columns: Mapping[str, Any],
        *,
        area_column: str,
        day: str,
    ) -> None:
        count = len(next(iter(columns.values())))
        marked = {**columns, "is_synthetic": np.ones(count, dtype=bool)}
        staged = stage_rows(connection, table_of(model), marked)
        outside = place_staged(connection, staged, day=day)
        if outside:
            raise RuntimeError(f"{outside} of {count} rows of {table_of(model).name} lie in no village.")
        if area_column != "village_id":
            connection.execute(text(f"ALTER TABLE {staged} RENAME village_id TO {area_column}"))
        grid = ("grid_id",) if "grid_id" in table_of(model).columns else ()
        insert_staged(connection, staged, table_of(model), (*marked, area_column, *grid, "scope_path"))
        drop_staged(connection, staged)


def _columns(frame: geopandas.GeoDataFrame, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: frame[name] for name in names} | {"geom": frame.geometry.to_numpy()}


def _multi(shapes: Any) -> Any:
    parts, owner = shapely.get_parts(shapes, return_index=True)
    return shapely.multipolygons(parts, indices=owner)
