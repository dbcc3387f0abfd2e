"""Tasks that mean nothing are refused by name."""

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from gis_app.domain.errors import InvalidInput
from gis_app.planning.patrol_task import Lock, PatrolTask, Stop, Team
from tests.planning.tasks import minutes, patrol_task

TEAM = Team("T", 0, minutes(0), minutes(60), "foot")
STOP = Stop("S", 0, {"risk": 1.0})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"ends_at": minutes(0)}, "ends before it starts"),
        ({"ends_at": minutes(25 * 60)}, "more than a day"),
        ({"starts_at": datetime(2026, 11, 23, 11, 0)}, "no time zone"),
    ],
)
def test_shifts_that_cannot_be_are_refused(change, said):
    with pytest.raises(InvalidInput, match=said):
        replace(TEAM, **change)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"prize_parts": {"risk": -1.0}}, "below 0"),
        ({"prize_parts": {"risk": float("nan")}}, "below 0"),
        ({"dwell_s": -1.0}, "dwell"),
        ({"dwell_s": 50_000.0}, "dwell"),
        ({"windows": ((minutes(9), minutes(8)),)}, "windows"),
        ({"windows": ((minutes(0), minutes(9)), (minutes(8), minutes(20)))}, "windows"),
        ({"windows": ((datetime(2026, 11, 23, 11, 0), minutes(20)),)}, "no time zone"),
    ],
)
def test_stops_that_cannot_be_are_refused(change, said):
    with pytest.raises(InvalidInput, match=said):
        replace(STOP, **change)


def test_a_prize_is_the_sum_of_its_parts():
    assert replace(STOP, prize_parts={"risk": 2.5, "duty": 4.0}).prize == 6.5


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"teams": ()}, "no teams"),
        ({"teams": (TEAM, TEAM)}, "team T occurs 2 times"),
        ({"stops": (STOP, STOP)}, "stop S occurs 2 times"),
        ({"teams": (replace(TEAM, mode="sledge"),)}, "mode sledge is not known"),
        ({"village_minimums": {"V": 1}}, r"Village V: fewer candidates \(0\) than stops asked for at least \(1\)\."),
        ({"locks": (Lock("X", ("S",)),)}, "team X"),
        ({"locks": (Lock("T", ("X",)),)}, "stop X"),
        ({"locks": (Lock("T", ("S",)), Lock("T", ("S",)))}, "locked stop S occurs 2 times"),
    ],
)
def test_tasks_that_do_not_fit_together_are_refused(change, said):
    task = PatrolTask((TEAM,), (STOP,), {"foot": np.zeros((1, 1))})
    with pytest.raises(InvalidInput, match=said):
        replace(task, **change)


@pytest.mark.parametrize(
    "change",
    [
        {"travel_s": {"foot": np.zeros((1, 2))}},
        {"travel_s": {"foot": np.full((1, 1), -1.0)}},
        {"travel_s": {}},
        {"stops": (replace(STOP, place=1),)},
        {"teams": (replace(TEAM, end_station=5),)},
    ],
)
def test_travel_times_that_do_not_fit_are_a_mistake_of_the_caller(change):
    task = PatrolTask((TEAM,), (STOP,), {"foot": np.zeros((1, 1))})
    with pytest.raises(ValueError, match="ravel times"):
        replace(task, **change)


def test_the_end_station_is_the_first_one_unless_named():
    assert [team.last_place for team in patrol_task(0).teams] == [0, 1, 0, 3]
    assert timedelta(hours=2) == patrol_task(0).teams[0].ends_at - patrol_task(0).teams[0].starts_at
