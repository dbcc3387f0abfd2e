"""Forged requests: what another site, another log-in or a link makes a browser send changes nothing."""

from collections import Counter
from dataclasses import dataclass

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from gis_app.domain.rights import RIGHTS_OF, Right
from gis_app.services.secrets_at_rest import derived
from gis_app.web.access import MEMBER
from tests.access.asks import objects_of
from tests.access.changes import CHANGES, OWN_ONLY
from tests.access.conftest import ROLES
from tests.access.dumps import changed_tables, dump_of
from tests.access.places import WEST, WEST_VILLAGE
from tests.access.reads import READS
from tests.callers import account_in, logged_in

COOKIE = "jingwei_session"
OURS = {"Origin": "http://localhost"}
FORGERIES = {
    "no token": lambda csrf: OURS,
    "an empty token": lambda csrf: {**OURS, "X-CSRF-Token": ""},
    "a wrong token": lambda csrf: {**OURS, "X-CSRF-Token": "0" * 64},
    "half a token": lambda csrf: {**OURS, "X-CSRF-Token": csrf[:32]},
    "the token of another log-in": lambda csrf: {**OURS, "X-CSRF-Token": derived("another", "csrf")},
    "no origin": lambda csrf: {"X-CSRF-Token": csrf},
    "a null origin": lambda csrf: {"X-CSRF-Token": csrf, "Origin": "null"},
    "a foreign origin": lambda csrf: {"X-CSRF-Token": csrf, "Origin": "https://evil.example"},
    "an origin that begins like ours": lambda csrf: {"X-CSRF-Token": csrf, "Origin": "http://localhost.evil.example"},
    "an origin that names us as a user": lambda csrf: {"X-CSRF-Token": csrf, "Origin": "http://localhost@evil.example"},
    "our host at another port": lambda csrf: {"X-CSRF-Token": csrf, "Origin": "http://localhost:81"},
    "our host by another scheme": lambda csrf: {"X-CSRF-Token": csrf, "Origin": "https://localhost"},
    "a foreign referrer": lambda csrf: {"X-CSRF-Token": csrf, "Referer": "https://evil.example/localhost"},
    "a foreign origin with our referrer": lambda csrf: {
        **{"X-CSRF-Token": csrf, "Origin": "https://evil.example"},
        "Referer": "http://localhost/",
    },
    "another site": lambda csrf: {**OURS, "X-CSRF-Token": csrf, "Sec-Fetch-Site": "cross-site"},
    "a sister site": lambda csrf: {**OURS, "X-CSRF-Token": csrf, "Sec-Fetch-Site": "same-site"},
}


@dataclass(frozen=True)
class Victim:
    """A browser that is logged in and sends what an attacker's page makes it send, its cookie along with it."""

    client: FlaskClient
    csrf: str

    def send(self, asked, headers):
        return self.client.open(asked.path, method=asked.method, headers=headers, buffered=True, **asked.body())


@pytest.fixture(scope="module")
def victims(app, city):
    """One browser for each role."""
    made = {}
    for role in ROLES:
        logged = logged_in(app.test_client(), account_in(city.app, app, WEST.path, role))
        plain = FlaskClient(app)
        plain.set_cookie(COOKIE, logged.get_cookie(COOKIE).value)
        made[role] = Victim(plain, logged.csrf)
    return made


@pytest.fixture(scope="module")
def changes(app, city):
    """For each route that changes something: who may, and a request that would be accepted."""
    with city.superuser.connect() as connection:
        objects = objects_of(connection)
    asked = {endpoint: next(iter(recipe(objects, WEST, WEST_VILLAGE))) for endpoint, recipe in CHANGES.items()}
    asked["log_in.log_out"] = OWN_ONLY["log_in.log_out"]
    found = []
    for endpoint, each in asked.items():
        right = app.view_functions[endpoint].declared_right
        able = (role for role in ROLES if right == MEMBER or Right(right) in RIGHTS_OF[role])
        found.append((next(able), each))
    return found


@pytest.mark.parametrize("forgery", FORGERIES)
def test_no_route_takes_a_forged_request(city, victims, changes, forgery):
    before = dump_of(city.superuser)
    for role, asked in changes:
        answer = victims[role].send(asked, FORGERIES[forgery](victims[role].csrf))
        assert answer.status_code == 403, asked.path
        assert answer.get_json()["code"] == "forbidden"
    assert changed_tables(before, dump_of(city.superuser)) == set()
    assert len(changes) >= 12


def test_the_token_counts_in_a_header_or_a_form_and_not_in_the_address(victims, changes):
    for role, asked in changes:
        address = f"{asked.path}?csrf={victims[role].csrf}&X-CSRF-Token={victims[role].csrf}"
        answer = victims[role].client.open(address, method=asked.method, headers=OURS, **asked.body())
        assert answer.status_code == 403, asked.path


@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])
def test_a_link_is_not_turned_into_a_change(city, victims, changes, name):
    before = dump_of(city.superuser)
    for role, asked in changes:
        headers = {**OURS, "X-CSRF-Token": victims[role].csrf, name: asked.method}
        answer = victims[role].client.get(f"{asked.path}?_method={asked.method}", headers=headers)
        # 400: a page that knows its parameters refuses the foreign one.
        assert answer.status_code in (200, 400, 404, 405), asked.path
    assert changed_tables(before, dump_of(city.superuser)) == set()


def test_reading_changes_nothing_but_the_audit_of_looks_at_tracks_and_of_files_taken(app, city, victims):
    with city.superuser.connect() as connection:
        objects = objects_of(connection)
        newest = connection.execute(text("SELECT sequence FROM audit_head")).scalar_one()
    before = dump_of(city.superuser)
    for victim in victims.values():
        for recipe in READS.values():
            for asked in recipe(objects):
                victim.client.get(asked.path, buffered=not asked.is_stream).close()
    assert changed_tables(before, dump_of(city.superuser)) <= {"audit_entry", "audit_head"}
    with city.superuser.connect() as connection:
        query = text("SELECT DISTINCT action FROM audit_entry WHERE sequence > :newest")
        assert set(connection.execute(query, {"newest": newest}).scalars()) == {"tracks.look", "layer.export"}


def test_a_log_in_is_not_begun_by_another_site(app, city):
    login = account_in(city.app, app, WEST.path, ROLES[0])
    for headers in (
        {},
        {"Origin": "null"},
        {"Origin": "https://evil.example"},
        {**OURS, "Sec-Fetch-Site": "cross-site"},
    ):
        client = FlaskClient(app)
        form = {"login": login, "password": "correct horse battery staple"}
        assert client.post("/login", data=form, headers=headers).status_code == 403
        assert client.get_cookie(COOKIE) is None


def test_what_was_refused_as_forged_is_accepted_from_our_own_page(victims, changes):
    """Last, for it changes the city: without it the refusals might come from a wrong request."""
    refused = {}
    for role, asked in changes:
        headers = {**OURS, "X-CSRF-Token": victims[role].csrf, "Sec-Fetch-Site": "same-origin"}
        answer = victims[role].send(asked, headers)
        if answer.status_code >= 400:
            refused[asked.path] = answer.status_code
    # Not for being forged: no wrong password is taken, no other's token, question, mark or data set, no rule of a
    # township, no step taken twice, no identifier given twice, no inspection that has ended is cancelled, nothing is
    # planned where nothing is, no plan is changed twice.
    assert Counter(refused.values()) == {400: 3, 403: 3, 404: 3, 409: 8}, refused
