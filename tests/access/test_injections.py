"""Payloads in every parameter of the OGC API: no answer of 500, and no row beyond the caller's area."""

import os
from collections import Counter
from urllib.parse import quote, urlencode

import pytest
from sqlalchemy import text

from gis_app.domain.rights import Role
from gis_app.web.ogc_params import ITEMS
from tests.access.injections import PAYLOADS
from tests.access.places import WEST, foreign_words
from tests.callers import account_in, logged_in

COUNT = int(os.environ.get("JINGWEI_TEST_PAYLOADS", "25"))
"""Of the thousand, spread evenly; all of them on demand."""
NAMES = tuple(each.name for each in ITEMS)
OTHER_PLACES = (
    "/ogc/collections/{}",
    "/ogc/collections/{}/items",
    "/ogc/collections/hazards/items/{}",
    "/ogc/collections/{}/queryables",
    "/ogc/collections/hazards/tiles/{}",
    "/ogc/collections/hazards/tiles/WebMercatorQuad/14/6900/{}",
)
TILE = "/ogc/collections/hazards/tiles/WebMercatorQuad/12/1718/3420"


@pytest.fixture(scope="module")
def own(city):
    """What the caller may see: identifiers of hazards, and of the township's own things."""
    with city.superuser.connect() as connection:
        query = text("SELECT id::text FROM hazard WHERE starts_with(scope_path, :path)")
        return set(connection.execute(query, {"path": WEST.path}).scalars())


def requests_with(payload, properties):
    written = quote(payload, safe="", errors="surrogatepass")
    for name in (*NAMES, *properties, "lang", written[:40]):
        yield f"/ogc/collections/hazards/items?{urlencode({name: payload}, errors='surrogatepass')}"
    for name in ("from", "to", "night", "f"):
        yield f"{TILE}?{urlencode({name: payload}, errors='surrogatepass')}"
    for place in OTHER_PLACES:
        yield place.format(written)


def test_no_payload_in_any_parameter_breaks_the_server_or_reaches_another_area(make_app, city, own):
    statuses, faults = Counter(), []
    app = make_app(city)
    login = account_in(city.app, app, WEST.path, Role.SUPERVISOR)
    properties = logged_in(app.test_client(), login).get("/ogc/collections/hazards/queryables").json["properties"]
    foreign = [word.encode() for word in foreign_words(WEST)]
    chosen = PAYLOADS[:: max(len(PAYLOADS) // COUNT, 1)]
    for payload in chosen:
        # A server of its own for each, which counts the requests of a minute anew.
        client = logged_in(make_app(city).test_client(), login)
        for path in requests_with(payload, properties):
            answer = client.get(path)
            statuses[answer.status_code] += 1
            # A payload that names another area itself may be said again; none here does.
            if answer.status_code >= 500 or any(word in answer.data for word in foreign):
                faults.append((answer.status_code, path))
            if answer.status_code == 200 and answer.content_type == "application/geo+json":
                found = answer.json.get("features", [answer.json])
                faults += [(each["id"], path) for each in found if each["id"] not in own]
    print(
        f"\npayloads: {len(chosen)}, {statuses.total()} requests, {dict(sorted(statuses.items()))}, "
        f"{len(faults)} faults"
    )
    assert faults == []
    assert len(PAYLOADS) == 1000
    assert statuses[400] >= 20 * len(chosen)
