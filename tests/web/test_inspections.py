"""Inspections over HTTP: planned, begun, answered, finished; findings are hazards; nothing twice, nothing of others."""

import json
import uuid
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from gis_app.domain.rights import Role
from gis_app.services.audit import verify
from gis_app.services.checklists import checklist
from gis_app.storage.engine import scoped, system_scope
from tests.web.test_closed_loop import clock, own_database, people  # noqa: F401 - fixtures

WEST, EAST = "33038100101", "33038100201"
IN_WEST, IN_EAST = (120.61, 27.81), (120.81, 27.81)
NIGHT_CHECK = checklist("night_check", 1)
ALL_YES = {item.key: "yes" if item.kind == "yes_no" else 7 for item in NIGHT_CHECK.items}


def plan_body(area=WEST, **more):
    return {"id": str(uuid.uuid4()), "kind": "night_check", "area": area, "planned_for": "2026-06-14", **more}


def planned(client, **more):
    body = plan_body(**more)
    answer = client.post("/api/inspections", json=body)
    assert answer.status_code == 201, answer.get_json()
    return f"/api/inspections/{body['id']}"


def begun(client, **more):
    place = planned(client, **more)
    assert client.post(f"{place}/begin", json={}).status_code == 200
    return place


def finding(place=IN_WEST, **more):
    return {
        "id": str(uuid.uuid4()),
        "item": "exits_free",
        "category": "fire",
        "severity": "major",
        "title": "消防通道堵塞",
        "discovered_at": "2026-06-15T01:30:00Z",
        "location": {"lon": place[0], "lat": place[1], "datum": "wgs84"},
        **more,
    }


def made(client, **more):
    """Make a whole inspection."""
    place = begun(client, **more)
    answer = client.post(f"{place}/answers", json={"answers": ALL_YES, "finish": True})
    assert answer.status_code == 200, answer.get_json()
    return place


def asked(own_database, query, **values):  # noqa: F811
    with scoped(own_database, system_scope()) as connection:
        return connection.execute(text(query), values).all()


def hazard_count(own_database):  # noqa: F811
    return asked(own_database, "SELECT count(*) FROM hazard")[0][0]


def test_an_inspection_goes_from_its_plan_to_a_hazard_and_each_step_is_audited(people, own_database):  # noqa: F811
    township = people["supervisor"]
    place = begun(township)
    told = township.post(f"{place}/findings", json=finding())
    assert told.status_code == 201
    answers = {**ALL_YES, "exits_free": "no"}
    done = township.post(f"{place}/answers", json={"answers": answers, "note": "已告知", "finish": True}).get_json()
    assert (done["state"], done["day"], done["answers"]) == ("done", "2026-06-14", answers)

    hazard = told.get_json()["hazard_id"]
    stored = asked(
        own_database, "SELECT discovered_by, severity, stage, scope_path FROM hazard WHERE id = :id", id=hazard
    )
    assert stored == [("inspection", "major", "reported", f"/330381/330381001/{WEST}/")]
    shown = township.get(place).get_json()
    assert [(each["hazard_id"], each["item"], each["title"]) for each in shown["findings"]] == [
        (hazard, "exits_free", "消防通道堵塞")
    ]
    subject = f"inspection:{place.rpartition('/')[2]}"
    entries = asked(own_database, "SELECT action FROM audit_entry WHERE subject = :s ORDER BY sequence", s=subject)
    assert [row[0] for row in entries] == [f"inspection.{each}" for each in ("plan", "begin", "finding", "finish")]
    assert verify(township.application.extensions["jingwei"].ledger).faults == []
    page = township.get(f"/inspections/{shown['inspection']['id']}?lang=zh").get_data(as_text=True)
    assert f'href="/cases/{hazard}"' in page


def test_a_finding_is_derived_from_its_place_and_refused_outside_the_area_with_all_it_began(people, own_database):  # noqa: F811
    city = people["city_supervisor"]
    place, before = begun(city, kind="special"), hazard_count(own_database)
    refused = city.post(f"{place}/findings", json=finding(IN_EAST, item=""))
    assert refused.status_code == 400
    assert "地点不在被巡查的区域内" in refused.get_json()["detail"]
    assert city.post(f"{place}/findings", json=finding(item="no_such_item")).status_code == 400
    assert hazard_count(own_database) == before
    assert asked(own_database, "SELECT count(*) FROM finding") == [(0,)]
    assert asked(own_database, "SELECT count(*) FROM client_write") == [(0,)]


def test_a_plan_and_a_finding_sent_twice_are_stored_once_and_another_body_is_refused(people, own_database):  # noqa: F811
    township, body, before = people["supervisor"], plan_body(), hazard_count(own_database)
    assert [township.post("/api/inspections", json=body).status_code for _ in range(2)] == [201, 200]
    assert township.post("/api/inspections", json={**body, "note": "x"}).status_code == 409
    assert people["city_supervisor"].post("/api/inspections", json=body).status_code == 409
    place, found = f"/api/inspections/{body['id']}", finding()
    assert [township.post(f"{place}/begin", json={}).status_code for _ in range(2)] == [200, 200]
    answers = [township.post(f"{place}/findings", json=found) for _ in range(2)]
    assert [each.status_code for each in answers] == [201, 200]
    assert answers[0].get_json() == answers[1].get_json()
    assert township.post(f"{place}/findings", json={**found, "title": "x"}).status_code == 409
    assert township.post(f"{place}/findings", json={**found, "item": ""}).status_code == 409
    other = begun(people["city_supervisor"], kind="special")
    assert people["city_supervisor"].post(f"{other}/findings", json={**found, "item": ""}).status_code == 409
    assert hazard_count(own_database) == before + 1
    done = [township.post(f"{place}/answers", json={"answers": ALL_YES, "finish": True}) for _ in range(2)]
    assert [each.status_code for each in done] == [200, 200]
    assert done[0].get_json()["version"] == done[1].get_json()["version"]


def test_an_inspection_ends_only_with_every_answer_and_every_finding(people):  # noqa: F811
    township = people["supervisor"]
    place = begun(township)
    finish = lambda answers: township.post(f"{place}/answers", json={"answers": answers, "finish": True})  # noqa: E731
    assert "还有 8 项没有作答" in finish({"exits_free": "no"}).get_json()["detail"]
    assert "还有 1 项发现没有上报" in finish({**ALL_YES, "exits_free": "no"}).get_json()["detail"]
    for wrong in ({"exits_free": 3}, {"volunteer_count": "yes"}, {"volunteer_count": -1}, {"nothing": "yes"}):
        assert township.post(f"{place}/answers", json={"answers": wrong}).status_code == 400, wrong
    assert township.get(place).get_json()["inspection"]["answers"] == {}
    assert township.post(f"{place}/findings", json=finding()).status_code == 201
    assert finish({**ALL_YES, "exits_free": "no"}).status_code == 200
    assert township.post(f"{place}/answers", json={"answers": {"exits_free": "yes"}}).status_code == 409
    assert township.post(f"{place}/findings", json=finding()).status_code == 409
    assert township.post(f"{place}/cancel", json={}).status_code == 409


def test_who_does_not_inspect_an_area_changes_nothing_of_it(people, make_client):  # noqa: F811
    township, app = people["supervisor"], people["supervisor"].application
    assert people["worker"].post("/api/inspections", json=plan_body()).status_code == 403
    village = make_client(f"/330381/330381001/{WEST}/", Role.SUPERVISOR, app=app, on=engine_of(app))
    assert village.post("/api/inspections", json=plan_body()).status_code == 403
    assert township.post("/api/inspections", json=plan_body("330381001", kind="special")).status_code == 403
    assert township.post("/api/inspections", json=plan_body(EAST)).status_code == 400
    assert township.post("/api/inspections", json=plan_body("330381001", kind="monthly")).status_code == 403
    city = people["city_supervisor"]
    assert city.post("/api/inspections", json=plan_body("330381001")).status_code == 400
    assert city.post("/api/inspections", json=plan_body(planned_for="2026-01-01")).status_code == 400
    # What the city announced is seen by the township, and made by the city alone.
    place = planned(city, area="330381001", kind="monthly")
    assert township.get(place).get_json()["may_change"] is False
    for step in ("begin", "cancel"):
        assert township.post(f"{place}/{step}", json={}).status_code == 403
    assert city.post(f"{place}/begin", json={}).status_code == 200
    assert township.post(f"{place}/answers", json={"note": "x"}).status_code == 403


def engine_of(app):
    return app.extensions["jingwei"].engine


def test_a_foreign_inspection_and_a_missing_one_answer_alike(people):  # noqa: F811
    foreign = planned(people["city_supervisor"], area=EAST)
    missing = f"/api/inspections/{uuid.uuid4()}"
    for ending, body in (("/begin", {}), ("/cancel", {}), ("/answers", {"note": "x"}), ("/findings", finding())):
        answers = [people["supervisor"].post(each + ending, json=body) for each in (foreign, missing)]
        assert [each.status_code for each in answers] == [404, 404]
        assert answers[0].get_data() == answers[1].get_data()
    pages = [people["supervisor"].get(each) for each in (foreign, missing)]
    assert (pages[0].status_code, pages[0].get_data()) == (404, pages[1].get_data())
    assert foreign.rpartition("/")[2] not in people["supervisor"].get("/api/inspections").get_data(as_text=True)


def test_an_unannounced_inspection_is_hidden_from_the_area_until_it_begins(people):  # noqa: F811
    city, township = people["city_supervisor"], people["supervisor"]
    place = planned(city, kind="special", unannounced=True)
    identity = place.rpartition("/")[2]
    for address in ("/api/inspections", "/inspections", "/audit"):
        assert identity in city.get(address).get_data(as_text=True)
        assert identity not in township.get(address).get_data(as_text=True), address
    assert township.get(place).status_code == 404
    assert city.post(f"{place}/begin", json={}).status_code == 200
    assert township.get(place).get_json()["inspection"]["is_unannounced"] is True
    assert identity in township.get("/api/inspections").get_data(as_text=True)


def test_the_second_to_begin_is_told_so(people, make_client):  # noqa: F811
    place = planned(people["supervisor"])
    assert people["city_supervisor"].post(f"{place}/begin", json={}).status_code == 200
    assert people["supervisor"].post(f"{place}/begin", json={}).status_code == 409
    cancelled = planned(people["supervisor"])
    assert [people["supervisor"].post(f"{cancelled}/cancel", json={}).status_code for _ in range(2)] == [200, 200]
    assert people["supervisor"].post(f"{cancelled}/begin", json={}).status_code == 409


def test_the_page_plans_with_one_button_and_says_what_is_wrong(people):  # noqa: F811
    township = people["supervisor"]
    page = township.get("/inspections?lang=zh").get_data(as_text=True)
    # On Monday morning the night is still Sunday's, the last of its week.
    assert "每周一夜查 · 2026-W24" in page
    assert f'name="area" value="{WEST}"' in page
    form = {"id": str(uuid.uuid4()), "kind": "night_check", "area": WEST}
    for _ in range(2):
        answer = township.post("/inspections", data=form)
        assert (answer.status_code, answer.headers["Location"]) == (303, f"/inspections/{form['id']}")
    told = township.get(f"/api/inspections/{form['id']}").get_json()["inspection"]
    assert told["planned_for"] == "2026-06-14"
    wrong = township.post("/inspections", data={**form, "id": str(uuid.uuid4()), "area": EAST})
    assert wrong.status_code == 400
    assert "没有编码为" in wrong.get_data(as_text=True)
    worker = people["worker"].get("/inspections?lang=zh").get_data(as_text=True)
    assert 'name="csrf" value' not in worker.partition("<main")[2]


@pytest.fixture
def at(people, clock, make_client):  # noqa: F811
    """A supervisor of the township who logged in at a moment; earlier log-ins have ended by then."""
    app = people["supervisor"].application

    def log_in(moment, path="/330381/330381001/"):
        clock.now = datetime.fromisoformat(moment).astimezone(UTC)
        return make_client(path, Role.SUPERVISOR, app=app, on=engine_of(app))

    return log_in


def states(client, query="", duty="weekly_night_check"):
    told = client.get(f"/api/duties?duty={duty}&{query}").get_json()
    return {(row["area"], row["period"]): row["state"] for row in told["rows"]}, told["total"]


FOUR_WEEKS = "from=2026-05-25&to=2026-06-21"


def test_the_night_of_sunday_counts_for_its_week_until_noon_of_monday(at):
    made(at("2026-06-15T01:30:00+08:00"))
    after = at("2026-06-15T13:00:00+08:00")
    found, total = states(after, FOUR_WEEKS)
    assert found == {
        (WEST, "2026-W22"): "missed",
        (WEST, "2026-W23"): "missed",
        (WEST, "2026-W24"): "done",
        (WEST, "2026-W25"): "not_yet_due",
    }
    assert (total["owed"], total["on_time"], total["missed"]) == (3, 1, 2)
    assert total["on_time_rate"] == pytest.approx(1 / 3)


def test_a_check_after_noon_of_monday_counts_for_the_new_week_unless_it_makes_up_for_the_old_one(at):
    township = at("2026-06-15T11:59:00+08:00")
    assert states(township, FOUR_WEEKS)[0][WEST, "2026-W24"] == "due"
    township = at("2026-06-15T12:01:00+08:00")
    assert states(township, FOUR_WEEKS)[0][WEST, "2026-W24"] == "missed"
    made(township, planned_for="2026-06-14")
    found, total = states(township, FOUR_WEEKS)
    assert (found[WEST, "2026-W24"], found[WEST, "2026-W25"]) == ("late", "not_yet_due")
    assert (total["late"], total["missed"]) == (1, 2)
    made(township, planned_for="2026-06-15")
    assert states(township, FOUR_WEEKS)[0][WEST, "2026-W25"] == "done"
    assert states(at("2026-06-18T20:00:00+08:00"), FOUR_WEEKS)[0][WEST, "2026-W25"] == "done"


def test_the_city_owes_townships_a_month_and_sees_the_misses_of_all(at):
    city = at("2026-05-31T23:30:00+08:00", "/330381/")
    made_for_may = planned(city, area="330381001", kind="monthly", planned_for="2026-05-31")
    assert city.post(f"{made_for_may}/begin", json={}).status_code == 200
    monthly = {item.key: "yes" if item.kind == "yes_no" else 3 for item in checklist("monthly", 1).items}
    assert city.post(f"{made_for_may}/answers", json={"answers": monthly, "finish": True}).status_code == 200
    found, total = states(
        at("2026-06-15T13:00:00+08:00", "/330381/"), "from=2026-05-01&to=2026-06-30", "monthly_inspection"
    )
    assert found == {
        ("330381001", "2026-05"): "done",
        ("330381002", "2026-05"): "missed",
        ("330381001", "2026-06"): "not_yet_due",
        ("330381002", "2026-06"): "not_yet_due",
    }
    assert (total["owed"], total["missed"]) == (2, 1)


def test_missed_duties_are_listed_filtered_exported_and_mapped_by_area(at):
    city = at("2026-06-15T13:00:00+08:00", "/330381/")
    made(city, area=EAST, planned_for="2026-06-15")
    missed = f"/duties/list?{FOUR_WEEKS}&state=missed&lang=zh"
    assert city.get(missed).get_data(as_text=True).count('<th scope="row">') == 6
    assert city.get(f"{missed}&township=330381002").get_data(as_text=True).count('<th scope="row">') == 3
    assert city.get(f"{missed}&period=2026-06-08").get_data(as_text=True).count('<th scope="row">') == 2
    table = city.get(f"/api/duties.csv?{FOUR_WEEKS}&state=missed&lang=zh").get_data(as_text=True).splitlines()
    assert (len(table), table[1].split(",")[:4]) == (7, [WEST, "村塘下镇", "塘下镇", "2026-W22"])
    shapes = json.loads(city.get(f"/api/duties.geojson?{FOUR_WEEKS}").get_data())["features"]
    counts = {each["properties"]["code"]: each["properties"] for each in shapes}
    assert {code: (each["owed"], each["missed"], each["not_yet_due"]) for code, each in counts.items()} == {
        WEST: (3, 3, 1),
        EAST: (3, 3, 0),
    }
    assert {each["geometry"]["type"] for each in shapes} <= {"Polygon", "MultiPolygon"}
    page = city.get(f"/duties?{FOUR_WEEKS}&lang=zh").get_data(as_text=True)
    assert "/duties/list?duty=weekly_night_check" in page
    assert 'id="duty-map"' in page
    own = json.loads(at("2026-06-15T13:00:00+08:00").get(f"/api/duties.geojson?{FOUR_WEEKS}").get_data())
    assert [each["properties"]["code"] for each in own["features"]] == [WEST]


@pytest.mark.parametrize("query", ["duty=nothing", "from=2026-06-31", "from=2020-01-01", "to=9999-12-31", "state=x"])
def test_a_question_about_duties_that_cannot_be_is_refused(people, query):  # noqa: F811
    assert people["supervisor"].get(f"/api/duties?{query}").status_code == 400


# The layer's view asks the database's own clock, so rows are put in relative to it.
PUT_CHECK = text("""
INSERT INTO inspection (id, kind, area_code, planned_for, state, checklist_version, account, started_at, day, by_path,
                        scope_path)
SELECT gen_random_uuid(), 'night_check', code, d.day, 'done', 1, 'x', now(), d.day, '/330381/330381001/', scope_path
FROM area,
     (SELECT date_trunc('week', (now() AT TIME ZONE 'Asia/Shanghai') - interval '12 hours')::date + :offset) d (day)
WHERE code = :code""")


@pytest.mark.parametrize(("offsets", "state"), [((), "missed"), ((-3,), "due"), ((-10,), "missed"), ((-3, 0), "done")])
def test_the_layer_of_night_checks_tells_the_same_as_the_list(people, own_database, offsets, state):  # noqa: F811
    with scoped(own_database, system_scope()) as connection:
        for offset in offsets:
            connection.execute(PUT_CHECK, {"offset": offset, "code": WEST})
    assert asked(own_database, "SELECT state FROM night_check_map WHERE code = :code", code=WEST) == [(state,)]
    assert asked(own_database, "SELECT state FROM night_check_map WHERE code = :code", code=EAST) == [("missed",)]
