"""Where layers, data and static files lie: in the installed package, or in the checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def _folder(name: str) -> Path:
    bundled = _PACKAGE / "_bundled" / name
    return bundled if bundled.is_dir() else _PACKAGE.parent / name


def layers() -> Path:
    """Return the folder of the layer specifications."""
    return _folder("layers")


def data() -> Path:
    """Return the folder of the demo city's inputs."""
    return _folder("data")


def static() -> Path:
    """Return the folder of style sheets, scripts, icons and the built vendor folder."""
    return _folder("static")
