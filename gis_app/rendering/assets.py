"""Browser libraries: which address stands for which local file, and copying them into static/vendor.

Run as ``python -m gis_app.rendering.assets`` after ``npm ci --ignore-scripts``.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sys
import time
from functools import cache
from pathlib import Path, PurePosixPath

import folium

from gis_app import paths
from gis_app.domain.errors import JingweiError, NotFound, Refused

_TABLE = Path(__file__).with_name("folium_assets.json")
_URL = re.compile(r"url\(\s*['\"]?([^'\")]+)['\"]?\s*\)", re.IGNORECASE)
_IMPORTED = re.compile(r"@import\s+['\"]([^'\"]+)", re.IGNORECASE)
_LOCAL = re.compile(r"(?![a-z][a-z0-9+.-]*:|//|/)", re.IGNORECASE)
_GLYPHICON = re.compile(r"@font-face\s*\{[^}]*Glyphicons[^}]*\}|\.glyphicon[\w-]*(?:::?before)?\s*\{[^}]*\}")
# Leaflet's script names its marker images by itself, so no style sheet leads to them.
IMAGES_NAMED_BY_SCRIPTS = ("leaflet/dist/images",)
STAMP = ".stamp.json"


@cache
def asset_table() -> dict[str, str]:
    """Return the table from an address in a page to a file below static/vendor."""
    table: dict[str, str] = json.loads(_TABLE.read_text(encoding="utf-8"))
    return table


def local_path(address: str) -> str:
    """Return the path below static/vendor of the file that stands for an address.

    Raises
    ------
    NotFound
        If the address is not in the table: a page that would reach outside is not made.
    """
    try:
        return asset_table()[address]
    except KeyError:
        raise NotFound(
            "The page asks for {address}, which has no local file.",
            remedy="Add it to gis_app/rendering/folium_assets.json and its package to package.json, then `make demo`.",
            address=address,
        ) from None


def copy_assets(modules: Path, vendor: Path) -> int:
    """Copy what the table names, and what those style sheets name, to ``vendor``; return how many files.

    Raises
    ------
    NotFound
        If a file is missing from ``modules``.
    Refused
        If a style sheet asks for an address outside.
    """
    waiting = sorted(set(asset_table().values()))
    for folder in IMAGES_NAMED_BY_SCRIPTS:
        waiting += [f"{folder}/{file.name}" for file in sorted((modules / folder).glob("*"))]
    copied: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in copied:
            continue
        content = _content(name, modules)
        if name.endswith(".css"):
            waiting += files_named_by(content.decode("utf-8"), name)
        target = vendor / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        copied.add(name)
    return len(copied)


def files_named_by(style_sheet: str, name: str) -> list[str]:
    """Return the files below static/vendor that a style sheet asks for.

    Raises
    ------
    Refused
        If it asks for an absolute address or a file outside the folder.
    """
    wanted = []
    for address in (*_URL.findall(style_sheet), *_IMPORTED.findall(style_sheet)):
        if address.startswith(("data:", "#")):
            continue
        parts: list[str] = []
        for part in (PurePosixPath(name).parent / address.split("?")[0].split("#")[0]).parts:
            parts = parts[:-1] if part == ".." and parts else [*parts, part]
        if not _LOCAL.match(address) or ".." in parts:
            raise Refused(
                "{file} asks for {address}, outside.", remedy="Leave that file out.", file=name, address=address
            )
        wanted.append("/".join(parts))
    return wanted


def _content(name: str, modules: Path) -> bytes:
    if name in DERIVED:
        return DERIVED[name](modules).encode()
    source = Path(folium.__file__).parent / "templates" / name[7:] if name.startswith("folium/") else modules / name
    if not source.is_file():
        raise NotFound("{file} is missing.", remedy="Run `npm ci --ignore-scripts` first.", file=source)
    return source.read_bytes()


def _rotations(modules: Path) -> str:
    """Classes that turn a marker's icon: folium's own file is on no registry."""
    return "\n".join(f".fa-rotate-{angle} {{ transform: rotate({angle}deg); }}" for angle in range(1, 360)) + "\n"


def _glyphicons(modules: Path) -> str:
    """Take the icons out of Bootstrap 3, without the rules that would restyle the page."""
    rules = _GLYPHICON.findall(_content("bootstrap3/dist/css/bootstrap.css", modules).decode())
    return "\n".join(rules).replace("../fonts/", "../bootstrap3/dist/fonts/") + "\n"


DERIVED = {"derived/awesome-rotate.css": _rotations, "derived/glyphicons.css": _glyphicons}


def is_current(vendor: Path, digest: str) -> bool:
    """Return whether ``vendor`` holds, unchanged in size, what a build of this digest left there."""
    stamp = vendor / STAMP
    if not stamp.is_file():
        return False
    built = json.loads(stamp.read_text(encoding="utf-8"))
    sizes: dict[str, int] = built["sizes"]
    return built["digest"] == digest and sizes == _sizes(vendor)


def _sizes(vendor: Path) -> dict[str, int]:
    files = (file for file in vendor.rglob("*") if file.is_file() and not file.name.startswith("."))
    return {file.relative_to(vendor).as_posix(): file.stat().st_size for file in sorted(files)}


def build(root: Path) -> str:
    """Copy the assets of a checkout unless they are there already; return what was done, in a sentence."""
    modules, vendor = root / "node_modules", root / "static" / "vendor"
    inputs = (root / "package-lock.json", _TABLE, Path(__file__))
    digest = hashlib.sha256(b"\0".join(file.read_bytes() for file in inputs)).hexdigest()
    if is_current(vendor, digest):
        return f"{vendor} is up to date"
    started = time.monotonic()
    shutil.rmtree(vendor, ignore_errors=True)
    count = copy_assets(modules, vendor)
    sizes = _sizes(vendor)
    (vendor / STAMP).write_text(json.dumps({"digest": digest, "sizes": sizes}), encoding="utf-8")
    megabytes, seconds = sum(sizes.values()) / 1e6, time.monotonic() - started
    return f"{count} files, {megabytes:.1f} MB, copied to {vendor} in {seconds:.1f} s"


def main() -> int:
    """Build the assets of this checkout and say what was done."""
    try:
        print(build(paths.static().parent))
    except JingweiError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
