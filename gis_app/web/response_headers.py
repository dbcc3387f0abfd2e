"""What every response carries: security headers, and compression of texts."""

from __future__ import annotations

import gzip
import secrets

from flask import Flask, Response, current_app, g, request

from gis_app.rendering.figure import content_security_policy

COMPRESSED_TYPES = frozenset(
    {"text/html", "text/css", "text/javascript", "application/json", "application/geo+json", "image/svg+xml"}
)
LEAST_BYTES = 1000
"""Shorter texts go as they are."""
PERMISSIONS = "accelerometer=(), camera=(), geolocation=(self), gyroscope=(), microphone=(), payment=(), usb=()"


def register(app: Flask) -> None:
    """Make a nonce before and add the headers after each request."""
    app.before_request(_make_nonce)
    app.after_request(_compress)
    app.after_request(_secure)


def _make_nonce() -> None:
    g.nonce = secrets.token_urlsafe(18)


def _secure(response: Response) -> Response:
    headers = response.headers
    basemaps = current_app.extensions["jingwei"].basemaps.values()
    origins = sorted({each.origin for each in basemaps if each.origin})
    policy = content_security_policy(g.get("nonce", ""), image_origins=origins)
    headers.setdefault("Content-Security-Policy", policy)
    headers["X-Content-Type-Options"] = "nosniff"
    headers["X-Frame-Options"] = "DENY"
    headers["Referrer-Policy"] = "same-origin"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers["Permissions-Policy"] = PERMISSIONS
    headers.setdefault("Cache-Control", "private, no-store")
    return response


def _compress(response: Response) -> Response:
    """Compress whole texts for who accepts it; files sent in ranges and tiles, compressed already, stay as they are."""
    if (
        response.mimetype not in COMPRESSED_TYPES
        or response.status_code != 200
        or "Content-Encoding" in response.headers
        or "Range" in request.headers
        or not request.accept_encodings["gzip"]
    ):
        return response
    response.direct_passthrough = False
    body = response.get_data()
    if len(body) < LEAST_BYTES:
        return response
    response.set_data(gzip.compress(body, 5, mtime=0))
    response.headers["Content-Encoding"] = "gzip"
    response.vary.add("Accept-Encoding")
    tag, _ = response.get_etag()
    if tag:
        response.set_etag(tag, weak=True)
    return response
