"""Conditions of a plan: windows and skills of stops, dwells, minimums of villages, and teams that are tried out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gis_app.domain.errors import InvalidInput
from gis_app.domain.periods import CITY_TIME
from gis_app.planning.task_tables import windows_of

MOST_EXTRA = 20


@dataclass(frozen=True)
class ExtraTeam:
    """A team to try out, stationed and equipped like one of the plan."""

    like: str
    name: str = ""
    mode: str = ""


def instants(windows: str, begins: datetime) -> list[list[str]]:
    """Return windows such as ``20:00-21:00;22:30-23:00`` as pairs of instants in the city's time.

    Parameters
    ----------
    begins
        When the shift begins: the night that clock times are of.

    Raises
    ------
    InvalidInput
        If they are written otherwise.
    """
    try:
        pairs = windows_of(windows, begins)
    except ValueError:
        raise InvalidInput(
            "{name} is {value!r}.",
            remedy="Write windows as 20:00-21:00;22:30-23:00.",
            name="windows",
            value=windows[:60],
        ) from None
    return [[edge.astimezone(CITY_TIME).isoformat() for edge in pair] for pair in sorted(pairs)]


def counted_minimums(stops: Sequence[Mapping[str, Any]], *, least: int, minimums: Mapping[str, int]) -> dict[str, int]:
    """Return the least visits by village: the same for all that have candidates, or what is said for one.

    Raises
    ------
    InvalidInput
        If a village that is named has fewer candidates.
    """
    there = Counter(stop["village"] for stop in stops if stop["village"])
    for village, wanted in minimums.items():
        if wanted > there[village]:
            raise InvalidInput(
                "Village {village}: fewer candidates ({candidates}) than stops asked for at least ({least}).",
                remedy="Lower the minimum, or add stops in the village.",
                village=village[:40],
                least=wanted,
                candidates=there[village],
            )
    all_alike = {village: min(least, count) for village, count in there.items()}
    return {village: number for village, number in (all_alike | dict(minimums)).items() if number > 0}


def apply_conditions(
    content: dict[str, Any],
    *,
    dwell: Mapping[str, float],
    dwell_all: float | None,
    windows: Mapping[str, str],
    skill: Mapping[str, str],
    team_skills: Mapping[str, Sequence[str]],
    minimums: Mapping[str, int],
) -> None:
    """Change the conditions of a plan's content, in place; stops and teams are known.

    Parameters
    ----------
    dwell, dwell_all
        Minutes by stop, and for all stops.
    windows
        By stop, such as ``20:00-21:00``; none if empty.
    skill
        What a team needs, by stop; nothing if empty.
    team_skills
        By team, in place of what it had.
    minimums
        Least visits by village; 0 for none.
    """
    begins = datetime.fromisoformat(content["settings"]["starts_at"])
    for stop in content["stops"]:
        code = stop["code"]
        if dwell_all is not None:
            stop["dwell_s"] = dwell_all * 60
        if code in dwell:
            stop["dwell_s"] = dwell[code] * 60
        if code in windows:
            stop["windows"] = instants(windows[code], begins)
        if code in skill:
            stop["skill"] = skill[code]
    for team in content["teams"]:
        if team["code"] in team_skills:
            team["skills"] = list(team_skills[team["code"]])
    if dwell_all is not None:
        content["settings"]["dwell_min"] = dwell_all
    changed = content.get("minimums", {}) | minimums
    content["minimums"] = {
        **counted_minimums(content["stops"], least=0, minimums={each: changed[each] for each in minimums}),
        **{village: least for village, least in changed.items() if village not in minimums and least > 0},
    }


def add_team(content: dict[str, Any], extra: ExtraTeam) -> str:
    """Add a team to try out, in place, and return its code.

    Raises
    ------
    InvalidInput
        If too many are tried out already.
    """
    own = [team for team in content["teams"] if team.get("is_extra")]
    if len(own) >= MOST_EXTRA:
        raise InvalidInput("{count} teams were added already.", remedy="Take some off duty.", count=len(own))
    like = next(team for team in content["teams"] if team["code"] == extra.like)
    number = len(own) + 1
    code = f"X{number:02d}"
    content["teams"].append(
        {
            **like,
            "code": code,
            "name_zh": extra.name or f"{like['name_zh']} +{number}",
            "name_en": extra.name or f"{like['name_en'] or like['name_zh']} +{number}",
            "mode": extra.mode or like["mode"],
            "is_extra": True,
        }
    )
    return code
