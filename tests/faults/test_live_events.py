"""Streams of events from a real server that is killed under them: nothing lost, nothing twice, nothing foreign."""

import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from sqlalchemy import text

from gis_app.domain.hazards import DiscoveryWay, Severity
from gis_app.domain.rights import Scope
from gis_app.services import hazards, live_events
from gis_app.services.audit import HeadsFile, Ledger
from gis_app.services.hazards import Report, Spot
from gis_app.services.live_events import EventFeed, Waker
from gis_app.storage.cluster import start
from gis_app.storage.cluster_database import ensure_database
from gis_app.storage.engine import make_engine, scoped, system_scope
from tests.event_listener import Listener

LOGINS = ("city", "township", "village")
EVENTS, WRITERS = 60, 3
PLACES = text("""
SELECT ST_X(label_point), ST_Y(label_point) FROM area WHERE level = 'village' AND valid_to IS NULL ORDER BY code""")
DUE = text("""
SELECT n.id FROM notice n JOIN account a ON a.login = :login JOIN area s ON s.id = a.area_id
WHERE n.id > :after AND starts_with(n.scope_path, s.scope_path)""")


@pytest.fixture(scope="module")
def ledger(live_server, tmp_path_factory):
    engine = make_engine(ensure_database(start(live_server.home)).app_url)
    # The server's own file: its audit has to know every head.
    yield Ledger(engine, HeadsFile(live_server.home / "audit" / "heads.log"))
    engine.dispose()


@pytest.fixture(scope="module")
def places(ledger):
    with scoped(ledger.engine, system_scope()) as connection:
        return [tuple(row) for row in connection.execute(PLACES)]


def newest(ledger):
    with scoped(ledger.engine, system_scope()) as connection:
        return int(connection.execute(text("SELECT coalesce(max(id), 0) FROM notice")).scalar_one())


def report(ledger, place):
    with scoped(ledger.engine, system_scope()) as connection:
        account_id = connection.execute(text("SELECT id FROM account WHERE login = 'city'")).scalar_one()
    found_at = datetime.now(UTC) - timedelta(minutes=1)
    wanted = (Severity.GENERAL, DiscoveryWay.PATROL, "通道堵塞", Spot(*place, "wgs84"), found_at)
    return hazards.report(ledger, system_scope("test"), account_id, Report(uuid.uuid4(), "fire", *wanted)).hazard


def serve(home, port):
    environment = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
    command = [Path(sys.executable).with_name("jingwei"), "serve", "--port", str(port)]
    server = subprocess.Popen(
        command,
        env=environment | {"JINGWEI_HOME": str(home), "JINGWEI_LOCALE": "en"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    told = next(line for line in server.stdout if "http://" in line)
    server.stdout.close()
    return server, "http://127.0.0.1:" + told.split("http://127.0.0.1:")[1].split()[0]


def session_of(address, login, password):
    session = requests.Session()
    session.trust_env = False
    form = {"login": login, "password": password}
    session.post(f"{address}/login", form, headers={"Origin": address}, timeout=30).raise_for_status()
    return session


def test_streams_of_three_areas_hear_each_event_once_over_a_kill_of_the_server(live_server, ledger, places):
    after = newest(ledger)
    server, address = serve(live_server.home, 0)
    port = address.rpartition(":")[2]
    try:
        ears = {
            login: Listener(address, session_of(address, login, live_server.passwords[login]), after=after).start()
            for login in LOGINS
        }
        for ear in ears.values():
            ear.wait_until_begun()
        writers = [
            threading.Thread(target=lambda part=part: [report(ledger, places[n % len(places)]) for n in part])
            for part in (range(start, EVENTS, WRITERS) for start in range(WRITERS))
        ]
        for writer in writers[:2]:
            writer.start()
        os.killpg(server.pid, signal.SIGKILL)
        server.wait(timeout=30)
        writers[2].start()
        server, _ = serve(live_server.home, port)
        for writer in writers:
            writer.join()
        with scoped(ledger.engine, system_scope()) as connection:
            due = {login: set(connection.execute(DUE, {"login": login, "after": after}).scalars()) for login in LOGINS}
        until = time.monotonic() + 30
        while any(len(ears[login].heard) < len(due[login]) for login in LOGINS) and time.monotonic() < until:
            time.sleep(0.1)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=60)
    assert len(due["city"]) == EVENTS
    assert 0 < len(due["village"]) < len(due["township"]) < EVENTS
    for login in LOGINS:
        assert Counter(ears[login].ids()) == dict.fromkeys(due[login], 1)
        assert ears[login].ids() == sorted(ears[login].ids())
        assert ears[login].connections >= 2


def test_an_event_of_a_hazard_that_moved_to_another_area_is_not_told(ledger, places):
    before = newest(ledger)
    stored = report(ledger, places[0])
    home = Scope("east", stored["scope_path"])
    feed = EventFeed(ledger.engine)
    assert [event for event, _ in feed.since(home, before, count=0)[0]] == [newest(ledger)]
    moved = Spot(*places[-1], "wgs84")
    hazards.correct(ledger, system_scope("test"), stored["id"], {}, version=stored["version"], spot=moved)
    assert EventFeed(ledger.engine).since(home, before, count=0)[0] == []


def test_what_is_no_longer_kept_in_memory_is_read_from_the_database(ledger, places, monkeypatch):
    monkeypatch.setattr(live_events, "KEPT", 2)
    monkeypatch.setattr(live_events, "AT_ONCE", 3)
    before, everything, feed = newest(ledger), system_scope(), EventFeed(ledger.engine)
    assert feed.since(everything, before, count=0) == ([], before)
    ids = [report(ledger, places[0]) and newest(ledger) for _ in range(7)]
    heard, upto = [], before
    while upto < ids[-1]:
        news, upto = feed.since(everything, upto, count=1)
        heard += [event for event, _ in news]
    assert heard == ids
    assert [event for event, _ in feed.since(everything, ids[4], count=1)[0]] == ids[5:]


def test_a_page_that_knows_an_event_of_before_a_restore_is_told_to_read_anew(ledger):
    feed, upto = EventFeed(ledger.engine), newest(ledger)
    assert feed.begin(system_scope(), upto + 1) == (upto, True)
    assert feed.begin(system_scope(), upto) == (upto, False)
    assert feed.begin(system_scope(), None) == (upto, False)


def test_a_commit_wakes_whoever_waits_and_the_listening_ends_with_the_last_stream(ledger, places):
    waker = Waker(ledger.engine)
    waker.join()
    seen = waker.wait(0, 10)
    assert seen == 1
    began = time.monotonic()
    threading.Timer(0.2, report, (ledger, places[0])).start()
    assert waker.wait(seen, 20) > seen
    assert time.monotonic() - began < 20
    waker.leave()
    listening = [each for each in threading.enumerate() if each.name == "live_events"]
    for thread in listening:
        thread.join(10)
        assert not thread.is_alive()
