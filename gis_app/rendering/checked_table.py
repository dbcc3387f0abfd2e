"""A TOML table whose keys are taken one by one, each checked; what is wrong or left over names file and key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gis_app.domain.errors import InvalidInput

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_COLOR = re.compile(r"#[0-9a-f]{6}")


@dataclass(frozen=True)
class Words:
    """The same words in both languages."""

    zh: str
    en: str

    def in_locale(self, locale: str) -> str:
        """Return the words for ``zh`` or ``en``."""
        return self.en if locale == "en" else self.zh


class CheckedTable:
    """A TOML table that remembers where it stands, for errors, and which keys were taken."""

    def __init__(self, values: Mapping[str, Any], file: str, path: str = "") -> None:
        self.values, self.file, self.path = dict(values), file, path

    def wrong(self, key: str, problem: str, remedy: str) -> InvalidInput:
        """Return the error that names file and key."""
        return InvalidInput(
            "Layer file {file}, key {key}: {problem}",
            remedy=remedy,
            file=self.file,
            key=self.path + key,
            problem=problem,
        )

    def take(self, key: str, kind: type | tuple[type, ...], default: Any = ...) -> Any:
        """Take the value of a key, of the given type; without default it must be there."""
        value = self.values.pop(key, default)
        if value is ...:
            raise self.wrong(key, "is missing.", "Add it; docs/layers.md lists all keys.")
        if value is not default and (not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool)):
            raise self.wrong(key, f"{value!r} has the wrong type.", "docs/layers.md lists all keys and their types.")
        return value

    def choice(self, key: str, allowed: tuple[str, ...], default: Any = ...) -> str:
        """Take one of the allowed words."""
        value: str = self.take(key, str, default)
        if value not in allowed:
            raise self.wrong(key, f"{value!r} is not one of {', '.join(allowed)}.", "Choose one of them.")
        return value

    def name(self, key: str, default: Any = ...) -> Any:
        """Take a name: lower-case letters, digits, underscores."""
        value = self.take(key, str, default)
        if value is not default and not _NAME.fullmatch(value):
            raise self.wrong(key, f"{value!r} is no name.", "Use lower-case letters, digits and underscores.")
        return value

    def color(self, key: str, default: Any = ...) -> Any:
        """Take a colour: #rrggbb."""
        value = self.take(key, str, default)
        if value is not default and not _COLOR.fullmatch(value):
            raise self.wrong(key, f"{value!r} is no colour.", "Write it as #rrggbb in lower case.")
        return value

    def words(self, key: str, default: Any = ...) -> Any:
        """Take the same words in both languages."""
        value = self.take(key, dict, default)
        if value is default:
            return default
        table = CheckedTable(value, self.file, f"{self.path}{key}.")
        words = Words(zh=table.take("zh", str), en=table.take("en", str))
        table.done()
        return words

    def items(self, key: str, kind: type | tuple[type, ...]) -> list[Any]:
        """Take a list of values of one type; empty where the key is missing."""
        values: list[Any] = self.take(key, list, [])
        if not all(isinstance(each, kind) and not isinstance(each, bool) for each in values):
            raise self.wrong(key, f"{values!r} holds a wrong type.", "docs/layers.md lists all keys and their types.")
        return values

    def tables(self, key: str) -> list[CheckedTable]:
        """Take a list of tables."""
        return [
            CheckedTable(each, self.file, f"{self.path}{key}[{n}].") for n, each in enumerate(self.items(key, dict))
        ]

    def done(self) -> None:
        """Refuse what nobody took."""
        for key in self.values:
            raise self.wrong(key, "is not known.", "Remove it; docs/layers.md lists all keys.")
