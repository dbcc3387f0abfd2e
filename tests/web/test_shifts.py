"""The log of the duty desk over HTTP: lines are only added, marks belong to an account, areas keep apart."""

import uuid

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from gis_app.domain.rights import Role
from gis_app.services.audit import verify
from gis_app.storage.engine import scoped, system_scope
from tests.web.test_closed_loop import TOWNSHIP, clock, own_database  # noqa: F401 - fixtures

POINT = {"type": "Point", "coordinates": [120.6, 27.8]}


@pytest.fixture
def people(make_app, make_client, own_database, clock):  # noqa: F811
    app = make_app(on=own_database, now=clock)
    of = lambda path, role: make_client(path, role, app=app, on=own_database)  # noqa: E731
    return {
        "desk": of(TOWNSHIP, Role.DISPATCHER),
        "supervisor": of(TOWNSHIP, Role.SUPERVISOR),
        "city": of("/330381/", Role.SUPERVISOR),
        "other": of("/330381/330381002/", Role.DISPATCHER),
        "worker": of(TOWNSHIP, Role.GRID_WORKER),
    }


def add(client, kind="note", words="", view="", identity=None):
    body = {"id": identity or str(uuid.uuid4()), "kind": kind, "words": words, "view": view}
    return client.post("/api/shifts/entries", json=body)


def test_lines_of_a_shift_are_kept_in_their_order_with_the_state_of_the_map(people):
    view = "map=14/27.80000/120.60000&layers=hazards&from=2026-06-01&to=2026-06-15"
    assert add(people["desk"], words="三号泵站水位偏高，继续盯", view=view).status_code == 201
    assert add(people["desk"], "handover", "交夜班").status_code == 201
    assert add(people["supervisor"], "takeover").status_code == 201
    log = people["desk"].get("/api/shifts/log").get_json()
    assert (log["day"], log["shift"]) == ("2026-06-15", "day")
    assert [(line["kind"], line["account"]) for line in log["entries"]] == [
        ("note", "dispatcher-330381001"),
        ("handover", "dispatcher-330381001"),
        ("takeover", "supervisor-330381001"),
    ]
    assert log["entries"][0]["view"] == view
    page = people["desk"].get("/shift?lang=en").get_data(as_text=True)
    assert "三号泵站水位偏高" in page
    assert f'href="/#{view.replace("&", "&amp;")}"' in page


def test_a_line_sent_twice_is_one_and_its_identifier_stands_for_no_other(people):
    identity = str(uuid.uuid4())
    assert add(people["desk"], words="一", identity=identity).status_code == 201
    assert add(people["desk"], words="一", identity=identity).status_code == 200
    assert add(people["desk"], words="二", identity=identity).status_code == 409
    # Another account's identifier of the same letters is another one.
    assert add(people["supervisor"], words="三", identity=identity).status_code == 201
    assert len(people["desk"].get("/api/shifts/log").get_json()["entries"]) == 2


def test_a_line_can_be_neither_changed_nor_deleted_in_the_database(people, own_database):  # noqa: F811
    add(people["desk"], words="一")
    for statement in ("UPDATE shift_entry SET words = 'x'", "DELETE FROM shift_entry", "DELETE FROM map_mark"):
        with pytest.raises(ProgrammingError, match="permission denied"), scoped(own_database, system_scope()) as work:
            work.execute(text(statement))


def test_another_area_sees_neither_lines_nor_marks_and_the_city_sees_all(people):
    add(people["desk"], words="塘下")
    people["desk"].post("/api/shifts/marks", json={"id": str(uuid.uuid4()), "geometry": POINT, "words": "路障"})
    log = people["other"].get("/api/shifts/log").get_json()
    assert (log["entries"], log["marks"]) == ([], [])
    log = people["city"].get("/api/shifts/log").get_json()
    assert [line["words"] for line in log["entries"]] == ["塘下"]
    assert [mark["properties"]["words"] for mark in log["marks"]] == ["路障"]


def test_a_mark_is_taken_off_by_its_own_account_alone(people):
    body = {"id": str(uuid.uuid4()), "geometry": POINT, "words": "路障"}
    mark = people["desk"].post("/api/shifts/marks", json=body).get_json()
    assert people["desk"].post("/api/shifts/marks", json=body).status_code == 200
    assert mark["geometry"] == POINT
    assert people["supervisor"].delete(f"/api/shifts/marks/{mark['id']}").status_code == 403
    missing = people["other"].delete("/api/shifts/marks/987654321")
    foreign = people["other"].delete(f"/api/shifts/marks/{mark['id']}")
    assert (foreign.status_code, foreign.get_data()) == (404, missing.get_data())
    for _ in range(2):
        assert people["desk"].delete(f"/api/shifts/marks/{mark['id']}").status_code == 204
    assert people["desk"].get("/api/shifts/log").get_json()["marks"] == []


@pytest.mark.parametrize(
    "geometry",
    [
        {"type": "Polygon", "coordinates": [[[120, 27], [121, 28], [121, 27], [120, 28], [120, 27]]]},
        {"type": "Point", "coordinates": [120.6, 95]},
        {"type": "Point", "coordinates": [120.6, 27.8, 5]},
        {"type": "Point", "coordinates": ["x", 1]},
        {"type": "LineString", "coordinates": [[120.6, 27.8]] * 501},
        {"type": "LineString", "coordinates": [[120.6, 27.8]]},
        {"type": "GeometryCollection", "geometries": []},
        {},
    ],
)
def test_a_mark_that_is_no_shape_is_refused_with_the_reason(people, geometry):
    answer = people["desk"].post("/api/shifts/marks?lang=en", json={"id": str(uuid.uuid4()), "geometry": geometry})
    assert answer.status_code == 400
    assert "mark cannot be used" in answer.get_json()["detail"]


def test_each_shift_has_its_own_lines_and_the_night_belongs_to_the_day_it_began(people, clock):  # noqa: F811
    add(people["desk"], words="白班")
    clock.now = clock.now.replace(hour=17)  # 01:00 of the 16th in the city
    add(people["desk"], words="夜班")
    log = people["desk"].get("/api/shifts/log").get_json()
    assert (log["day"], log["shift"], [line["words"] for line in log["entries"]]) == ("2026-06-15", "night", ["夜班"])
    log = people["desk"].get("/api/shifts/log?day=2026-06-15&shift=day").get_json()
    assert [line["words"] for line in log["entries"]] == ["白班"]
    assert people["desk"].get("/shift?day=2026-06-15&shift=day").status_code == 200


def test_words_that_hold_a_persons_number_are_told_and_an_empty_note_is_refused(people):
    answer = add(people["desk"], words="联系电话13812345678")
    assert answer.status_code == 201
    assert answer.get_json()["warnings"][0]["field"] == "words"
    assert add(people["desk"], words="  ").status_code == 400


def test_views_that_are_no_state_of_the_map_and_unknown_shifts_are_refused(people):
    assert add(people["desk"], words="x", view='"><script>').status_code == 400
    for query in ("shift=noon", "day=yesterday", "day=1800-01-01"):
        assert people["desk"].get(f"/api/shifts/log?{query}").status_code == 400


def test_who_does_not_sit_at_the_desk_has_no_log(people):
    assert people["worker"].get("/shift").status_code == 403
    assert add(people["worker"], words="x").status_code == 403


def test_every_line_and_mark_stands_in_the_audit(people, make_app, own_database):  # noqa: F811
    add(people["desk"], words="一")
    add(people["desk"], "handover")
    made = people["desk"].post("/api/shifts/marks", json={"id": str(uuid.uuid4()), "geometry": POINT}).get_json()
    people["desk"].delete(f"/api/shifts/marks/{made['id']}")
    with scoped(own_database, system_scope()) as connection:
        actions = connection.execute(
            text("SELECT action FROM audit_entry WHERE action LIKE 'shift.%' ORDER BY sequence")
        ).scalars()
        assert list(actions) == ["shift.note", "shift.handover", "shift.mark", "shift.unmark"]
    ledger = people["desk"].application.extensions["jingwei"].ledger
    assert verify(ledger).faults == []
