"""Style sheets, scripts, icons and the built vendor folder."""

from __future__ import annotations

import hashlib
from pathlib import Path

from flask import Blueprint, current_app, send_from_directory
from flask.typing import ResponseReturnValue

from gis_app import paths
from gis_app.web.access import open_to_all

blueprint = Blueprint("static_files", __name__)
YEAR_SECONDS = 365 * 86400


def version_of(folder: Path) -> str:
    """Return a word that changes whenever a file of the folder does."""
    digest = hashlib.blake2b(digest_size=8)
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        facts = path.stat()
        digest.update(f"{path.relative_to(folder)}|{facts.st_size}|{facts.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def static_url() -> str:
    """Return where pages find static files; scripts import one another below the same address."""
    version: str = current_app.extensions["jingwei"].static_version
    return f"/static/~{version}"


@blueprint.get("/static/~<version>/<path:name>")
@open_to_all
def versioned_file(version: str, name: str) -> ResponseReturnValue:
    """Answer a file for good: other content has another address."""
    is_known = version == current_app.extensions["jingwei"].static_version
    response = send_from_directory(paths.static(), name, conditional=True, etag=True)
    response.cache_control.no_cache = None if is_known else True
    response.cache_control.public = True
    response.cache_control.max_age = YEAR_SECONDS if is_known else None
    response.cache_control.immutable = is_known
    return response


@blueprint.get("/static/<path:name>")
@open_to_all
def static_file(name: str) -> ResponseReturnValue:
    """Answer a file that the caller checks again by its ETag each time."""
    response = send_from_directory(paths.static(), name, conditional=True, etag=True)
    response.cache_control.no_cache = True
    return response


@blueprint.get("/favicon.ico")
@open_to_all
def favicon() -> ResponseReturnValue:
    """Answer the product's sign, which browsers ask for by themselves."""
    return send_from_directory(paths.static() / "icons", "favicon.svg", mimetype="image/svg+xml")
