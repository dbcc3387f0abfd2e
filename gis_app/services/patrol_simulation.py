"""Teams that walk the streets at random and send their positions to a server, for demonstrations and load."""

from __future__ import annotations

import statistics
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import requests
import shapely
from sqlalchemy import Engine

from gis_app.analysis.transformers import transformer
from gis_app.domain.errors import InvalidInput, Unavailable
from gis_app.domain.rights import Scope
from gis_app.planning.street_network import StreetNetwork
from gis_app.planning.street_segments import network_of
from gis_app.planning.travel_modes import TRAVEL_MODES
from gis_app.storage import street_walks, track_intake
from gis_app.storage.engine import scoped

SCATTER_M = 6.0
SENDERS = 8
TIMEOUT_S = 30.0
SPEED_MPS = {"foot": 1.2, "ebike": 3.6, "car": 6.5}


@dataclass(frozen=True)
class SimulationWish:
    """What to simulate.

    Parameters
    ----------
    url, token
        The server, and a token with the right to send positions.
    team_count
        Teams, those with the lowest codes of the caller's area.
    minutes
        How long they walk, in their own time.
    every_s
        Seconds between two fixes of a team.
    rate
        Seconds that pass for them while one passes here; 0 sends as fast as the server takes it.
    """

    url: str
    token: str
    team_count: int
    minutes: float
    every_s: float
    rate: float


@dataclass
class SimulationReport:
    """What was sent, and how long each request took."""

    fix_count: int = 0
    stored_count: int = 0
    request_s: list[float] = field(default_factory=list)
    whole_s: float = 0.0

    def quantile_s(self, share: float) -> float:
        """Return how long a request took at most in a share of cases."""
        ordered = sorted(self.request_s)
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else 0.0

    @property
    def median_s(self) -> float:
        """Return how long a request took in the middle."""
        return statistics.median(self.request_s) if self.request_s else 0.0


class Walker:
    """Walks along streets that a mode may use, and turns at random."""

    def __init__(
        self, network: StreetNetwork, mode: str, near: tuple[float, float], chance: np.random.Generator
    ) -> None:
        self._network, self._chance = network, chance
        self._speed_mps = SPEED_MPS[mode]
        usable = np.nonzero(np.isin(network.kinds, list(TRAVEL_MODES[mode].speed_m_s)))[0]
        if not len(usable):
            raise InvalidInput("There are no streets to walk on.", remedy="Import streets, or build the demo city.")
        self._ways: dict[int, list[int]] = {}
        for segment in usable.tolist():
            for node in network.ends[segment].tolist():
                self._ways.setdefault(node, []).append(segment)
        nodes = np.array(sorted(self._ways))
        self._node = int(nodes[np.hypot(*(network.nodes[nodes] - np.array(near)).T).argmin()])
        self._segment, self._along_m = self._turn(), 0.0

    def step(self, seconds: float) -> tuple[float, float]:
        """Walk on for some seconds and return where that leads, metres, with the scatter of a phone."""
        self._along_m += self._speed_mps * seconds
        while self._along_m > (whole_m := float(shapely.length(self._network.lines[self._segment]))):
            self._along_m -= whole_m
            start, end = self._network.ends[self._segment].tolist()
            self._node = end if self._node == start else start
            self._segment = self._turn()
        line = self._network.lines[self._segment]
        is_forth = self._network.ends[self._segment, 0] == self._node
        place = line.interpolate(self._along_m if is_forth else line.length - self._along_m)
        x, y = np.array([place.x, place.y]) + self._chance.normal(0, SCATTER_M, 2)
        return float(x), float(y)

    def _turn(self) -> int:
        ways = self._ways[self._node]
        onward = [way for way in ways if way != getattr(self, "_segment", -1)] or ways
        return int(onward[self._chance.integers(len(onward))])


def simulate(
    engine: Engine,
    scope: Scope,
    wish: SimulationWish,
    *,
    srid: int,
    seed: int,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    pause: Callable[[float], None] = time.sleep,
) -> SimulationReport:
    """Walk teams along the streets and send their positions, a batch per team and step.

    Raises
    ------
    InvalidInput
        If there are no streets or no teams.
    Unavailable
        If the server does not answer, or refuses a batch.
    """
    with scoped(engine, scope) as connection:
        teams = track_intake.first_teams(connection, most=wish.team_count, srid=srid)
        streets = street_walks.streets(connection, srid=srid)
    if not teams or not len(streets):
        raise InvalidInput("There are no streets to walk on.", remedy="Import streets, or build the demo city.")
    network, chance = network_of(streets), np.random.default_rng(seed)
    walkers = [Walker(network, team["mode"], (team["x"], team["y"]), chance) for team in teams]
    degrees = transformer(srid, 4326)
    steps = max(round(wish.minutes * 60 / wish.every_s), 1)
    began, report = now(), SimulationReport()
    # Sent all at once, the walk ends now instead of beginning now: nothing lies in the future.
    first = began if wish.rate else began - timedelta(seconds=wish.every_s * steps)
    started = time.perf_counter()
    with requests.Session() as session, ThreadPoolExecutor(SENDERS) as pool:
        session.headers["Authorization"] = f"Bearer {wish.token}"
        for step in range(steps):
            at = first + timedelta(seconds=wish.every_s * step) if not wish.rate else now()
            lon, lat = degrees.transform(*np.array([walker.step(wish.every_s) for walker in walkers]).T)
            bodies = [
                _body(team["code"], at, sequence=step, place=place)
                for team, place in zip(teams, zip(lon.tolist(), lat.tolist(), strict=True), strict=True)
            ]
            for taken_s, stored in pool.map(lambda body: _send(session, wish.url, body), bodies):
                report.request_s.append(taken_s)
                report.stored_count += stored
            report.fix_count += len(bodies)
            if wish.rate and step + 1 < steps:
                pause(max(wish.every_s * (step + 1) / wish.rate - (time.perf_counter() - started), 0.0))
    report.whole_s = time.perf_counter() - started
    return report


def _body(team: str, at: datetime, *, sequence: int, place: Sequence[float]) -> dict[str, Any]:
    fix = {"recorded_at": at.isoformat(), "lon": place[0], "lat": place[1], "sequence": sequence}
    fixes = [{**fix, "accuracy_m": SCATTER_M}]
    return {"id": str(uuid.uuid4()), "device": f"simulated-{team}", "team": team, "fixes": fixes}


def _send(session: requests.Session, url: str, body: dict[str, Any]) -> tuple[float, int]:
    started = time.perf_counter()
    try:
        answer = session.post(f"{url.rstrip('/')}/api/tracks/fixes", json=body, timeout=TIMEOUT_S)
        answer.raise_for_status()
        stored = int(answer.json()["stored"])
    except (requests.RequestException, ValueError, KeyError) as error:
        raise Unavailable(
            "The server did not take the positions: {reason}.",
            remedy="Check its address and the token's rights and area.",
            reason=str(error)[:200],
        ) from error
    return time.perf_counter() - started, stored
