"""Begins a city from its first file of villages: city and townships are made of the villages they hold."""

from __future__ import annotations

from typing import Any

import geopandas
import numpy as np
import numpy.typing as npt
import shapely

from gis_app import paths
from gis_app.demo_city.place_names import CITY_CODE, CITY_EN, CITY_ZH, read_place_names
from gis_app.domain.areas import AreaLevel
from gis_app.importers.file_notes import Note
from gis_app.importers.problems import ProblemLog
from gis_app.services.loading import Loading
from gis_app.storage.bulk_load import copy_rows
from gis_app.storage.imported_areas import EVER
from gis_app.storage.models import Area
from gis_app.storage.models.base import table_of
from gis_app.storage.reference import current_area_id, store_profile

CITY_DIGITS = 6
"""The first six digits of an administrative code name the county-level city (GB/T 2260)."""


def begin_city(loading: Loading) -> tuple[Note, ...]:
    """Make the city, its townships and its profile from villages that are about to be loaded.

    The boundary of a township is the union of its villages. Names are those we carry for the codes; an area whose
    name we do not know is called by its code, and a note says so.

    Raises
    ------
    ImportRefused
        If the townships belong to more than one city.
    """
    city_code = _city_code(loading)
    known = read_place_names(paths.data()).towns.set_index("code")
    whole = _rows_of(loading, [city_code], [shapely.union_all(_shapes(loading.frame))])
    names = (CITY_ZH, CITY_EN) if city_code == CITY_CODE else (city_code, city_code)
    _add(loading, whole, AreaLevel.CITY, names_zh=[names[0]], names_en=[names[1]], parent_id=None, above="/")
    parent_id = current_area_id(loading.connection, city_code)
    townships = loading.frame[["township_code", "geometry"]].dissolve("township_code")
    codes = [str(code) for code in townships.index]
    _add(
        loading,
        _rows_of(loading, codes, list(townships.geometry)),
        AreaLevel.TOWNSHIP,
        names_zh=[known["name_zh"].get(code, code) for code in codes],
        names_en=[known["name_en"].get(code, code) for code in codes],
        parent_id=parent_id,
        above=f"/{city_code}/",
    )
    west, south, east, north = (float(edge) for edge in loading.frame.total_bounds)
    store_profile(loading.connection, names=names, srid=loading.srid, bounds=(west, south, east, north))
    return _notes(city_code, codes, [code for code in codes if code not in known.index])


def _city_code(loading: Loading) -> str:
    codes = loading.frame["township_code"].astype(str)
    city_code = str(codes.iloc[0])[:CITY_DIGITS]
    log = ProblemLog()
    for row, code in zip(loading.frame["source_row"], codes, strict=True):
        if not code.startswith(city_code) or len(code) <= CITY_DIGITS:
            log.add(
                int(row),
                "township_code",
                "The township {code} is not one of the city {city_code}, with which the file begins.",
                "Give villages of one city; the first six digits of a township's code are its city's.",
                code=code,
                city_code=city_code,
            )
    loading.refuse(log)
    return city_code


def _shapes(frame: geopandas.GeoDataFrame) -> npt.NDArray[np.object_]:
    return np.asarray(frame.geometry.array, dtype=object)


def _rows_of(loading: Loading, codes: list[str], shapes: list[Any]) -> geopandas.GeoDataFrame:
    whole = [shape if shape.geom_type == "MultiPolygon" else shapely.MultiPolygon([shape]) for shape in shapes]
    frame = geopandas.GeoDataFrame({"code": codes}, geometry=whole, crs=4326)
    return frame.assign(area_m2=frame.to_crs(loading.srid).area)


def _add(
    loading: Loading,
    areas: geopandas.GeoDataFrame,
    level: AreaLevel,
    *,
    names_zh: list[str],
    names_en: list[str],
    parent_id: int | None,
    above: str,
) -> None:
    count = len(areas)
    columns: dict[str, Any] = {
        "code": areas["code"],
        "level": np.full(count, level.value, dtype=object),
        "name_zh": names_zh,
        "name_en": names_en,
        "parent_id": np.full(count, parent_id, dtype=object),
        "scope_path": above + areas["code"] + "/",
        "geom": _shapes(areas),
        "label_point": shapely.point_on_surface(_shapes(areas)),
        "area_m2": areas["area_m2"],
        "valid_from": np.full(count, EVER, dtype=object),
        "import_id": np.full(count, loading.import_id, dtype=object),
    }
    copy_rows(loading.connection, table_of(Area), columns)


def _notes(city_code: str, codes: list[str], unnamed: list[str]) -> tuple[Note, ...]:
    begun = Note("A city was begun: {code}, townships: {count}.", {"code": city_code, "count": len(codes)})
    if not unnamed:
        return (begun,)
    return (begun, Note("Townships called by their codes: {codes}.", {"codes": ", ".join(unnamed)}))
