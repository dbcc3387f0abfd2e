"""The whole synthetic city from one seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

import geopandas
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from gis_app.demo_city import (
    boundaries,
    facilities,
    hazards,
    mosaic,
    patrols,
    sea,
    settlements,
    streets,
    teams,
    terrain,
)
from gis_app.demo_city.place_names import SMALL_TOWNS, PlaceNames

GENERATOR_VERSION = 6
"""Raised whenever the same seed would give another city."""
Progress = Callable[[str, float], None]


class CitySize(StrEnum):
    """How much of the city is made."""

    FULL = "full"
    SMALL = "small"


@dataclass(frozen=True)
class _Amounts:
    grids: int
    hazards: int
    teams: int
    nights: int


AMOUNTS = {CitySize.FULL: _Amounts(3000, 30_500, 523, 30), CitySize.SMALL: _Amounts(170, 1_500, 22, 4)}


@dataclass(frozen=True)
class DemoCity:
    """The city as frames in EPSG:4326; see the modules of this package for their columns.

    Parameters
    ----------
    areas
        code, level, name_zh, name_en, parent_code; from the city down.
    grids
        code, kind, household_count.
    basemap
        kind (sea, river, hill, island), name_zh, name_en, rank.
    """

    areas: geopandas.GeoDataFrame
    grids: pd.DataFrame
    basemap: geopandas.GeoDataFrame
    streets: geopandas.GeoDataFrame
    facilities: geopandas.GeoDataFrame
    teams: geopandas.GeoDataFrame
    hazards: geopandas.GeoDataFrame
    _beats: list[patrols.TeamBeat]
    _seed: int
    _nights: list[date]

    @property
    def night_count(self) -> int:
        """How many nights ``nights`` yields."""
        return len(self._nights)

    def nights(self) -> Iterator[patrols.DemoNight]:
        """Yield the nights one by one, oldest first; places in metres (EPSG:4549)."""
        return patrols.make_nights(self._beats, self._nights, seed=self._seed)


def build(
    size: CitySize,
    seed: int,
    *,
    place_names: PlaceNames,
    categories: pd.DataFrame,
    end: datetime,
    progress: Progress = lambda stage, share: None,
) -> DemoCity:
    """Return the city; equal arguments give an equal city.

    Parameters
    ----------
    place_names
        Real names and codes.
    categories
        Hazard categories: columns code, limit_value, limit_unit.
    end
        The present, with a time zone: a year of hazards and the last nights lie before it.
    progress
        Told the stage and the share done, 0 to 1.
    """
    amounts = AMOUNTS[size]
    names = place_names.of_towns(SMALL_TOWNS) if size is CitySize.SMALL else place_names
    # Each part has its own chance, so that a change in one leaves the others as they were.
    chances = [np.random.default_rng([seed, part]) for part in range(8)]
    progress("terrain", 0.0)
    land = terrain.make_terrain(settlements.town_places(), chances[0])
    homes = settlements.settle(land, names, chances[1])
    part = _around(homes.towns) if size is CitySize.SMALL else None
    progress("boundaries", 0.1)
    tiles = mosaic.make_mosaic(land, homes, part=part, chance=chances[2])
    drawn = boundaries.draw_boundaries(tiles, names, homes.towns, grid_count=amounts.grids, chance=chances[3])
    progress("streets", 0.3)
    network = streets.draw_streets(land, tiles, drawn, centres=homes.towns, names=names, chance=chances[4])
    progress("facilities", 0.5)
    places = facilities.place_facilities(tiles, drawn, network, chance=chances[5])
    progress("hazards", 0.55)
    city_shape = drawn.areas["shape"].iloc[0]
    found = hazards.make_hazards(
        land,
        tiles,
        network,
        drawn.areas[drawn.areas["level"] == "village"],
        categories=categories,
        count=amounts.hazards,
        end=end,
        land=city_shape.buffer(-5),
        chance=chances[6],
    )
    progress("teams", 0.75)
    crews = teams.make_teams(tiles, drawn, network, count=amounts.teams, chance=chances[7])
    beats = patrols.make_beats(crews, network, chance=chances[7])
    progress("", 1.0)
    return DemoCity(
        areas=_in_degrees(drawn.areas, "shape"),
        grids=_grids(drawn, tiles, chance=chances[3]),
        basemap=_in_degrees(_basemap(land, city_shape, chances[0]), "shape"),
        streets=_in_degrees(network.table, "line"),
        facilities=_in_degrees(places, "point"),
        teams=_in_degrees(crews, "station"),
        hazards=_in_degrees(found, "point"),
        _beats=beats,
        _seed=seed,
        _nights=patrols.nights_before(end, amounts.nights),
    )


def _around(centres: tuple[settlements.Centre, ...]) -> BaseGeometry:
    return shapely.union_all([shapely.Point(centre.place).buffer(1900) for centre in centres]).convex_hull


def _in_degrees(table: pd.DataFrame, column: str) -> geopandas.GeoDataFrame:
    shapes = shapely.transform(table[column].to_numpy(), lambda xy: np.round(terrain.to_degrees(xy), 8))
    return geopandas.GeoDataFrame(table.drop(columns=column), geometry=shapes, crs=4326)


def _grids(drawn: boundaries.Boundaries, tiles: mosaic.Mosaic, *, chance: np.random.Generator) -> pd.DataFrame:
    grids = drawn.areas[drawn.areas["level"] == "grid"].reset_index(drop=True)
    pieces = np.bincount(drawn.grid, minlength=len(grids))
    urban = np.bincount(drawn.grid, weights=tiles.intensity, minlength=len(grids)) / pieces
    built_up = chance.choice(("residential", "commercial", "industrial"), len(grids), p=(0.62, 0.18, 0.20))
    households = np.round(np.exp(chance.normal(5.2, 0.35, len(grids))) * (0.35 + 1.3 * urban)).astype(int) + 12
    return pd.DataFrame(
        {
            "code": grids["code"],
            "kind": np.where(urban < 0.3, "rural", built_up),
            "household_count": households,
        }
    )


def _basemap(land: terrain.Terrain, city: BaseGeometry, chance: np.random.Generator) -> pd.DataFrame:
    """Return sea, rivers on land, hills and islands, in the order they are drawn."""
    rows: list[tuple[str, str | None, str | None, int, BaseGeometry]] = []
    # A small city is a part of the mainland: its sea ends at the whole mainland, not at the part.
    shore = shapely.union_all([city, land.mainland.buffer(-900)])
    rows.append(("sea", "东海", "East China Sea", 0, sea.sea_of(shore, chance)))
    rows += [("island", None, None, 1, island) for island in land.islands]
    rows += [("hill", None, None, 2 + height, shape) for height, shape in enumerate(land.hills)]
    rows += [("river", zh, en, 9, river.intersection(land.mainland)) for river, zh, en in land.rivers]
    table = pd.DataFrame(rows, columns=["kind", "name_zh", "name_en", "rank", "shape"])
    return table[~shapely.is_empty(table["shape"].to_numpy())].reset_index(drop=True)
