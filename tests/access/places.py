"""The areas of the planted city, each with a word that stands nowhere else, so that a row that strays tells its own."""

from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class Place:
    """An area: its word is also its code, so its scope path tells of it too; ``rows`` are planted in every table."""

    word: str
    level: str
    parent: str | None
    west: float
    east: float
    rows: int

    @property
    def path(self):
        return (place_of(self.parent).path if self.parent else "/") + f"{self.word}/"


CITY = Place("kanarcity", "city", None, 120.5, 120.9, 1)
WEST = Place("kanarwest", "township", "kanarcity", 120.5, 120.7, 2)
EAST = Place("kanareast", "township", "kanarcity", 120.7, 120.9, 3)
WEST_VILLAGE = Place("kanarwvone", "village", "kanarwest", 120.5, 120.6, 2)
WEST_SIBLING = Place("kanarwvtwo", "village", "kanarwest", 120.6, 120.7, 3)
EAST_VILLAGE = Place("kanarevone", "village", "kanareast", 120.7, 120.8, 5)
EAST_SIBLING = Place("kanarevtwo", "village", "kanareast", 120.8, 120.9, 7)
VILLAGES = (WEST_VILLAGE, WEST_SIBLING, EAST_VILLAGE, EAST_SIBLING)
GRIDS = tuple(Place(each.word.replace("v", "g"), "grid", each.word, each.west, each.east, 1) for each in VILLAGES)
PLACES = (CITY, WEST, EAST, *VILLAGES, *GRIDS)
"""Parents first. Every sum of rows over a subtree differs, so that no foreign count passes for an own one."""
SOUTH, NORTH = 27.7, 27.9


@cache
def place_of(word):
    """Return the area of a word."""
    return next(each for each in PLACES if each.word == word)


def foreign_words(home):
    """Return the words of all areas outside an area's own subtree; those above it are foreign too."""
    return frozenset(each.word for each in PLACES if not each.path.startswith(home.path))


def mark(place, table, column, number):
    """Return what is planted in a text column: whose row it is and where it came from."""
    return f"{place.word}.{table}.{column}.{number}"


FOREIGN_TO = {
    "village": (WEST, WEST_SIBLING, EAST, EAST_VILLAGE, CITY),
    "township": (EAST, EAST_VILLAGE, CITY),
}
"""What callers of a level must not see."""
