"""How a route is asked for a caller, and what its answer tells that is not the caller's."""

import gzip
import itertools
import re
from html import escape
from urllib.parse import quote

import mapbox_vector_tile

from tests.access.places import (
    PLACES,
    foreign_words,
)

FORMATS = tuple(
    {"Accept": accepted, "Accept-Encoding": encoding}
    for accepted, encoding in itertools.product(
        ("application/json", "text/html,application/xhtml+xml,*/*;q=0.8"), ("gzip", "identity")
    )
)
# Each format and each encoding once; tiles and files, which heed no Accept, come in both encodings.
READ_AS = (FORMATS[0], FORMATS[3])


EVERY_WORD = frozenset(each.word for each in PLACES)


def rules_of(app):
    return [(rule, method) for rule in app.url_map.iter_rules() for method in sorted(rule.methods)]


def ask(caller, asked, headers):
    if not asked.is_stream or asked.method != "GET":
        return caller.client.open(asked.path, method=asked.method, headers=headers, **asked.body())
    answer = caller.client.get(asked.path, headers=headers, buffered=False)
    stream = answer.response
    answer.set_data(b"".join(itertools.islice(stream, 2)))
    # A stream left open counts as a screen that is connected.
    if hasattr(stream, "close"):
        stream.close()
    return answer


def texts_of(answer):
    """Return what an answer says: its body unpacked, and its headers."""
    body = answer.get_data()
    if answer.headers.get("Content-Encoding") == "gzip" and body:
        body = gzip.decompress(body)
    return body, "\n".join(f"{name}: {value}" for name, value in answer.headers)


def longitudes(asked, answer, body):
    """Return every longitude near the city that an answer tells, and how coarse they are told."""
    if answer.content_type == "application/vnd.mapbox-vector-tile":
        parts = asked.path.partition("?")[0].removesuffix(".mvt").split("/")
        # /tiles/LAYER/z/x/y.mvt, and in the OGC order /ogc/…/z/row/column
        zoom, column = int(parts[-3]), int(parts[-1 if asked.path.startswith("/ogc") else -2])
        side = 360 / 2**zoom
        layers = mapbox_vector_tile.decode(body, default_options={"y_coord_down": True})
        shapes = [feature["geometry"]["coordinates"] for layer in layers.values() for feature in layer["features"]]
        return [column * side - 180 + x / 4096 * side for x in flat(shapes)], side / 4096
    return [float(number) for number in re.findall(rb"(?<![\d.])120\.\d+", body)], 0.0


def flat(coordinates):
    """Yield the first number of every point of nested lists of points."""
    for each in coordinates:
        if isinstance(each[0], int | float):
            yield each[0]
        else:
            yield from flat(each)


def faults_of(caller, asked, answer):
    """Return what an answer tells that is not the caller's."""
    body, headers = texts_of(answer)
    if caller.home is None and answer.status_code == 302:
        # What was asked for is said again, and nothing else.
        place = f"/login?next={quote(asked.path, safe='/')}"
        assert answer.headers["Location"] == place
        body, headers = body.replace(escape(place).encode(), b""), headers.replace(place, "")
    for echo in asked.echoes():
        body, headers = body.replace(echo.encode(), b""), headers.replace(echo, "")
    words = foreign_words(caller.home) if caller.home else EVERY_WORD
    faults = [word for word in words if word.encode() in body or word in headers]
    west, east = (caller.home.west, caller.home.east) if caller.home else (0, 0)
    found, coarse = longitudes(asked, answer, body)
    strayed = [lon for lon in found if not west - coarse - 1e-4 <= lon <= east + coarse + 1e-4]
    return [*faults, *(f"longitude {lon}" for lon in strayed[:3])]


def same_words(answer):
    """Return all an answer tells but the time and the nonce, which differ from answer to answer."""
    nonce = re.search(r"'nonce-([^']+)'", answer.headers.get("Content-Security-Policy", ""))
    body, _ = texts_of(answer)
    told = [(name, value) for name, value in answer.headers if name not in ("Date", "Content-Security-Policy")]
    return answer.status_code, body.replace(nonce.group(1).encode(), b"") if nonce else body, told
