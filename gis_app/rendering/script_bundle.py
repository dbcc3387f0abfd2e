"""Several small ES modules as one script, for files that open without a server."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from gis_app.domain.errors import NotFound

_IMPORT = re.compile(r"^import\s*\{([^}]*)\}\s*from\s*\"\./(\w+)\.js\";\n", re.MULTILINE)
_EXPORT = re.compile(r"^export\s+((?:async\s+)?(?:function|const|class)\s+(\w+))", re.MULTILINE)


def bundle(folder: Path, entry: str, *, instead: Mapping[str, str] | None = None) -> str:
    """Return ``entry`` and all it imports as one script; each module keeps a scope of its own.

    Parameters
    ----------
    folder
        Folder of the modules, which import one another as ``import { a, b } from "./name.js";``.
    entry
        Name of the first module, without ``.js``.
    instead
        Modules that take the place of others, by name.

    Raises
    ------
    NotFound
        If a module is missing.
    """
    made: dict[str, str] = {}
    _add(folder, entry, made, instead or {})
    return '"use strict";\n' + "\n".join(made.values())


def _add(folder: Path, name: str, made: dict[str, str], instead: Mapping[str, str]) -> None:
    path = folder / f"{instead.get(name, name)}.js"
    if not path.is_file():
        raise NotFound("{file} is missing.", remedy="Install the program anew.", file=path)
    source = path.read_text(encoding="utf-8")
    for match in _IMPORT.finditer(source):
        if match.group(2) not in made:
            _add(folder, match.group(2), made, instead)
    names = [match.group(2) for match in _EXPORT.finditer(source)]
    body = _EXPORT.sub(r"\1", _IMPORT.sub(_taken, source))
    made[name] = f"const module_{name} = (() => {{\n{body}\nreturn {{ {', '.join(names)} }};\n}})();"


def _taken(match: re.Match[str]) -> str:
    names = re.sub(r"(\w+)\s+as\s+(\w+)", r"\1: \2", " ".join(match.group(1).split()))
    return f"const {{ {names} }} = module_{match.group(2)};\n"
