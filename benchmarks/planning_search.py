"""Value of plans at equal time against bare PyVRP and VROOM (target: at least 1.00x the better of the two at 10 s).

Generated nights: stops with prizes 1 to 100 and dwells of 5 to 15 minutes on a plain of 12 by 12 km, teams of several
stations with shifts of 3 hours, with and without windows on a third of them. All sides get the same matrix in whole
seconds. PyVRP runs with its own parameters, prizes scaled to outweigh all ways; VROOM at its highest exploration level
on two threads, prizes as priorities, which it puts before all ways. Every plan is checked by the independent checker.
The whole is 9 sizes, with and without windows, 5 seeds: 90 nights, 5.3 hours at 1, 10 and 60 s. ``--sample N`` takes so
many of them, spread evenly over sizes and windows, seeds drawn by chance from a fixed seed, the same for every time.
Run: ``.venv/bin/python benchmarks/planning_search.py [--seconds 1 10 60] [--sizes 100x5] [--seeds 5] [--sample 18]``
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pyvrp
import vroom
from pyvrp.exceptions import PenaltyBoundWarning
from pyvrp.stop import MaxRuntime

from gis_app.planning.feasibility import faults_of
from gis_app.planning.orienteering import greedy_plan, plan_of_routes, plan_patrols
from gis_app.planning.patrol_plan import PatrolPlan
from gis_app.planning.patrol_task import PatrolTask, Stop, Team
from gis_app.planning.routing_problem import Routes
from gis_app.planning.search import SearchLimit

EVENING = datetime(2026, 11, 23, 12, tzinfo=UTC)
SIDE_M, SPEED_M_S, SHIFT_S = 12_000.0, 5.0, 3 * 3600
WINDOWED_SHARE = 1 / 3


def night(stop_count: int, team_count: int, *, is_windowed: bool, seed: int) -> PatrolTask:
    chance = np.random.default_rng(seed)
    centres = chance.uniform(0, SIDE_M, (12, 2))
    clustered = centres[chance.integers(0, 12, stop_count)] + chance.normal(0, 900, (stop_count, 2))
    spread = chance.uniform(0, SIDE_M, (stop_count, 2))
    stops = np.where(chance.random((stop_count, 1)) < 0.6, clustered, spread)
    stations = chance.uniform(0.2 * SIDE_M, 0.8 * SIDE_M, (max(1, team_count // 2), 2))
    places = np.concatenate([stations[np.arange(team_count) % len(stations)], stops])
    apart = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
    ends = EVENING + timedelta(seconds=SHIFT_S)
    return PatrolTask(
        teams=tuple(Team(f"T{n}", n, EVENING, ends, "ebike") for n in range(team_count)),
        stops=tuple(
            Stop(
                f"S{n}",
                team_count + n,
                {"risk": float(chance.integers(1, 101))},
                dwell_s=float(chance.integers(5, 16) * 60),
                windows=_window(chance) if is_windowed and chance.random() < WINDOWED_SHARE else (),
            )
            for n in range(stop_count)
        ),
        travel_s={"ebike": np.ceil(apart * 1.3 / SPEED_M_S)},
    )


def _window(chance: np.random.Generator) -> tuple[tuple[datetime, datetime], ...]:
    opens = int(chance.integers(0, SHIFT_S - 3600))
    return ((EVENING + timedelta(seconds=opens), EVENING + timedelta(seconds=opens + 3600)),)


def seconds_of(stop: Stop) -> tuple[int, int]:
    """Return when the dwell may begin, seconds of the shift."""
    if not stop.windows:
        return 0, SHIFT_S
    opens, closes = stop.windows[0]
    return int((opens - EVENING).total_seconds()), int((closes - EVENING).total_seconds())


def bare_pyvrp(task: PatrolTask, seconds: float, seed: int) -> PatrolPlan:
    legs = task.travel_s["ebike"].astype(np.int64)
    weight = SHIFT_S * len(task.teams)
    windows = [seconds_of(stop) for stop in task.stops]
    data = pyvrp.ProblemData(
        [pyvrp.Location(0, 0)] * len(legs),
        [
            pyvrp.Client(
                stop.place,
                service_duration=int(stop.dwell_s),
                tw_early=opens,
                tw_late=closes,
                prize=int(stop.prize) * weight,
                required=False,
            )
            for stop, (opens, closes) in zip(task.stops, windows, strict=True)
        ],
        [pyvrp.Depot(team.station) for team in task.teams],
        [pyvrp.VehicleType(1, start_depot=n, end_depot=n, tw_late=SHIFT_S) for n in range(len(task.teams))],
        [legs],
        [legs],
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PenaltyBoundWarning)
        found = pyvrp.solve(data, MaxRuntime(seconds), seed=seed, collect_stats=False, display=False)
    routes: list[tuple[int, ...]] = [()] * len(task.teams)
    if found.is_feasible():
        for route in found.best.routes():
            routes[route.vehicle_type()] = tuple(activity.idx for activity in route if activity.is_client())
    return plan_of_routes(task, tuple(routes))


def bare_vroom(task: PatrolTask, seconds: float, seed: int) -> PatrolPlan:
    problem = vroom.Input()
    problem.set_durations_matrix("car", task.travel_s["ebike"].astype(np.uint32))
    for n, team in enumerate(task.teams):
        problem.add_vehicle(vroom.Vehicle(n, start=team.station, end=team.station, time_window=(0, SHIFT_S)))
    for n, stop in enumerate(task.stops):
        opens, closes = seconds_of(stop)
        problem.add_job(
            vroom.Job(
                n,
                location=stop.place,
                default_service=int(stop.dwell_s),
                priority=int(stop.prize),
                time_windows=[vroom.TimeWindow(opens, closes)],
            )
        )
    found = problem.solve(exploration_level=5, nb_threads=2, timeout=timedelta(seconds=seconds))
    steps = found.routes[found.routes["type"] == "job"]
    routes: Routes = tuple(
        tuple(int(job) for job in steps.loc[steps["vehicle_id"] == n, "id"]) for n in range(len(task.teams))
    )
    return plan_of_routes(task, routes)


def ours(task: PatrolTask, seconds: float, seed: int) -> PatrolPlan:
    return plan_patrols(task, limit=SearchLimit(seconds=seconds), seed=seed)


SIDES: dict[str, Callable[[PatrolTask, float, int], PatrolPlan]] = {
    "pyvrp": bare_pyvrp,
    "vroom": bare_vroom,
    "ours": ours,
}


SIZES = tuple(f"{stops}x{teams}" for stops in (100, 300, 500) for teams in (5, 10, 20))


def nights_of(sizes: list[str], seeds: int, sample: int | None) -> list[tuple[str, bool, int]]:
    """Return size, windows and seed of each night, or of a sample that is even over sizes and windows."""
    groups = [(size, is_windowed) for size in sizes for is_windowed in (False, True)]
    chance = np.random.default_rng(7)
    orders = {group: chance.permutation(seeds).tolist() for group in groups}
    rounds = [(*group, orders[group][turn]) for turn in range(seeds) for group in groups]
    return rounds if sample is None else rounds[:sample]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, nargs="+", default=[1.0, 10.0, 60.0])
    parser.add_argument("--sizes", nargs="+", default=list(SIZES))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--sample", type=int)
    arguments = parser.parse_args()
    print("stops x teams, windows, seed, seconds: value of each side, greedy; ours to the better peer")
    for seconds in arguments.seconds:
        ratios = []
        for size, is_windowed, seed in nights_of(arguments.sizes, arguments.seeds, arguments.sample):
            stop_count, team_count = map(int, size.split("x"))
            task = night(stop_count, team_count, is_windowed=is_windowed, seed=seed)
            plans = {name: solve(task, seconds, seed) for name, solve in SIDES.items()}
            assert all(not faults_of(task, plan) for plan in plans.values())
            ratios.append(plans["ours"].value / max(plans["pyvrp"].value, plans["vroom"].value))
            shown = "  ".join(f"{name} {plan.value:.0f}" for name, plan in plans.items())
            word = "windows" if is_windowed else "no windows"
            greedy = greedy_plan(task).value
            print(f"{size}, {word}, {seed}, {seconds:g} s: {shown}  greedy {greedy:.0f}  {ratios[-1]:.4f}x", flush=True)
        print(
            f"all {len(ratios)} at {seconds:g} s: mean {np.mean(ratios):.4f}x, least {min(ratios):.4f}x (target 1.00x)",
            flush=True,
        )


if __name__ == "__main__":
    main()
