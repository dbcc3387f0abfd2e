"""Builds the demo city in the database: all of it or none, and only where no real data are."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import date, datetime
from multiprocessing import get_context

import pandas as pd
from sqlalchemy import Engine

from gis_app import paths
from gis_app.demo_city.build import GENERATOR_VERSION, CitySize, DemoCity, build
from gis_app.demo_city.place_names import CITY_EN, CITY_ZH, read_place_names
from gis_app.domain.errors import Conflict
from gis_app.services import (
    analyses,
    demo_inspections,
    demo_nights,
    hotspot_runs,
    plan_following,
    professionals,
    ratings,
    street_walks,
)
from gis_app.services.hotspot_rows import ALL
from gis_app.services.loop_data import begin_loop, complete_loaded_hazards
from gis_app.storage import demo_tables
from gis_app.storage.demo_load import DemoLoad
from gis_app.storage.engine import long_job, make_engine, role_of, scoped, system_scope

Progress = Callable[[str, float], None]
METRIC_SRID = 4549
STAGES = (
    *(("generate", 0.09), ("areas", 0.01), ("hazards", 0.11), ("nights", 0.24)),
    *(("coverage", 0.2), ("routes", 0.1), ("hotspots", 0.15), ("streets", 0.1)),
)
"""Stages and their share of the whole, for the progress bar."""


def build_demo(
    app: Engine,
    owner: Engine,
    *,
    size: CitySize,
    seed: int,
    now: datetime,
    progress: Progress = lambda stage, share: None,
    tell: Callable[[str], None] = lambda message: None,
) -> bool:
    """Build the demo city unless this very one is there; return whether it was built.

    The city's profile is written last: a build that was interrupted leaves rows without one, and is begun anew.

    Parameters
    ----------
    app, owner
        Engines of the app's role, which loads, and of the owner, who alone may empty tables.
    size, seed
        Which city.
    now
        The present of the city: hazards and patrols lie before it.
    progress
        Told the stage and the share done, 0 to 1.

    Raises
    ------
    Conflict
        If the database holds data that are not synthetic; nothing is touched.
    """
    key = f"{size}:{seed}:{GENERATOR_VERSION}"
    with scoped(app, system_scope()) as connection:
        state = demo_tables.demo_state(connection)
    if state.has_real_data:
        raise Conflict(
            "The database holds real data, so the demo city is not built into it.",
            remedy="Use another database: set DATABASE_URL or JINGWEI_HOME.",
        )
    if state.demo_key == key:
        return False
    if state.is_half_built:
        tell("An earlier build was interrupted; starting anew.")
    with owner.begin() as connection:
        demo_tables.empty_city_tables(connection)
    city = _generate(size, seed, now=now, progress=_stage(progress, "generate"))
    load = DemoLoad(app)
    progress("areas", _start_of("areas"))
    load.geography(city.areas, city.grids, city.basemap, city.streets, valid_from=date(now.year - 2, 1, 1))
    load.categories(_categories())
    load.facilities_and_teams(city.facilities, city.teams)
    progress("hazards", _start_of("hazards"))
    load.hazards(city.hazards)
    with long_job(app) as connection:
        begin_loop(connection)
        complete_loaded_hazards(connection, "demo")
    demo_inspections.load_inspections(app, seed=seed, now=now)
    demo_nights.load_nights(load, city, progress=_stage(progress, "nights"))
    load.finish(owner)
    _analyse(app, now, progress)
    ratings.store(app, now=now)
    professionals.seed_demo(app)
    load.profile(CITY_ZH, CITY_EN, key, METRIC_SRID, bounds=_bounds(city, size))
    progress("", 1.0)
    return True


def _analyse(app: Engine, now: datetime, progress: Progress) -> None:
    """Compute what the pages show; the streets walked in a process beside, for they take as long as all else."""
    progress("coverage", _start_of("coverage"))
    quick = [kind for kind in analyses.ANALYSES if kind != "grid_coverage"]
    analyses.run_all(app, now=now, srid=METRIC_SRID, kinds=tuple(quick))
    address = app.url.render_as_string(hide_password=False)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as beside:
        walks = beside.submit(_walk_streets, address, role_of(app), now)
        coverage = _stage(progress, "coverage")
        analyses.run_all(app, now=now, srid=METRIC_SRID, kinds=("grid_coverage",), progress=coverage)
        plan_following.update(app, now=now, srid=METRIC_SRID, progress=_shares(progress, "routes"))
        # Those of single categories follow in the first hour of the server, as every night.
        hotspots = _stage(progress, "hotspots")
        hotspot_runs.refresh(app, now=now, srid=METRIC_SRID, groups=(ALL,), progress=hotspots)
        progress("streets", _start_of("streets"))
        walks.result()


def _walk_streets(address: str, role: str | None, now: datetime) -> None:
    engine = make_engine(address, pool_size=2, role=role)
    try:
        street_walks.update(engine, now=now, srid=METRIC_SRID)
    finally:
        engine.dispose()


def _generate(size: CitySize, seed: int, *, now: datetime, progress: Progress) -> DemoCity:
    names = read_place_names(paths.data())
    return build(size, seed, place_names=names, categories=_categories(), end=now, progress=progress)


def _categories() -> pd.DataFrame:
    return pd.read_csv(paths.data() / "hazard_categories.csv")


def _bounds(city: DemoCity, size: CitySize) -> tuple[float, float, float, float]:
    if size is CitySize.FULL:
        # The outer islands lie far out at sea: the home view shows the mainland and the sea before it.
        land = city.areas.loc[city.areas["code"] != "330381222"]
        west, south, east, north = land[land["level"] == "township"].total_bounds
        return float(west), float(south), float(east), float(north)
    west, south, east, north = city.areas.total_bounds
    return float(west), float(south), float(east), float(north)


def _start_of(stage: str) -> float:
    names = [name for name, _ in STAGES]
    return sum(share for _, share in STAGES[: names.index(stage)])


def _shares(progress: Progress, stage: str) -> Callable[[float], None]:
    part = _stage(progress, stage)
    return lambda share: part("", share)


def _stage(progress: Progress, stage: str) -> Progress:
    """Return a progress of one stage that tells the whole's share."""
    start, width = _start_of(stage), dict(STAGES)[stage]
    return lambda part, share: progress(f"{stage}: {part}" if part else stage, start + width * share)
