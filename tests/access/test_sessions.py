"""Log-ins: a secret is given once, changes when it should, and ends when it should."""

import contextlib
import json
import re
import time

import pytest
import requests

from gis_app.domain.rights import Role
from gis_app.services import accounts
from gis_app.services.gate import TRUSTED_SECONDS
from gis_app.storage.engine import system_scope
from gis_app.web.events import TICK_S
from tests.access.asks import objects_of
from tests.access.changes import CHANGES
from tests.access.places import CITY, WEST
from tests.callers import PASSWORD, logged_in

COOKIE = "jingwei_session"
NEW_PASSWORD = "another horse another battery"


def secret_of(client):
    return client.get_cookie(COOKIE).value


def status_with(app, secret, place="/api/kpi"):
    """Return the status that somebody gets who has nothing but a secret."""
    client = app.test_client()
    client.set_cookie(COOKIE, secret)
    return client.get(place).status_code


def test_a_cookie_given_before_the_log_in_never_becomes_logged_in(strict_app, make_account):
    client = strict_app.test_client()
    client.set_cookie(COOKIE, "given by a stranger")
    logged_in(client, make_account())
    assert secret_of(client) != "given by a stranger"
    assert status_with(strict_app, "given by a stranger") == 401
    assert status_with(strict_app, secret_of(client)) == 200


def test_logging_in_again_changes_the_secret_and_ends_the_one_before(strict_app, make_member):
    login, client = make_member()
    before = secret_of(client)
    logged_in(client, login)
    assert secret_of(client) != before
    assert (status_with(strict_app, before), status_with(strict_app, secret_of(client))) == (401, 200)


def test_two_log_ins_have_two_secrets_that_say_nothing_of_each_other(strict_app, make_member):
    login, client = make_member()
    other = logged_in(strict_app.test_client(), login)
    assert len({secret_of(client), secret_of(other)}) == 2
    assert min(len(secret_of(each)) for each in (client, other)) >= 43
    assert client.csrf != other.csrf


def test_changing_the_password_ends_every_log_in_and_the_old_password(strict_app, make_member):
    login, client = make_member()
    elsewhere = logged_in(strict_app.test_client(), login)
    secrets = [secret_of(client), secret_of(elsewhere)]
    form = {"old": PASSWORD, "new": NEW_PASSWORD, "again": NEW_PASSWORD}
    assert client.post("/account/password", data=form).headers["Location"] == "/login?changed=1"
    assert [status_with(strict_app, secret) for secret in secrets] == [401, 401]
    again = strict_app.test_client()
    assert again.post("/login", data={"login": login, "password": PASSWORD}).status_code == 401
    assert again.post("/login", data={"login": login, "password": NEW_PASSWORD}).status_code == 303
    assert secret_of(again) not in secrets


ENDINGS = {
    "disabling": lambda ledger, login: accounts.set_active(ledger, system_scope("test"), login, is_active=False),
    "a new password": lambda ledger, login: accounts.reset_password(ledger, system_scope("test"), login),
    "another role": lambda ledger, login: accounts.change(
        ledger, system_scope("test"), login, role=Role.ANALYST, area_code=None
    ),
    "another area": lambda ledger, login: accounts.change(
        ledger, system_scope("test"), login, role=None, area_code="kanareast"
    ),
    "ending its log-ins": lambda ledger, login: accounts.end_log_ins(ledger, system_scope("test"), login),
}


@pytest.mark.parametrize("way", ENDINGS)
def test_what_an_administrator_does_to_an_account_ends_its_log_ins(strict_app, make_member, way):
    login, client = make_member()
    assert client.get("/api/kpi").status_code == 200
    ENDINGS[way](strict_app.extensions["jingwei"].ledger, login)
    assert client.get("/api/kpi").status_code == 401
    assert status_with(strict_app, secret_of(client)) == 401


def test_enabling_an_account_again_does_not_bring_its_log_ins_back(strict_app, make_member):
    login, client = make_member()
    ledger = strict_app.extensions["jingwei"].ledger
    for is_active in (False, True):
        accounts.set_active(ledger, system_scope("test"), login, is_active=is_active)
    assert client.get("/api/kpi").status_code == 401
    logged_in(client, login)
    assert client.get("/api/kpi").status_code == 200


def test_logging_out_ends_the_secret_and_not_only_the_cookie(strict_app, make_member):
    _, client = make_member()
    secret = secret_of(client)
    answer = client.post("/logout")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login")
    assert answer.headers["Clear-Site-Data"] == '"cache"'
    assert client.get_cookie(COOKIE) is None
    assert status_with(strict_app, secret) == 401


def test_a_log_in_unused_for_half_an_hour_ends_and_one_in_use_does_not(make_member, clock):
    _, client = make_member()
    for _ in range(3):
        clock.pass_by(minutes=29)
        assert client.get("/api/kpi").status_code == 200
    clock.pass_by(minutes=31)
    assert client.get("/api/kpi").status_code == 401


def test_a_log_in_in_use_all_day_ends_after_twelve_hours(make_member, clock):
    _, client = make_member()
    for _ in range(35):
        clock.pass_by(minutes=20)
        assert client.get("/api/kpi").status_code == 200
    clock.pass_by(minutes=20)
    assert client.get("/api/kpi").status_code == 401


def test_a_screen_stays_logged_in_for_a_year_unused_and_for_longer_when_it_is_used(make_member, clock):
    _, client = make_member(Role.KIOSK)
    for _ in range(3):
        clock.pass_by(days=365)
        assert client.get("/api/kpi").status_code == 200
    clock.pass_by(days=367)
    assert client.get("/api/kpi").status_code == 401


def test_a_second_screen_ends_the_first(strict_app, make_member):
    login, first = make_member(Role.KIOSK)
    second = logged_in(strict_app.test_client(), login)
    assert (first.get("/api/kpi").status_code, second.get("/api/kpi").status_code) == (401, 200)


def test_a_screen_changes_nothing(make_member, city):
    _, screen = make_member(Role.KIOSK, CITY)
    with city.superuser.connect() as connection:
        objects = objects_of(connection)
    asked = [each for recipe in CHANGES.values() for each in recipe(objects, CITY, WEST)]
    statuses = {screen.open(each.path, method=each.method, **each.body()).status_code for each in asked}
    assert len(asked) >= 20
    assert statuses == {403}
    assert screen.get("/account").status_code == 403


def test_the_time_a_gate_trusts_what_it_knows_and_a_tick_of_a_stream_are_under_five_seconds():
    assert TRUSTED_SECONDS + TICK_S <= 5


@contextlib.contextmanager
def browser(server, login):
    """Log in over a real socket."""
    with requests.Session() as session:
        session.trust_env = False
        session.headers.update({"Origin": server.address, "Accept-Language": "en"})
        form = {"login": login, "password": server.passwords[login]}
        answer = session.post(f"{server.address}/login", form, allow_redirects=False)
        assert answer.status_code == 303
        yield session


def test_the_open_stream_of_a_disabled_account_is_ended_by_a_real_server(live_server):
    of = live_server.address
    with browser(live_server, "admin") as admin, browser(live_server, "planner") as planner:
        csrf = re.search(r'name="csrf" value="([0-9a-f]{64})"', admin.get(f"{of}/account").text).group(1)
        with planner.get(f"{of}/api/events", stream=True, timeout=60) as stream:
            lines = stream.iter_lines(chunk_size=1)
            assert b"event: data" in lines
            assert "version" in json.loads(next(lines).removeprefix(b"data: "))
            began = time.monotonic()
            try:
                disabled = admin.post(f"{of}/accounts/planner/disable", {"csrf": csrf}, allow_redirects=False)
                assert disabled.status_code == 303
                assert b"event: end" in lines
                print(f"\nlive: the stream of a disabled account ended after {time.monotonic() - began:.1f} s")
                assert planner.get(f"{of}/api/kpi").status_code == 401
            finally:
                enabled = admin.post(f"{of}/accounts/planner/enable", {"csrf": csrf}, allow_redirects=False)
                assert enabled.status_code == 303
