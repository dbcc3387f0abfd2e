"""The audit on a real database: chained by every commit, and no tampering with it goes unseen."""

import random
import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from gis_app.domain.audit_chain import FaultKind, chain_faults, entry_hash, parse_heads
from gis_app.domain.errors import InvalidInput, Unavailable
from gis_app.domain.rights import Scope
from gis_app.services.audit import HeadsFile, Ledger, newest, verify
from gis_app.storage import audit
from gis_app.storage.engine import scoped, system_scope

NOW = datetime(2026, 6, 15, 4, 5, 6, 789012, tzinfo=UTC)
TOWNSHIPS = ("/330381/330381001/", "/330381/330381002/")
TAMPERINGS = 300
COLUMNS = {
    "at": "at + interval '1 microsecond'",
    "account": "account || ' '",
    "action": "action || 's'",
    "subject": "replace(subject, ':', '：')",
    "detail": "detail || '{\"n\": -1}'",
    "scope_path": "scope_path || 'x/'",
    "previous_hash": "set_byte(previous_hash, 0, 255 - get_byte(previous_hash, 0))",
    "hash": "set_byte(hash, 31, 255 - get_byte(hash, 31))",
}


@pytest.fixture
def ledger(migrated_database, tmp_path):
    return Ledger(migrated_database.app, HeadsFile(tmp_path / "heads.log"), lambda: NOW)


def noted(ledger, count, *, path=TOWNSHIPS[0], account="anyang"):
    for n in range(count):
        with ledger.writing(Scope(account, path)) as work:
            work.note(
                "hazard.correct", f"hazard:{n}", scope_path=path, n=n, fields=["标题", "place"], ok=True, none=None
            )


def kinds(report):
    return {fault.kind for fault in report.faults}


def test_every_commit_chains_its_entries_and_writes_its_head_outside(ledger):
    noted(ledger, 3)
    with ledger.writing(system_scope()) as work:
        work.note("a.b", "c:d", scope_path="/")
        work.note("a.c", "c:d", scope_path="/")
    report = verify(ledger)
    assert (report.entry_count, report.head_count, report.faults) == (5, 4, [])


def test_what_fails_leaves_no_entry_and_no_head(ledger):
    noted(ledger, 1)
    with pytest.raises(ZeroDivisionError), ledger.writing(system_scope()) as work:
        work.note("a.b", "c:d", scope_path="/")
        raise ZeroDivisionError
    with pytest.raises(InvalidInput, match=r"detail.share"), ledger.writing(system_scope()) as work:
        work.note("a.b", "c:d", scope_path="/", share=0.5)
    report = verify(ledger)
    assert (report.entry_count, report.head_count, report.faults) == (1, 1, [])


def test_an_entry_of_a_foreign_area_cannot_be_written_nor_read(ledger):
    noted(ledger, 2)
    noted(ledger, 1, path=TOWNSHIPS[1], account="yuhai")
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        ledger.writing(Scope("yuhai", TOWNSHIPS[1])) as work,
    ):
        work.note("a.b", "c:d", scope_path=TOWNSHIPS[0])
    own = newest(ledger.engine, Scope("yuhai", TOWNSHIPS[1]), before=99, account="", action="", most=9)
    assert [entry["account"] for entry in own] == ["yuhai"]
    assert len(newest(ledger.engine, system_scope(), before=99, account="anyang", action="", most=9)) == 2


def test_many_at_once_make_one_chain(ledger):
    threads = [threading.Thread(target=noted, args=(ledger, 10)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    report = verify(ledger)
    assert (report.entry_count, report.head_count, report.faults) == (40, 40, [])


@pytest.mark.parametrize("statement", ["UPDATE audit_entry SET account = 'x'", "DELETE FROM audit_entry"])
def test_the_app_may_neither_change_nor_delete(ledger, statement):
    noted(ledger, 1)
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        scoped(ledger.engine, system_scope()) as connection,
    ):
        connection.execute(text(statement))


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_entry SET account = 'x'", "DELETE FROM audit_entry", "TRUNCATE audit_entry"]
)
def test_the_owner_and_a_superuser_are_refused_too(ledger, migrated_database, statement):
    noted(ledger, 1)
    for engine in (migrated_database.owner, migrated_database.superuser):
        with pytest.raises(ProgrammingError, match="append-only"), engine.begin() as connection:
            connection.execute(text("SELECT set_config('jingwei.scope', '/', true)"))
            connection.execute(text(statement))


def test_a_head_that_cannot_be_written_is_told(ledger, tmp_path):
    (tmp_path / "file").write_text("")
    broken = replace(ledger, heads=HeadsFile(tmp_path / "file" / "heads.log"))
    with pytest.raises(Unavailable, match=r"heads\.log"), broken.writing(system_scope()) as work:
        work.note("a.b", "c:d", scope_path="/")


def test_a_torn_last_line_is_passed_over_and_a_broken_one_told(ledger):
    noted(ledger, 3)
    whole = ledger.heads.path.read_text()
    ledger.heads.path.write_text(whole + whole.splitlines()[-1][:20])
    assert verify(ledger).faults == []
    ledger.heads.path.write_text("nothing\n" + whole)
    assert kinds(verify(ledger)) == {FaultKind.MALFORMED_HEAD}


def test_a_torn_line_is_dropped_before_the_next_head(ledger):
    noted(ledger, 2)
    whole = ledger.heads.path.read_text()
    ledger.heads.path.write_text(whole + whole.splitlines()[-1][:20])
    noted(ledger, 1)
    assert ledger.heads.path.read_text().startswith(whole)
    assert len(ledger.heads.lines()) == 3
    assert verify(ledger).faults == []


def test_300_tamperings_by_a_superuser_are_all_seen(ledger, migrated_database):
    noted(ledger, 30)
    noted(ledger, 30, path=TOWNSHIPS[1], account="yuhai")
    heads, _ = parse_heads(ledger.heads.lines())
    dice = random.Random(330381)
    seen: dict[str, int] = {}
    with migrated_database.superuser.connect() as connection:
        connection.execute(text("SET session_replication_role = replica"))  # what the triggers would refuse
        connection.commit()
        for _ in range(TAMPERINGS):
            name, tamper = dice.choice(list(WAYS.items()))
            tamper(connection, dice)
            faults = list(chain_faults(audit.entries(connection), heads))
            connection.rollback()
            connection.rollback()
            assert faults, name
            seen[name] = seen.get(name, 0) + 1
        assert list(chain_faults(audit.entries(connection), heads)) == []
    assert sum(seen.values()) == TAMPERINGS
    assert seen.keys() == WAYS.keys()
    print(f"{TAMPERINGS} of {TAMPERINGS} tamperings detected: {seen}")


def edited(column):
    def tamper(connection, dice):
        statement = f"UPDATE audit_entry SET {column} = {COLUMNS[column]} WHERE sequence = :n"  # noqa: S608
        assert connection.execute(text(statement), {"n": dice.randint(1, 60)}).rowcount == 1

    return tamper


def set_beyond_time(connection, dice):
    moment = dice.choice(["infinity", "-infinity", "20000-01-01 00:00Z"])
    statement = text("UPDATE audit_entry SET at = CAST(:moment AS timestamptz) WHERE sequence = :n")
    connection.execute(statement, {"moment": moment, "n": dice.randint(1, 60)})


def deleted(connection, dice):
    connection.execute(text("DELETE FROM audit_entry WHERE sequence = :n"), {"n": dice.randint(1, 60)})


def cut_off(connection, dice):
    last = dice.randint(1, 59)
    connection.execute(text("DELETE FROM audit_entry WHERE sequence > :n"), {"n": last})
    connection.execute(
        text("UPDATE audit_head h SET sequence = e.sequence, hash = e.hash FROM audit_entry e WHERE e.sequence = :n"),
        {"n": last},
    )


def emptied(connection, dice):
    connection.execute(text("TRUNCATE audit_entry"))
    connection.execute(text("UPDATE audit_head SET sequence = 0, hash = sha256('')"))


def swapped(connection, dice):
    one, other = dice.sample(range(1, 61), 2)
    for old, new in ((one, -1), (other, one), (-1, other)):
        connection.execute(
            text("UPDATE audit_entry SET sequence = :new WHERE sequence = :old"), {"old": old, "new": new}
        )


def inserted(connection, dice):
    after = dice.randint(1, 59)
    connection.execute(text("UPDATE audit_entry SET sequence = sequence + 1000 WHERE sequence > :n"), {"n": after})
    connection.execute(text("UPDATE audit_entry SET sequence = sequence - 999 WHERE sequence > 1000"))
    connection.execute(
        text("""
        INSERT INTO audit_entry
        SELECT sequence + 1, at, 'forger', action, subject, detail, scope_path, hash, sha256('x')
        FROM audit_entry WHERE sequence = :n"""),
        {"n": after},
    )


def rewritten(connection, dice):
    """Change an entry and make every later link anew, as somebody would who knows the code."""
    first = dice.randint(1, 60)
    connection.execute(text("UPDATE audit_entry SET account = 'nobody' WHERE sequence = :n"), {"n": first})
    previous = None
    for entry in list(audit.entries(connection)):
        link = previous or entry.previous_hash
        facts = {name: value for name, value in vars(entry).items() if name not in ("previous_hash", "hash")}
        previous = entry_hash(link, **facts)
        connection.execute(
            text("UPDATE audit_entry SET previous_hash = :link, hash = :hash WHERE sequence = :n"),
            {"link": link, "hash": previous, "n": entry.sequence},
        )


WAYS = {
    "set beyond time": set_beyond_time,
    **{f"edit {column}": edited(column) for column in COLUMNS},
    "delete": deleted,
    "cut off the end": cut_off,
    "truncate": emptied,
    "swap": swapped,
    "insert": inserted,
    "rewrite the rest": rewritten,
}
