"""Random patrol tasks for tests."""

from datetime import UTC, datetime, timedelta

import numpy as np

from gis_app.planning.patrol_task import Lock, PatrolTask, Stop, Team

EVENING = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)


def minutes(count):
    return EVENING + timedelta(minutes=float(count))


def patrol_task(seed, *, stops=40, teams=4, timed=True, hours=2.0, required=2, minimums=True, locks=()):
    """Return a task on a plain of 8 by 8 km with walkers and riders, some skills, windows and villages."""
    chance = np.random.default_rng(seed)
    places = chance.uniform(0, 8000, (teams + stops, 2))
    apart = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
    # Uphill is slower than down: travel is not symmetric.
    slope = 1 + 0.2 * (places[None, :, 0] > places[:, None, 0])
    return PatrolTask(
        teams=tuple(
            Team(
                f"T{n}",
                n,
                minutes(10 * n),
                minutes(10 * n + 60 * hours),
                ("ebike", "car")[n % 2],
                frozenset({"mediation"} if n % 2 else ()),
                end_station=0 if n == 2 else None,
            )
            for n in range(teams)
        ),
        stops=tuple(
            Stop(
                f"S{n:03d}",
                teams + n,
                {"risk": float(chance.integers(1, 30)), "idleness": float(chance.integers(0, 10))},
                dwell_s=float(chance.choice([300, 600, 900])),
                village=f"V{n % 5}",
                windows=_windows(chance, n) if timed else (),
                is_required=n < required,
                skill="mediation" if n % 11 == 5 else None,
            )
            for n in range(stops)
        ),
        travel_s={"ebike": apart / 4.5 * slope, "car": apart / 9.0},
        village_minimums={"V3": 2, "V4": 1} if minimums else {},
        locks=tuple(locks),
    )


def _windows(chance, number):
    opens = float(chance.uniform(0, 90))
    if number % 4 == 1:
        return ((minutes(opens), minutes(opens + 30)),)
    if number % 4 == 2:
        return ((minutes(opens), minutes(opens + 15)), (minutes(opens + 25), minutes(opens + 40)))
    return ()


LOCKS = (Lock("T1", ("S007", "S008", "S011"), keeps_order=True), Lock("T0", ("S003", "S004")))
