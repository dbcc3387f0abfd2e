"""Accounts: made, changed and disabled inside the own area only; passwords hashed; tokens and log-ins end with them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from gis_app.domain.credentials import THROTTLES, checked_login, checked_password
from gis_app.domain.errors import Conflict, Forbidden, InvalidInput, NotFound, TooMany, Unauthenticated
from gis_app.domain.rights import RIGHTS_OF, Right, Role, Scope
from gis_app.services import accounts, api_tokens, log_in
from gis_app.services.accounts import AccountWish
from gis_app.services.api_tokens import TokenWish
from gis_app.services.audit import HeadsFile, Ledger, verify
from gis_app.services.gate import Gate
from gis_app.storage.engine import scoped, system_scope

NOW = datetime(2026, 6, 15, 4, tzinfo=UTC)
CITY, ANYANG, YUHAI = "/330381/", "/330381/330381001/", "/330381/330381002/"
PASSWORD = "correct horse battery staple"
AREAS = text("""
INSERT INTO area (code, level, name_zh, scope_path, geom, label_point, area_m2, valid_from)
SELECT code, level, code, path, ST_Multi(box), ST_Centroid(box), 1, '2020-01-01'
FROM (VALUES ('330381', 'city', '/330381/'), ('330381001', 'township', '/330381/330381001/'),
             ('330381002', 'township', '/330381/330381002/')) t (code, level, path),
     ST_MakeEnvelope(120, 27, 121, 28, 4326) box""")


class Clock:
    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def ledger(migrated_database, tmp_path, clock):
    with scoped(migrated_database.app, system_scope()) as connection:
        connection.execute(AREAS)
    return Ledger(migrated_database.app, HeadsFile(tmp_path / "heads.log"), clock)


def admin(path=CITY):
    return Scope("admin", path, RIGHTS_OF[Role.ADMINISTRATOR])


def made(ledger, login="anyang-desk", role=Role.SUPERVISOR, area="330381001", **options):
    return accounts.create(ledger, admin(), AccountWish(login, role, area), **{"password": PASSWORD, **options})


def entered(ledger, login="anyang-desk", password=PASSWORD, address="10.0.0.1"):
    return log_in.log_in(ledger, login, password, address=address)


def gate_of(ledger):
    return Gate(ledger.engine, ledger.now, trusted_s=0)


def test_a_password_is_stored_as_argon2id_and_nowhere_else(ledger, migrated_database):
    made(ledger)
    with migrated_database.superuser.connect() as connection:
        stored = connection.execute(text("SELECT password_hash FROM account")).scalar_one()
        audit = connection.execute(text("SELECT string_agg(e::text, ' ') FROM audit_entry e")).scalar_one()
    assert stored.startswith("$argon2id$")
    assert PASSWORD not in stored + audit


def test_guessing_a_shipped_hash_takes_memory_and_time_and_nobodys_takes_as_much(shipped_hashes):
    hasher, nobody = shipped_hashes
    # The second choice of RFC 9106, for machines without 2 GB to spare.
    assert (hasher.type.name, hasher.memory_cost, hasher.time_cost, hasher.parallelism) == ("ID", 65_536, 3, 4)
    assert not hasher.check_needs_rehash(nobody)


def test_a_generated_password_is_random_and_has_to_be_changed(ledger):
    first, second = made(ledger, password=None), made(ledger, "other", password=None)
    assert first.password != second.password
    assert len(first.password.replace("-", "")) == 16
    inside = entered(ledger, password=first.password)
    assert inside.must_change_password
    assert gate_of(ledger).of_session(inside.secret).scope.rights == {Right.MANAGE_OWN_ACCOUNT}


def test_a_wall_screen_keeps_its_generated_password_for_it_cannot_change_it(ledger):
    screen = made(ledger, "screen", Role.KIOSK, "330381", password=None)
    assert not entered(ledger, "screen", screen.password).must_change_password


@pytest.mark.parametrize(
    ("login", "password", "area", "error"),
    [
        ("a", PASSWORD, "330381001", "login 'a' is not usable"),
        ("张三", PASSWORD, "330381001", "is not usable"),
        ("a b c", PASSWORD, "330381001", "is not usable"),
        ("desk", "short", "330381001", "has 5 characters"),
        ("desk", "my-desk-password", "330381001", "too easy"),
        ("desk", "aaaaaaaaaaaabbb", "330381001", "too easy"),
        ("desk", PASSWORD, "999", "code '999'"),
        ("desk", PASSWORD, "", "code ''"),
    ],
)
def test_what_is_no_account_is_refused_with_the_reason(ledger, login, password, area, error):
    with pytest.raises(InvalidInput) as caught:
        made(ledger, login, area=area, password=password)
    assert error in caught.value.message
    assert accounts.listed(ledger.engine, system_scope()) == []


def test_logins_are_lower_case_and_taken_once_in_the_whole_city(ledger):
    made(ledger, "Desk")
    assert checked_login(" DESK ") == "desk"
    with pytest.raises(Conflict, match="taken"):
        made(ledger, "desk", area="330381002")


def test_an_administrator_of_a_township_manages_that_township_alone(ledger):
    made(ledger, "yuhai-desk", area="330381002")
    made(ledger, "city-desk", area="330381")
    own = Scope("anyang-admin", ANYANG, RIGHTS_OF[Role.ADMINISTRATOR])
    assert accounts.listed(ledger.engine, own) == []
    for login in ("yuhai-desk", "city-desk", "nobody"):
        for act in (
            lambda login=login: accounts.set_active(ledger, own, login, is_active=False),
            lambda login=login: accounts.reset_password(ledger, own, login),
            lambda login=login: accounts.change(ledger, own, login, role=Role.HANDLER, area_code="330381001"),
            lambda login=login: accounts.end_log_ins(ledger, own, login),
        ):
            with pytest.raises(NotFound, match="no such account"):
                act()
    for code in ("330381002", "330381"):
        with pytest.raises(InvalidInput, match="no city, township or village"):
            accounts.create(ledger, own, AccountWish("spy", Role.ANALYST, code))
    accounts.create(ledger, own, AccountWish("anyang-new", Role.ANALYST, "330381001"))
    with pytest.raises(InvalidInput):
        accounts.change(ledger, own, "anyang-new", role=Role.ANALYST, area_code="330381")
    entered(ledger, "yuhai-desk")
    assert [row["login"] for row in accounts.listed(ledger.engine, own)] == ["anyang-new"]


def test_nobody_changes_the_own_role_or_state(ledger):
    made(ledger, "admin", Role.ADMINISTRATOR, "330381")
    with pytest.raises(Forbidden):
        accounts.change(ledger, admin(), "admin", role=Role.DISPATCHER, area_code=None)
    with pytest.raises(Forbidden):
        accounts.set_active(ledger, admin(), "admin", is_active=False)


@pytest.mark.parametrize(
    "change",
    [
        lambda ledger: accounts.set_active(ledger, admin(), "anyang-desk", is_active=False),
        lambda ledger: accounts.reset_password(ledger, admin(), "anyang-desk"),
        lambda ledger: accounts.change(ledger, admin(), "anyang-desk", role=Role.HANDLER, area_code=None),
        lambda ledger: accounts.change_own_password(
            ledger, Scope("anyang-desk", ANYANG, frozenset()), old=PASSWORD, new="another long password"
        ),
    ],
    ids=["disabled", "password reset", "role changed", "own password changed"],
)
def test_log_ins_and_tokens_end_with_what_they_were_made_for(ledger, change):
    made(ledger)
    inside = entered(ledger)
    caller = gate_of(ledger).of_session(inside.secret)
    token = api_tokens.create(ledger, caller.scope, TokenWish("QGIS", frozenset({Right.VIEW_MAP}), 30))
    assert gate_of(ledger).of_token(token.secret).scope.rights == {Right.VIEW_MAP}
    change(ledger)
    assert gate_of(ledger).of_session(inside.secret) is None
    assert gate_of(ledger).of_token(token.secret) is None


def test_a_disabled_account_logs_in_again_only_once_it_is_enabled(ledger):
    made(ledger)
    accounts.set_active(ledger, admin(), "anyang-desk", is_active=False)
    with pytest.raises(Unauthenticated, match="not right"):
        entered(ledger)
    accounts.set_active(ledger, admin(), "anyang-desk", is_active=True)
    assert entered(ledger).login == "anyang-desk"


def test_a_log_in_ends_unused_after_30_minutes_and_used_after_12_hours(ledger, clock):
    made(ledger)
    unused, used = entered(ledger), entered(ledger)
    for minutes in range(20, 12 * 60, 20):
        clock.now = NOW + timedelta(minutes=minutes)
        assert gate_of(ledger).of_session(used.secret) is not None
    assert gate_of(ledger).of_session(unused.secret) is None
    clock.now = NOW + timedelta(hours=12)
    assert gate_of(ledger).of_session(used.secret) is None


def test_a_wall_screen_stays_for_a_year_one_at_a_time(ledger, clock):
    made(ledger, "screen", Role.KIOSK, "330381")
    first, second = entered(ledger, "screen"), entered(ledger, "screen")
    assert gate_of(ledger).of_session(first.secret) is None
    clock.now = NOW + timedelta(days=365)
    assert gate_of(ledger).of_session(second.secret).scope.rights == RIGHTS_OF[Role.KIOSK]


def test_the_kiosk_changes_nothing():
    assert RIGHTS_OF[Role.KIOSK] <= {Right.VIEW_MAP, Right.VIEW_AGGREGATES, Right.VIEW_LIVE_POSITIONS}


def test_who_manages_accounts_sees_neither_tracks_nor_positions():
    for rights in RIGHTS_OF.values():
        assert Right.MANAGE_ACCOUNTS not in rights or not rights & {Right.VIEW_NAMED_TRACKS, Right.VIEW_LIVE_POSITIONS}


def test_guesses_are_slowed_down_but_the_right_password_enters_after_the_wait(ledger, clock):
    made(ledger)
    for _ in range(THROTTLES["login_at_address"].free):
        with pytest.raises(Unauthenticated):
            entered(ledger, password="wrong password")
    with pytest.raises(TooMany) as caught:
        entered(ledger)
    assert caught.value.retry_after_s == 1
    waited = []
    for _ in range(12):
        with pytest.raises(TooMany) as caught:
            entered(ledger)
        waited.append(caught.value.retry_after_s)
        clock.now += timedelta(seconds=caught.value.retry_after_s)
        with pytest.raises(Unauthenticated):
            entered(ledger, password="wrong password")
    assert waited == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]
    clock.now += timedelta(minutes=15)
    assert entered(ledger).login == "anyang-desk"


def test_a_strangers_guesses_do_not_keep_the_owner_out(ledger):
    made(ledger)
    entered(ledger, address="10.0.0.1")
    for n in range(THROTTLES["login"].free):
        with pytest.raises(Unauthenticated):
            entered(ledger, password="wrong password", address=f"192.0.2.{n}")
    with pytest.raises(TooMany):
        entered(ledger, address="192.0.2.99")
    with pytest.raises(Unauthenticated):
        entered(ledger, password="a slip of the owner", address="10.0.0.1")
    assert entered(ledger, address="10.0.0.1").login == "anyang-desk"


def test_what_was_typed_as_an_unknown_login_is_not_kept(ledger, migrated_database):
    with pytest.raises(Unauthenticated):
        entered(ledger, "my secret password")
    with migrated_database.superuser.connect() as connection:
        entry = connection.execute(text("SELECT subject, detail FROM audit_entry")).one()
    assert tuple(entry) == ("account:?", {})


def test_a_token_never_has_more_than_its_account_has_today(ledger, clock):
    made(ledger)
    scope = gate_of(ledger).of_session(entered(ledger).secret).scope
    with pytest.raises(InvalidInput, match="none that you do not have"):
        api_tokens.create(ledger, scope, TokenWish("x", frozenset({Right.MANAGE_ACCOUNTS}), 30))
    with pytest.raises(InvalidInput, match="code '330381002'"):
        api_tokens.create(ledger, scope, TokenWish("x", frozenset({Right.VIEW_MAP}), 30, "330381002"))
    wish = TokenWish("QGIS", frozenset({Right.VIEW_MAP, Right.EXPORT}), 30)
    token = api_tokens.create(ledger, scope, wish)
    with scoped(ledger.engine, system_scope()) as connection:
        connection.execute(text("UPDATE account SET role = 'handler'"))
    assert gate_of(ledger).of_token(token.secret).scope.rights == {Right.VIEW_MAP}
    for path, is_known in ((YUHAI, False), (ANYANG, True)):
        with scoped(ledger.engine, system_scope()) as connection:
            connection.execute(text("UPDATE account SET scope_path = :path"), {"path": path})
        assert (gate_of(ledger).of_token(token.secret) is not None) == is_known
    clock.now = NOW + timedelta(days=30)
    assert gate_of(ledger).of_token(token.secret) is None


def test_secrets_are_stored_as_hashes(ledger, migrated_database):
    made(ledger)
    inside = entered(ledger)
    scope = gate_of(ledger).of_session(inside.secret).scope
    token = api_tokens.create(ledger, scope, TokenWish("QGIS", frozenset({Right.VIEW_MAP}), 30))
    with migrated_database.superuser.connect() as connection:
        rows = "SELECT s::text FROM account_session s UNION ALL SELECT t::text FROM api_token t"
        stored = " ".join(connection.execute(text(rows)).scalars())
    assert inside.secret not in stored
    assert token.secret.removeprefix("jw_") not in stored


def test_everything_done_to_accounts_stands_in_the_audit(ledger):
    made(ledger)
    scope = gate_of(ledger).of_session(entered(ledger).secret).scope
    token = api_tokens.create(ledger, scope, TokenWish("QGIS", frozenset({Right.VIEW_MAP}), 30))
    with scoped(ledger.engine, system_scope()) as connection:
        account_id = connection.execute(text("SELECT id FROM account")).scalar_one()
    api_tokens.revoke(ledger, scope, token.id, account_id=account_id)
    accounts.end_log_ins(ledger, admin(), "anyang-desk")
    accounts.set_active(ledger, admin(), "anyang-desk", is_active=False)
    with scoped(ledger.engine, system_scope()) as connection:
        rows = connection.execute(text("SELECT account, action FROM audit_entry ORDER BY sequence")).all()
    assert [tuple(row) for row in rows] == [
        ("admin", "account.create"),
        ("anyang-desk", "log_in.succeed"),
        ("anyang-desk", "token.create"),
        ("anyang-desk", "token.revoke"),
        ("admin", "account.end_log_ins"),
        ("admin", "account.disable"),
    ]
    assert verify(replace(ledger)).faults == []


def test_a_password_of_several_words_will_do():
    assert checked_password("四个 汉字 加 上 若干 空格 吧", login="desk")
