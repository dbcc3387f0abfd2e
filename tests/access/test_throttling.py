"""Guessing is slow, for known and unknown logins alike, and nobody is shut out for good."""

import re
from itertools import count

import pytest
from sqlalchemy import event, text

from gis_app.domain.credentials import FAILURES_FORGOTTEN_AFTER, THROTTLES
from gis_app.services import accounts
from gis_app.storage.engine import system_scope
from gis_app.web.rate_limits import CHANGES, LOG_INS
from tests.callers import PASSWORD

HOME, STRANGER, ELSEWHERE = ".0.1", ".9.9", ".0.2"
WRONG = "not the password"
_NUMBERS = count(1)


@pytest.fixture
def attempt(strict_app):
    """Try to log in from an address with a browser that was never here; no other test uses these addresses."""
    network = f"10.{next(_NUMBERS)}"

    def try_once(login, password, *, address=HOME, **headers):
        client = strict_app.test_client()
        form, environ = {"login": login, "password": password}, {"REMOTE_ADDR": network + address}
        return client.post("/login", data=form, headers=headers, environ_base=environ)

    return try_once


@pytest.fixture
def fail(attempt, city, clock):
    """Fail once, and count it as so many failures: checking a password takes a while, on purpose."""
    more = text("UPDATE log_in_attempt SET failure_count = :times WHERE failure_count = 1 AND last_at = :now")

    def fail(login, *, times, address=HOME):
        clock.pass_by(hours=1)
        assert attempt(login, WRONG, address=address).status_code == 401
        with city.superuser.begin() as connection:
            assert connection.execute(more, {"times": times, "now": clock()}).rowcount == len(THROTTLES)

    return fail


def wait_of(answer):
    assert answer.status_code == 429
    return int(answer.headers["Retry-After"])


def test_the_sixth_failure_makes_wait_and_the_right_password_enters_after_it(attempt, make_account, clock):
    login = make_account()
    assert [attempt(login, WRONG).status_code for _ in range(5)] == [401] * 5
    assert wait_of(attempt(login, PASSWORD)) == 1
    clock.pass_by(seconds=1)
    assert attempt(login, PASSWORD).status_code == 303


@pytest.mark.parametrize(("failures", "wait"), [(5, 1), (6, 2), (9, 16), (14, 512), (15, 900), (1_000_000, 900)])
def test_each_failure_doubles_the_wait_and_a_quarter_of_an_hour_is_the_longest(
    attempt, fail, make_account, clock, failures, wait
):
    login = make_account()
    fail(login, times=failures)
    assert wait_of(attempt(login, PASSWORD)) == wait
    clock.pass_by(seconds=wait - 1)
    assert wait_of(attempt(login, PASSWORD)) == 1
    clock.pass_by(seconds=1)
    assert attempt(login, PASSWORD).status_code == 303


def test_failures_are_forgotten_after_half_an_hour(attempt, fail, make_account, clock):
    login = make_account()
    fail(login, times=5)
    clock.pass_by(seconds=FAILURES_FORGOTTEN_AFTER.total_seconds() + 1)
    assert [attempt(login, WRONG).status_code for _ in range(2)] == [401, 401]


def test_the_owner_is_not_kept_out_of_a_known_place_by_guesses_from_elsewhere(attempt, fail, make_account, clock):
    login = make_account()
    assert attempt(login, PASSWORD, address=HOME).status_code == 303
    fail(login, times=THROTTLES["login"].free + 5, address=STRANGER)
    assert attempt(login, PASSWORD, address=ELSEWHERE).status_code == 429
    assert attempt(login, PASSWORD, address=HOME).status_code == 303
    clock.pass_by(minutes=1)
    assert attempt(login, PASSWORD, address=ELSEWHERE).status_code == 303


def test_guessing_one_password_for_many_logins_makes_the_address_wait(attempt, fail, make_account):
    login = make_account()
    fail("somebody-1", times=THROTTLES["address"].free - 1, address=STRANGER)
    assert attempt("somebody-2", WRONG, address=STRANGER).status_code == 401
    assert attempt(login, PASSWORD, address=STRANGER).status_code == 429
    assert attempt(login, PASSWORD, address=HOME).status_code == 303


def test_an_address_claimed_in_a_header_is_not_believed_without_a_proxy(attempt, make_account):
    login = make_account()
    statuses = [attempt(login, WRONG, **{"X-Forwarded-For": f"1.2.3.{number}"}).status_code for number in range(6)]
    assert statuses == [401] * 5 + [429]


def test_known_unknown_and_disabled_logins_are_told_the_same_and_take_the_same_path(
    attempt, make_account, strict_app, city
):
    known, disabled = make_account(), make_account()
    ledger = strict_app.extensions["jingwei"].ledger
    accounts.set_active(ledger, system_scope("test"), disabled, is_active=False)
    asked = []

    def note(connection, cursor, statement, parameters, context, executemany):
        asked.append(statement)

    event.listen(city.app, "before_cursor_execute", note)
    told, paths = [], []
    try:
        for number, (login, password) in enumerate(
            [(known, WRONG), ("nobody-at-all", WRONG), (disabled, WRONG), (disabled, PASSWORD), ("Nicht!", PASSWORD)]
        ):
            asked.clear()
            answer = attempt(login, password, address=f".1.{number}")
            nonce = re.search(r"'nonce-([^']+)'", answer.headers["Content-Security-Policy"]).group(1)
            told.append((answer.status_code, answer.get_data(as_text=True).replace(nonce, "").replace(login, "")))
            paths.append(tuple(asked))
    finally:
        event.remove(city.app, "before_cursor_execute", note)
    assert set(told) == {told[0]}
    assert set(paths) == {paths[0]}
    assert told[0][0] == 401
    assert len(paths[0]) >= 8


def test_more_changes_than_a_minute_allows_are_told_when_to_come_back(make_member):
    _, client = make_member()
    most = int(CHANGES.split()[0])
    assert {client.post("/api/hazards", data="{").status_code for _ in range(most - 1)} == {400}
    answers = [client.post("/api/hazards", data="{") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [400, 429]
    assert int(answers[1].headers["Retry-After"]) > 0
    assert answers[1].get_json()["code"] == "too_many_requests"
    assert client.get("/api/kpi").status_code == 200


def test_more_log_ins_than_a_minute_allows_are_refused_whatever_they_say(attempt, clock):
    most = int(LOG_INS.split()[0])
    program = {"Accept": "application/json"}
    assert [attempt("somebody", WRONG, **program).status_code for _ in range(most)] == [401] * 5 + [429] * (most - 5)
    clock.pass_by(hours=1)
    answer = attempt("somebody", WRONG, **program)
    assert (answer.status_code, answer.get_json()["code"]) == (429, "too_many_requests")
    assert int(answer.headers["Retry-After"]) > 0
