"""Notices over HTTP: each step reaches those whose turn it is; what is read stays read."""

from datetime import timedelta

from sqlalchemy import text

from gis_app.services import housekeeping
from gis_app.services.audit import HeadsFile, Ledger
from gis_app.storage.engine import scoped, system_scope
from tests.web.test_closed_loop import (  # noqa: F401 - fixtures
    TOWNSHIP,
    clock,
    own_database,
    people,
    reported,
    step,
)


def unread(client):
    return client.get("/api/notices/unread").get_json()["unread"]


def kinds(client):
    page = client.get("/notices?lang=en").get_data(as_text=True)
    return [part.split(":")[0] for part in page.split("<strong>")[1:]]


def test_each_step_reaches_the_desk_or_the_unit_whose_turn_it_is(people):  # noqa: F811
    hazard = reported(people)
    assert {name: unread(who) for name, who in people.items() if name != "worker"} == {
        "supervisor": 1,
        "dispatcher": 0,
        "handler": 0,
        "city_supervisor": 1,
        "city_dispatcher": 0,
    }
    assert step(people["supervisor"], "file", hazard).status_code == 200
    assert (unread(people["dispatcher"]), unread(people["city_dispatcher"])) == (1, 1)
    assert step(people["dispatcher"], "assign", hazard).status_code == 200
    assert kinds(people["handler"]) == ["Assigned to your unit"]
    assert step(people["handler"], "request_extension", hazard, value=2, reason="雨天").status_code == 200
    assert kinds(people["city_dispatcher"])[0] == "Extension asked for"
    assert "Extension asked for" not in kinds(people["dispatcher"])


def test_another_unit_is_not_told(people):  # noqa: F811
    hazard = reported(people)
    assert step(people["supervisor"], "file", hazard).status_code == 200
    assert step(people["dispatcher"], "assign", hazard, unit="fire", reason="高压设备").status_code == 200
    assert unread(people["handler"]) == 0


def test_what_was_shown_is_read_and_what_came_since_is_not(people):  # noqa: F811
    first = reported(people)
    page = people["supervisor"].get("/notices").get_data(as_text=True)
    upto = page.split('name="upto" value="')[1].split('"')[0]
    reported(people)
    answer = people["supervisor"].post("/notices/read", data={"upto": upto})
    assert answer.status_code == 303
    assert unread(people["supervisor"]) == 1
    people["supervisor"].post("/notices/read", data={"upto": "9" * 30})
    assert unread(people["supervisor"]) == 0
    assert unread(people["city_supervisor"]) == 2
    # Nor does a mark beyond the last one hide what is still to come.
    assert step(people["supervisor"], "file", first).status_code == 200
    reported(people)
    assert unread(people["supervisor"]) == 1


def test_a_case_that_turns_red_is_told_once_to_every_desk(people, own_database, clock, tmp_path):  # noqa: F811
    hazard = reported(people)
    for who, action in (("supervisor", "file"), ("dispatcher", "assign")):
        step(people[who], action, hazard)
    with scoped(own_database, system_scope()) as connection:
        connection.execute(text("UPDATE hazard SET due_at = :now WHERE id = :id"), {"now": clock.now, "id": hazard})
    clock.now += timedelta(minutes=1)
    ledger = Ledger(own_database, HeadsFile(tmp_path / "heads.log"), clock)
    house = housekeeping.House(ledger, track_days=90, srid=4549)
    job = next(each for each in housekeeping.JOBS if each.name == "escalation")
    red = job.run(house)["hazards"]
    assert red >= 1
    assert job.run(house) == {"hazards": 0, "listings": 0}
    for who in ("supervisor", "dispatcher", "city_supervisor", "city_dispatcher"):
        assert kinds(people[who]).count("Overdue") >= 1
    assert kinds(people["handler"]).count("Overdue") == 0


def test_notices_of_old_are_forgotten_but_not_before_a_program_was_told(people, own_database, clock, tmp_path):  # noqa: F811
    reported(people)
    ledger = Ledger(own_database, HeadsFile(tmp_path / "heads.log"), clock)
    house = housekeeping.House(ledger, track_days=90, srid=4549)
    job = next(each for each in housekeeping.JOBS if each.name == "forget_notices")
    assert job.run(house) == {"notices": 0}
    clock.now += timedelta(days=91)
    with scoped(own_database, system_scope()) as connection:
        hook = text("""
        INSERT INTO webhook (name, url, secret, created_at, scope_path) VALUES ('x', 'http://x', 's', now(), :path)""")
        connection.execute(hook, {"path": TOWNSHIP})
    assert job.run(house) == {"notices": 0}
    with scoped(own_database, system_scope()) as connection:
        connection.execute(text("UPDATE webhook SET is_active = false"))
    assert job.run(house) == {"notices": 1}
