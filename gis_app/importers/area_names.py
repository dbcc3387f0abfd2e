"""Rows that say where they lie by the name of a village or grid only: found among the known areas, or refused."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from gis_app.importers.problems import ProblemLog

_MOST_NAMED = 5
_SEPARATORS = str.maketrans("", "", " /·,，-—_\t\u3000")


@dataclass(frozen=True)
class KnownArea:
    """A village or grid of the city.

    Parameters
    ----------
    code
        Its code, which is a name too.
    names
        What it is called.
    within
        What the areas around it are called, the nearest first.
    lon, lat
        A point inside it, degrees WGS-84.
    """

    code: str
    names: tuple[str, ...]
    within: tuple[str, ...]
    lon: float
    lat: float


class AreaNames:
    """Finds areas by code, by name, and by name with those around it before."""

    def __init__(self, areas: Iterable[KnownArea]) -> None:
        self._found: dict[str, list[KnownArea]] = {}
        for area in areas:
            for key in dict.fromkeys(_keys(area)):
                self._found.setdefault(key, []).append(area)

    def find(self, within: str, name: str) -> list[KnownArea]:
        """Return the areas that a name may mean."""
        return self._found.get(_folded(within + name), []) if name else []


def _keys(area: KnownArea) -> Iterable[str]:
    yield _folded(area.code)
    for name in filter(None, area.names):
        yield _folded(name)
        for at, around in enumerate(area.within):
            yield _folded(around + name)
            yield _folded("".join(reversed(area.within[: at + 1])) + name)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).strip().casefold().translate(_SEPARATORS)


def locate(
    rows: Iterable[tuple[int, tuple[str, str]]], names: AreaNames, log: ProblemLog
) -> list[tuple[float, float] | None]:
    """Return longitude and latitude of each row, and note names that mean no area or several."""
    places: list[tuple[float, float] | None] = []
    for row, (within, name) in rows:
        found = names.find(within, name)
        places.append((found[0].lon, found[0].lat) if len(found) == 1 else None)
        if not name:
            log.add(row, "place_name", "The name of the place is missing.", "Name its village or grid.")
        elif not found:
            log.add(row, "place_name", "There is no village or grid called {name}.",
                    "Correct the name, or write its code.", name=within + name)  # fmt: skip
        elif len(found) > 1:
            log.add(
                row,
                "place_name",
                "{count} areas are called {name}: {areas}.",
                "Write the township before the name, or write the code.",
                count=len(found),
                name=within + name,
                areas=", ".join(f"{'/'.join(reversed(each.within))}/{each.names[0]} ({each.code})"
                                for each in found[:_MOST_NAMED]),
            )  # fmt: skip
    return places
