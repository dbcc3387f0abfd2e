"""How fast patrols travel on each kind of street."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from gis_app.domain.errors import InvalidInput


@dataclass(frozen=True)
class TravelMode:
    """A way to travel.

    Parameters
    ----------
    name
        As in the table of teams.
    speed_m_s
        Metres a second by kind of street; a kind that is missing may not be used.
    junction_s
        Seconds lost at each junction: lights, crossings, turning.
    ignores_one_way
        Whether one-way streets are gone in both directions.
    """

    name: str
    speed_m_s: Mapping[str, float]
    junction_s: float
    ignores_one_way: bool = False

    def __post_init__(self) -> None:
        """Refuse speeds nobody can travel at."""
        if not all(0 < speed <= 60 for speed in self.speed_m_s.values()) or not 0 <= self.junction_s <= 600:
            raise InvalidInput(
                "The speeds of mode {mode} cannot be used.",
                remedy="Give speeds above 0 up to 60 m/s and a delay of 0 to 600 s for each junction.",
                mode=self.name,
            )


def _speeds(trunk: float, primary: float, secondary: float, residential: float, **others: float) -> Mapping[str, float]:
    roads = {"trunk": trunk, "primary": primary, "secondary": secondary, "residential": residential}
    return MappingProxyType(roads | others)


TRAVEL_MODES: Mapping[str, TravelMode] = MappingProxyType(
    {
        mode.name: mode
        for mode in (
            TravelMode("foot", _speeds(1.25, 1.25, 1.25, 1.25, footpath=1.1, ferry=4.0), 5.0, ignores_one_way=True),
            TravelMode("ebike", _speeds(5.5, 5.5, 5.0, 4.2, footpath=2.0, ferry=4.0), 5.0),
            TravelMode("car", _speeds(16.0, 12.0, 9.0, 6.0, ferry=4.0), 6.0),
        )
    }
)
"""Patrol speeds, below those of through traffic: 58, 43, 32 and 22 km/h by car."""
