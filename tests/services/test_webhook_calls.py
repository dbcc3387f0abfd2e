"""Webhooks against a real program on a real port: signed, in order, again until it takes them, never skipped."""

import hashlib
import hmac
import json
import threading
import uuid
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from sqlalchemy import text

from gis_app.domain.errors import InvalidInput, NotFound
from gis_app.domain.rights import Scope
from gis_app.services import webhooks
from gis_app.services.audit import HeadsFile, Ledger
from gis_app.services.webhook_calls import SIGNATURE_HEADER, tell_one
from gis_app.services.webhooks import NewWebhook
from gis_app.storage.engine import scoped, system_scope

NOW = datetime(2026, 6, 15, 4, tzinfo=UTC)
CITY = Scope("admin", "/330381/")
SCENE = """
INSERT INTO hazard_category VALUES ('fire', '消防', 'Fire', 5, 'work_day', 1);
INSERT INTO area (code, level, name_zh, scope_path, geom, label_point, area_m2, valid_from)
SELECT code, level, '某地', path, ST_Multi(box), ST_Centroid(box), 1e6, '2020-01-01'
FROM ST_MakeEnvelope(120.6, 27.7, 120.7, 27.8, 4326) box, (VALUES
    ('330381', 'city', '/330381/'), ('330381001', 'township', '/330381/330381001/'),
    ('33038100101', 'village', '/330381/330381001/33038100101/'),
    ('330381002', 'township', '/330381/330381002/'), ('33038100201', 'village', '/330381/330381002/33038100201/')
) a (code, level, path);
INSERT INTO hazard (number, category_code, severity, stage, discovered_by, title, discovered_at, village_id,
                    scope_path, geom)
SELECT 'RA' || code, 'fire', 'low', 'reported', 'patrol', '机密文字', '2026-06-15 01:00Z', id, scope_path, label_point
FROM area WHERE level = 'village'"""
NOTICE = """
INSERT INTO notice (kind, at, hazard_id, stage, account, duties, levels, scope_path)
SELECT :kind, '2026-06-15 03:00Z', id, 'reported', 'x', '{}', '{}', scope_path FROM hazard WHERE number = :number"""


class Clock:
    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now


class Program(BaseHTTPRequestHandler):
    """Answers with the next status it was given, 204 when there is none left, and remembers what came."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.came.append((self.headers[SIGNATURE_HEADER], body))
        status = self.server.statuses.pop(0) if self.server.statuses else 204
        self.send_response(status)
        self.send_header("Location", "http://127.0.0.1:1/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


@pytest.fixture
def program():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Program)
    server.came, server.statuses = [], []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    server.url = f"http://127.0.0.1:{server.server_port}/told"
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def ledger(migrated_database, tmp_path, clock):
    with migrated_database.superuser.begin() as connection:
        for statement in SCENE.split(";"):
            connection.execute(text(statement))
    return Ledger(migrated_database.app, HeadsFile(tmp_path / "heads.log"), clock)


def happen(ledger, *kinds, number="RA33038100101"):
    with scoped(ledger.engine, system_scope()) as connection:
        for kind in kinds:
            connection.execute(text(NOTICE), {"kind": kind, "number": number})


def hook(ledger):
    (row,) = webhooks.listed(ledger.engine, CITY)
    return row


def told_kinds(program):
    return [json.loads(body)["kind"] for _, body in program.came]


def test_a_program_is_told_in_order_signed_and_without_words(ledger, clock, program):
    happen(ledger, "before")
    secret = webhooks.add(ledger, CITY, NewWebhook("平台", program.url, "330381"))
    happen(ledger, "report", "file", "assign")
    assert tell_one(ledger.engine, clock)
    assert told_kinds(program) == ["report", "file", "assign"]
    header, body = program.came[0]
    second, signed = (part.split("=")[1] for part in header.split(","))
    assert int(second) == int(NOW.timestamp())
    assert signed == hmac.new(secret.encode(), second.encode() + b"." + body, hashlib.sha256).hexdigest()
    told = json.loads(body)
    assert uuid.UUID(told["hazard"].pop("id"))
    assert told["hazard"] == {
        "number": "RA33038100101",
        "category": "fire",
        "severity": "low",
        "stage": "reported",
        "village": "33038100101",
        "due_at": None,
    }
    assert "机密".encode() not in body
    assert not tell_one(ledger.engine, clock)
    assert (hook(ledger)["waiting"], hook(ledger)["fault"]) == (0, "")


def test_what_fails_is_told_again_later_and_nothing_overtakes_it(ledger, clock, program):
    webhooks.add(ledger, CITY, NewWebhook("平台", program.url, "330381"))
    happen(ledger, "report", "file")
    program.statuses[:] = [503, 429, 204, 204]
    assert tell_one(ledger.engine, clock)
    assert (hook(ledger)["try_count"], hook(ledger)["fault"]) == (1, "HTTP 503")
    assert not tell_one(ledger.engine, clock)
    clock.now += timedelta(seconds=5)
    assert tell_one(ledger.engine, clock)
    assert hook(ledger)["next_try_at"] == clock.now + timedelta(seconds=10)
    clock.now += timedelta(seconds=10)
    assert tell_one(ledger.engine, clock)
    assert told_kinds(program) == ["report", "report", "report", "file"]
    assert len({body for _, body in program.came[:3]}) == 1
    assert (hook(ledger)["try_count"], hook(ledger)["waiting"]) == (0, 0)


def test_a_program_that_is_away_is_told_when_it_is_back(ledger, clock, program):
    port = program.server_port
    webhooks.add(ledger, CITY, NewWebhook("平台", f"http://127.0.0.1:{port}/told", "330381"))
    program.shutdown()
    program.server_close()
    happen(ledger, "report")
    for tries in range(1, 15):
        assert tell_one(ledger.engine, clock)
        assert hook(ledger)["try_count"] == tries
        assert hook(ledger)["next_try_at"] - clock.now <= timedelta(hours=1)
        clock.now += timedelta(hours=1)
    assert hook(ledger)["fault"] == "ConnectionError"
    back = ThreadingHTTPServer(("127.0.0.1", port), Program)
    back.came, back.statuses = [], []
    thread = threading.Thread(target=back.serve_forever, daemon=True)
    thread.start()
    assert tell_one(ledger.engine, clock)
    back.shutdown()
    back.server_close()
    assert told_kinds(back) == ["report"]


def test_a_refusal_for_good_and_a_redirect_are_counted_and_left_behind(ledger, clock, program):
    webhooks.add(ledger, CITY, NewWebhook("平台", program.url, "330381"))
    happen(ledger, "report", "file", "assign")
    program.statuses[:] = [400, 302, 200]
    assert tell_one(ledger.engine, clock)
    assert told_kinds(program) == ["report", "file", "assign"]
    assert (hook(ledger)["refused_count"], hook(ledger)["waiting"]) == (2, 0)


def test_a_township_is_told_of_its_own_area_and_a_paused_program_later(ledger, clock, program):
    webhooks.add(ledger, CITY, NewWebhook("东", program.url, "330381002"))
    happen(ledger, "report")
    assert not tell_one(ledger.engine, clock)
    webhooks.switch(ledger, CITY, hook(ledger)["id"], active=False)
    happen(ledger, "file", number="RA33038100201")
    assert not tell_one(ledger.engine, clock)
    webhooks.switch(ledger, CITY, hook(ledger)["id"], active=True)
    assert tell_one(ledger.engine, clock)
    assert told_kinds(program) == ["file"]
    with pytest.raises(NotFound):
        webhooks.remove(ledger, Scope("other", "/330381/330381001/"), hook(ledger)["id"])
    webhooks.remove(ledger, CITY, hook(ledger)["id"])
    assert webhooks.listed(ledger.engine, CITY) == []


def test_two_workers_tell_everything_once(ledger, clock, program):
    webhooks.add(ledger, CITY, NewWebhook("平台", program.url, "330381"))
    happen(ledger, *(f"k{number}" for number in range(60)))
    workers = [threading.Thread(target=tell_one, args=(ledger.engine, clock)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert told_kinds(program) == [f"k{number}" for number in range(60)]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "x",
        "ftp://h/x",
        "http://",
        "http://u:p@h/x",
        "http://h:99999/",
        "http://h/ x",
        "file:///etc/passwd",
        "http://h/中",
    ],
)
def test_an_address_that_is_none_is_refused(ledger, url):
    with pytest.raises(InvalidInput, match="is no address of a program"):
        webhooks.add(ledger, CITY, NewWebhook("平台", url, "330381"))
