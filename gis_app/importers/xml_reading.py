"""XML of strangers by expat: no DOCTYPE, no entity, no depth, no text without end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO, Generic, TypeVar
from xml.parsers import expat

from gis_app.domain.errors import Refused
from gis_app.importers.records import MAX_FIELD_CHARS

_CHUNK_BYTES = 65_536
MAX_DEPTH = 64
Item = TypeVar("Item")


class XmlReader(Generic[Item]):
    """Calls back for each element and hands on what was finished between two chunks.

    Parameters
    ----------
    root
        The name that the outermost element must have.
    format_name
        What the format is called in sentences.
    """

    def __init__(self, root: str, format_name: str) -> None:
        self._root = root
        self._format = format_name
        self._text: list[str] = []
        self._text_chars = 0
        self.path: list[str] = []
        self.done: list[Item] = []
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.StartDoctypeDeclHandler = self._refuse_declaration
        self._parser.EntityDeclHandler = self._refuse_declaration
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self.on_start: Callable[[str, dict[str, str]], None] = _ignore_start
        self.on_end: Callable[[str, str], None] = _ignore_end

    def read(self, source: BinaryIO) -> Iterator[Item]:
        """Yield what is finished, chunk by chunk; raises ``Refused`` where the file is not XML of this format."""
        while True:
            chunk = source.read(_CHUNK_BYTES)
            try:
                self._parser.Parse(chunk, not chunk)
            except expat.ExpatError as error:
                raise self._not_this(str(error)) from None
            yield from self.done
            self.done.clear()
            if not chunk:
                return

    def _not_this(self, reason: str) -> Refused:
        return Refused(
            "The file is not {format}: {reason}.",
            remedy="Export the data again, or name the format the file has.",
            format=self._format,
            reason=reason,
        )

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(" ")[2]
        if not self.path and name != self._root:
            raise self._not_this(f"it begins with <{name[:80]}>")
        if len(self.path) >= MAX_DEPTH:
            raise Refused("The file is nested too deep to be {format}.", remedy="Export the data again.",
                          format=self._format)  # fmt: skip
        self.path.append(name)
        self._text, self._text_chars = [], 0
        self.on_start(name, attributes)

    def _characters(self, text: str) -> None:
        self._text_chars += len(text)
        if self._text_chars > MAX_FIELD_CHARS * 4:
            raise Refused("A text in the file is too long.", remedy="Shorten it to {limit} characters.",
                          limit=MAX_FIELD_CHARS * 4)  # fmt: skip
        self._text.append(text)

    def _end(self, _tag: str) -> None:
        text = "".join(self._text).strip()
        self.on_end(self.path[-1], text)
        self.path.pop()
        self._text, self._text_chars = [], 0

    def _refuse_declaration(self, *_: object) -> None:
        raise Refused(
            "The file declares a DOCTYPE or an entity, which {format} does not need and Jingwei does not read.",
            remedy="Remove the <!DOCTYPE ...> part, or export the data again.",
            format=self._format,
        )


def _ignore_start(_name: str, _attributes: dict[str, str]) -> None:
    return None


def _ignore_end(_name: str, _text: str) -> None:
    return None
