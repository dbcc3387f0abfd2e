"""Which column of a file stands for which field: guessed with a confidence, or said by the sender."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from gis_app.domain.errors import InvalidInput
from gis_app.importers.headers import PLACE_HEADERS, plain
from gis_app.importers.kinds import KINDS, Column, ColumnType, ImportKind
from gis_app.importers.records import Shape

SURE, LIKELY, POSSIBLE = 1.0, 0.9, 0.6
"""Confidence of a known name, of one but for unit or brackets, and of one that holds or resembles a known name."""
_BRACKETS = re.compile(r"[(\[（【].*?[)\]）】]|[*:：]+$|^\d+[.、]")
_LEAST_LIKENESS = 0.82
_LEAST_PART = 2
_LEAST_WORD = 4


@dataclass(frozen=True)
class Guess:
    """What a column seems to stand for; ``confidence`` is 0 to 1, 0 where ``field`` is None."""

    header: str
    field: str | None
    confidence: float


@dataclass(frozen=True)
class ColumnMapping:
    """What the sender says of a file's columns.

    Parameters
    ----------
    columns
        Header as in the file, and the field it stands for; headers left out are not used.
    constants
        Field, and the value all rows have in it.
    """

    columns: Mapping[str, str]
    constants: Mapping[str, object] = field(default_factory=dict)

    def place_headers(self) -> dict[str, str]:
        """Return the header of each part of a place."""
        return {name: header for header, name in self.columns.items() if name in PLACE_HEADERS}

    def header_names(self) -> dict[str, str]:
        """Return the plain form of every header that is used, and the column it stands for."""
        return {plain(header): name for header, name in self.columns.items() if name not in PLACE_HEADERS}


@dataclass(frozen=True)
class FieldFact:
    """A field that a column may stand for: its name, whether it must be there, the headers it is known by."""

    name: str
    is_required: bool
    is_place: bool
    type: ColumnType | None
    aliases: tuple[str, ...]


def fields_of(kind: ImportKind) -> tuple[FieldFact, ...]:
    """Return the fields of a kind, those that say where a row lies first (only tables such as CSV need them)."""
    table = KINDS[kind]
    is_point = table.shape in (Shape.POINT, Shape.FIX)
    roles = [role for role in PLACE_HEADERS if role == "wkt" or is_point]
    if table.shape is not Shape.POINT:
        roles = [role for role in roles if not role.startswith("place_")]
    places = [FieldFact(role, False, True, None, PLACE_HEADERS[role]) for role in roles]
    return (*places, *(FieldFact(c.name, c.required, False, c.type, c.aliases) for c in table.columns))


def guess_mapping(headers: Iterable[str], kind: ImportKind) -> dict[str, Guess]:
    """Return for each header the field it seems to stand for; each field is given to its best header only.

    Known names in Chinese and English are sure; units and brackets are passed over; a header that holds a known name,
    or differs in a letter or two, is possible. Nothing is read of the values.
    """
    names = list(dict.fromkeys(headers))
    known = [(fact.name, plain(word)) for fact in fields_of(kind) for word in (fact.name, *fact.aliases)]
    scored = [
        (_confidence(header, word), at, position, header, name)
        for at, header in enumerate(names)
        for position, (name, word) in enumerate(known)
    ]
    taken: dict[str, Guess] = {}
    given: set[str] = set()
    for confidence, _, _, header, name in sorted(scored, key=lambda each: (-each[0], each[1], each[2])):
        if confidence > 0 and header not in taken and name not in given:
            taken[header] = Guess(header, name, confidence)
            given.add(name)
    return {header: taken.get(header, Guess(header, None, 0.0)) for header in names}


def _confidence(header: str, word: str) -> float:
    name = plain(header)
    if name == word:
        return SURE
    bare = plain(_BRACKETS.sub("", header))
    if bare == word:
        return LIKELY
    if len(word) >= _LEAST_PART and len(bare) >= _LEAST_PART and (word in bare or bare in word):
        short, long = sorted((word, bare), key=len)
        # A part of a word is a word of its own in Chinese; in English "place" does not lie in "replaced_at".
        if not word.isascii() or re.search(rf"(^|_){re.escape(short)}(_|$)", long):
            return round(POSSIBLE * (0.5 + len(short) / len(long) / 2), 3)
    likeness = SequenceMatcher(None, bare, word).ratio() if word.isascii() and len(word) >= _LEAST_WORD else 0.0
    return round(POSSIBLE * likeness, 3) if likeness >= _LEAST_LIKENESS else 0.0


def require_usable(mapping: ColumnMapping, kind: ImportKind) -> None:
    """Raise ``InvalidInput`` if the mapping names a field that the kind does not have, or one twice."""
    known = {fact.name for fact in fields_of(kind)}
    values = {column.name for column in KINDS[kind].columns}
    named = [*mapping.columns.values(), *mapping.constants]
    wrong = sorted({name for name in named if name not in known} | (set(mapping.constants) - values))
    twice = sorted({name for name in named if named.count(name) > 1})
    if wrong or twice:
        raise InvalidInput(
            "The columns are mapped to fields that {kind} do not have ({wrong}), or to one field twice ({twice}).",
            remedy="Use each of these fields at most once: {fields}.",
            kind=kind.value,
            wrong=", ".join(wrong) or "-",
            twice=", ".join(twice) or "-",
            fields=", ".join(sorted(known)),
        )


def constant_column(column: Column, mapping: ColumnMapping | None) -> object | None:
    """Return the value that all rows have in a column, None if the sender gave none."""
    return None if mapping is None else mapping.constants.get(column.name)
