"""Tokens for programs: never more than their account has today, and nothing once that ends."""

import re
from base64 import b64encode

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from gis_app.domain.rights import Right, Role
from gis_app.services import accounts
from gis_app.storage.engine import system_scope
from gis_app.web.rate_limits import LOG_INS
from tests.access.asks import WINDOW, tile_path
from tests.access.places import EAST, EAST_VILLAGE, GRIDS, WEST, WEST_VILLAGE, foreign_words
from tests.callers import PASSWORD

EVERYTHING_OF_IT = ("view_map", "view_aggregates", "view_named_tracks", "report_hazard", "correct_hazard", "export")
LIST, TABLE = f"/api/hazards?{WINDOW}", f"/api/hazards.csv?{WINDOW}"
TRACKS = f"{tile_path('patrol_tracks', 12, 120.55)}?{WINDOW}"
REPORT = {
    "id": "11111111-1111-4111-8111-111111111111",
    "category": "fire",
    "severity": "low",
    "discovered_by": "patrol",
    "title": "by a program",
    "discovered_at": "2026-06-14T00:00:00Z",
    "location": {"lon": 120.55, "lat": 27.8, "datum": "wgs84"},
}


class Program:
    """Something with a token and no cookie, which sends no origin unless it is told to."""

    def __init__(self, app, token):
        self.client, self.token = FlaskClient(app), token

    def ask(self, path, method="GET", **options):
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        return self.client.open(path, method=method, headers=headers, buffered=True, **options)

    def status(self, path=LIST, method="GET", **options):
        return self.ask(path, method, **options).status_code


def token_of(client, rights=EVERYTHING_OF_IT, days=30, area=""):
    """Make a token on the page of the account."""
    form = {"label": "test", "days": str(days), "rights": list(rights), "area": area}
    page = client.post("/account/tokens", data=form).get_data(as_text=True)
    return re.search(r"jw_[\w-]{43}", page).group(0)


@pytest.fixture
def make_program(strict_app, make_member):
    """Make an account with a token and return its login, its browser and its program."""

    def make(role=Role.SUPERVISOR, place=WEST, **wish):
        login, client = make_member(role, place)
        return login, client, Program(strict_app, token_of(client, **wish))

    return make


def test_a_token_sees_and_does_what_its_account_may(make_program):
    _, _, program = make_program()
    answer = program.ask(LIST)
    assert [word for word in foreign_words(WEST) if word in answer.get_data(as_text=True)] == []
    assert (program.status(LIST), program.status(TABLE), program.status(TRACKS)) == (200, 200, 200)
    assert program.status("/api/hazards", "POST", json=REPORT) == 201


def test_a_token_needs_no_csrf_token_and_no_origin_but_a_foreign_origin_is_refused(make_program):
    _, _, program = make_program()
    foreign = {"Origin": "https://evil.example"}
    assert program.status("/api/hazards", "POST", json=REPORT, headers=foreign) == 403
    assert program.status("/api/hazards", "POST", json=REPORT) == 201


def test_a_token_with_fewer_rights_has_only_those(make_program):
    _, _, program = make_program(rights=("view_map",))
    assert (program.status(LIST), program.status(TABLE), program.status(TRACKS)) == (200, 403, 404)
    assert program.status("/api/hazards", "POST", json=REPORT) == 403
    assert program.status("/account") == 403


def test_no_token_manages_accounts_or_makes_tokens(strict_app, make_member):
    _, admin = make_member(Role.ADMINISTRATOR)
    for right in (Right.MANAGE_ACCOUNTS, Right.MANAGE_OWN_ACCOUNT):
        form = {"label": "test", "days": "1", "rights": [right.value, "view_map"]}
        assert admin.post("/account/tokens", data=form).status_code == 400
    program = Program(strict_app, token_of(admin, ("view_map", "read_audit")))
    assert (program.status("/audit"), program.status("/accounts"), program.status("/account")) == (200, 403, 403)
    form = {"label": "another", "days": "300", "rights": "view_map"}
    assert program.status("/account/tokens", "POST", data=form) == 403


def test_nobody_makes_a_token_with_a_right_that_is_not_the_own(make_member):
    _, worker = make_member(Role.GRID_WORKER, WEST_VILLAGE)
    form = {"label": "test", "days": "1", "rights": ["view_map", "export"]}
    assert worker.post("/account/tokens", data=form).status_code == 400


def test_a_token_for_a_part_of_the_area_sees_that_part(make_program):
    _, _, program = make_program(area=WEST_VILLAGE.word)
    answer = program.ask(LIST)
    villages = {feature["properties"]["village_code"] for feature in answer.get_json()["features"]}
    assert villages == {WEST_VILLAGE.word, GRIDS[0].word}
    assert [word for word in foreign_words(WEST_VILLAGE) if word in answer.get_data(as_text=True)] == []


def test_a_token_ends_with_its_days(make_program, clock):
    _, _, program = make_program(days=2)
    clock.pass_by(days=2, seconds=-1)
    assert program.status() == 200
    clock.pass_by(seconds=1)
    assert program.status() == 401


def test_a_token_ends_when_its_account_is_disabled_and_does_not_come_back(strict_app, make_program):
    login, _, program = make_program()
    ledger = strict_app.extensions["jingwei"].ledger
    accounts.set_active(ledger, system_scope("test"), login, is_active=False)
    assert program.status() == 401
    accounts.set_active(ledger, system_scope("test"), login, is_active=True)
    assert program.status() == 401


def test_a_token_ends_when_it_is_revoked(make_program):
    _, client, program = make_program()
    page = client.get("/account").get_data(as_text=True)
    assert client.post(re.search(r"/account/tokens/[0-9a-f-]{36}/revoke", page).group(0)).status_code == 303
    assert program.status() == 401


def test_nobody_revokes_the_token_of_another_account(make_program, make_member):
    _, client, program = make_program()
    _, neighbour = make_member()
    page = client.get("/account").get_data(as_text=True)
    assert neighbour.post(re.search(r"/account/tokens/[0-9a-f-]{36}/revoke", page).group(0)).status_code == 404
    assert program.status() == 200


@pytest.mark.parametrize(("role", "area"), [(Role.ANALYST, None), (None, EAST.word)])
def test_a_token_ends_when_its_account_gets_another_role_or_area(strict_app, make_program, role, area):
    login, _, program = make_program()
    accounts.change(strict_app.extensions["jingwei"].ledger, system_scope("test"), login, role=role, area_code=area)
    assert program.status() == 401


def test_a_token_that_outlived_a_change_of_role_has_no_right_its_account_lost(make_program, city):
    login, _, program = make_program()
    with city.superuser.begin() as connection:
        connection.execute(text("UPDATE account SET role = 'grid_worker' WHERE login = :login"), {"login": login})
    assert (program.status(LIST), program.status(TABLE), program.status(TRACKS)) == (200, 403, 404)


def test_a_token_that_outlived_a_change_of_area_is_none(make_program, city):
    login, _, program = make_program()
    with city.superuser.begin() as connection:
        values = {"login": login, "path": EAST_VILLAGE.path}
        connection.execute(text("UPDATE account SET scope_path = :path WHERE login = :login"), values)
    assert {program.status(place) for place in (LIST, TABLE, TRACKS, "/", "/audit")} == {401}
    assert program.status("/api/hazards", "POST", json=REPORT) == 401


@pytest.mark.parametrize(
    "authorization",
    ["Bearer", "Bearer ", "Bearer wrong", "Basic {token}", "{token}", "Bearer {token}x", "Bearer jw_", "Bearer a b"],
)
def test_who_names_a_wrong_token_is_nobody_even_with_a_cookie(make_program, authorization):
    _, client, program = make_program()
    headers = {"Authorization": authorization.format(token=program.token)}
    assert client.get(LIST, headers=headers).status_code == 401
    assert client.get(LIST).status_code == 200


@pytest.mark.parametrize("name", ["access_token", "token", "authorization", "jingwei_session"])
def test_a_token_in_an_address_or_a_cookie_is_none(strict_app, make_program, name):
    _, _, program = make_program()
    client = strict_app.test_client()
    client.set_cookie("jingwei_session", program.token)
    assert client.get(f"{LIST}&{name}={program.token}").status_code == 401


def test_the_secret_of_a_log_in_is_no_token(strict_app, make_member):
    _, client = make_member()
    program = Program(strict_app, client.get_cookie("jingwei_session").value)
    assert program.status() == 401


ITEMS = "/ogc/collections/hazards/items"
OGC_TILE = "/ogc/collections/hazards/tiles/WebMercatorQuad/12/1718/3420"


def basic(login, token):
    return {"Authorization": "Basic " + b64encode(f"{login}:{token}".encode()).decode()}


@pytest.fixture
def nameless(strict_app):
    """A program without cookie and token."""
    return FlaskClient(strict_app)


def test_the_ogc_api_is_read_with_the_token_as_the_password_of_the_login(make_program, nameless):
    login, _, program = make_program()
    answer = nameless.get(ITEMS, headers=basic(login.upper(), program.token))
    assert answer.status_code == 200
    assert answer.json["features"] == program.ask(ITEMS).json["features"]
    assert [word for word in foreign_words(WEST) if word in answer.get_data(as_text=True)] == []
    assert nameless.get(OGC_TILE, headers=basic(login, program.token)).status_code in (200, 204)


def test_nothing_else_is_reached_with_a_name_and_a_password(make_program, nameless):
    login, _, program = make_program()
    headers = basic(login, program.token)
    assert {nameless.get(place, headers=headers).status_code for place in (LIST, TABLE, TRACKS, "/", "/audit")} == {401}
    feature = {"type": "Feature", "properties": {}}
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        place = ITEMS if method == "POST" else f"{ITEMS}/{REPORT['id']}"
        assert nameless.open(place, method=method, headers=headers, json=feature).status_code == 401
    assert nameless.post("/api/hazards", headers=headers, json=REPORT).status_code == 401


def test_a_token_is_nobodys_under_another_name_and_a_password_is_no_token(make_program, make_account, nameless):
    login, client, program = make_program()
    for name, word in [(make_account(), program.token), ("", program.token), (login, PASSWORD), (login, ""), ("", "")]:
        assert nameless.get(ITEMS, headers=basic(name, word)).status_code == 401
        assert client.get(ITEMS, headers=basic(name, word)).status_code == 401
    assert nameless.get(ITEMS, headers={"Authorization": "Basic !!"}).status_code == 401
    assert nameless.get(ITEMS, headers={"Authorization": "Basic /w=="}).status_code == 401
    secret = client.get_cookie("jingwei_session").value
    assert nameless.get(ITEMS, headers=basic(login, secret)).status_code == 401


def test_a_revoked_token_is_no_password(make_program, nameless):
    login, client, program = make_program()
    page = client.get("/account").get_data(as_text=True)
    client.post(re.search(r"/account/tokens/[0-9a-f-]{36}/revoke", page).group(0))
    assert nameless.get(ITEMS, headers=basic(login, program.token)).status_code == 401


def test_wrong_names_and_passwords_are_bounded_like_log_ins_and_right_ones_are_not(make_program, nameless):
    login, _, program = make_program()
    most = int(LOG_INS.split()[0])
    statuses = [nameless.get(ITEMS, headers=basic(login, f"jw_{turn}")).status_code for turn in range(most + 2)]
    assert statuses == [401] * most + [429] * 2
    assert {nameless.get(ITEMS, headers=basic(login, program.token)).status_code for _ in range(3)} == {200}
