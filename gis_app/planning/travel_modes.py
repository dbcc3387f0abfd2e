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
    left_s, right_s, back_s
        Seconds lost beyond that by turning left or right at a junction, and by turning round on a street.
    """

    name: str
    speed_m_s: Mapping[str, float]
    junction_s: float
    ignores_one_way: bool = False
    left_s: float = 0.0
    right_s: float = 0.0
    back_s: float = 0.0

    @property
    def minds_turns(self) -> bool:
        """Whether a turn costs more than going straight on."""
        return bool(self.left_s or self.right_s or self.back_s)

    @property
    def facts(self) -> tuple[object, ...]:
        """All that travel times depend on; modes of the same facts travel alike."""
        lost = (self.junction_s, self.left_s, self.right_s, self.back_s)
        return (*sorted(self.speed_m_s.items()), self.ignores_one_way, *lost)

    def __post_init__(self) -> None:
        """Refuse speeds nobody can travel at."""
        if not all(0 < speed <= 60 for speed in self.speed_m_s.values()) or not all(
            0 <= lost <= 600 for lost in (self.junction_s, self.left_s, self.right_s, self.back_s)
        ):
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
            TravelMode(
                "ebike", _speeds(5.5, 5.5, 5.0, 4.2, footpath=2.0, ferry=4.0), 4.0, left_s=5.0, right_s=1.0, back_s=5.0
            ),
            TravelMode("car", _speeds(16.0, 12.0, 9.0, 6.0, ferry=4.0), 4.0, left_s=9.0, right_s=3.0, back_s=20.0),
        )
    }
)
"""Patrol speeds, below those of through traffic: 58, 43, 32 and 22 km/h by car."""
