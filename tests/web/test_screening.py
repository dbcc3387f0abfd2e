"""Numbers of persons in free text: told with answers, asked about on pages, never told again themselves."""

import uuid

from tests.web.test_closed_loop import (  # noqa: F401 - fixtures
    case,
    clock,
    own_database,
    people,
    reported,
)

MOBILE = "13857712345"
ID_NUMBER = "330381199003071237"


def test_a_screening_names_field_place_and_kind_but_not_the_number(client):
    texts = {"title": "楼道堆物", "description": f"找老陈 {MOBILE}。", "place": f"身份证 {ID_NUMBER}"}
    answer = client.post("/api/screenings?lang=en", json={"texts": texts})
    found = {(each["field"], each["kind"], each["start"], each["end"]) for each in answer.json["warnings"]}
    assert found == {("description", "mobile", 4, 15), ("place", "id_number", 4, 22)}
    assert MOBILE not in answer.text
    assert ID_NUMBER not in answer.text
    assert client.post("/api/screenings", json={"texts": {"title": "RA20261124169408, 2026-06-01"}}).json == {
        "warnings": []
    }


def test_a_report_is_stored_and_warned_about(people):  # noqa: F811
    worker = people["worker"]
    body = {
        "id": str(uuid.uuid4()),
        "category": "fire",
        "severity": "low",
        "discovered_by": "patrol",
        "title": "楼道堆物",
        "description": f"电话 {MOBILE}",
        "discovered_at": "2026-06-15T01:30:00Z",
        "location": {"lon": 120.61, "lat": 27.81, "datum": "wgs84"},
    }
    told = worker.post("/api/hazards", json=body)
    assert told.status_code == 201
    assert [(each["field"], each["kind"]) for each in told.json["warnings"]] == [("description", "mobile")]
    without = worker.post("/api/hazards", json={**body, "id": str(uuid.uuid4()), "description": ""})
    assert "warnings" not in without.json


def test_a_step_on_a_page_asks_before_it_takes_a_number(people):  # noqa: F811
    desk, hazard = people["supervisor"], reported(people)
    form = {"action": "void", "version": "1", "reason": f"误报，见 {MOBILE}", "id": str(uuid.uuid4())}
    asked = desk.post(f"/cases/{hazard}/steps?lang=en", data=form)
    assert asked.status_code == 400
    assert "This looks like a mobile number." in asked.text
    assert 'name="confirmed"' in asked.text
    assert case(desk, hazard)["case"]["stage"] == "reported"
    assert desk.post(f"/cases/{hazard}/steps", data={**form, "confirmed": "1"}).status_code == 303
    assert case(desk, hazard)["case"]["stage"] == "void"


def test_a_step_over_the_api_is_taken_and_warned_about(people):  # noqa: F811
    body = {"action": "void", "reason": f"误报，见 {MOBILE}", "hazards": [{"id": reported(people), "version": 1}]}
    told = people["supervisor"].post("/api/steps", json=body)
    assert [(each["field"], each["kind"]) for each in told.json["warnings"]] == [("reason", "mobile")]
