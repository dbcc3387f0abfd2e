"""Alerts by rules: raised at once, gathered by place, moved by steps, told to exactly the desk they wait at."""

import json
from datetime import datetime, timedelta

import pytest

from gis_app.domain.rights import Role, Scope
from gis_app.services import alert_watch
from gis_app.services.audit import HeadsFile, Ledger
from gis_app.services.live_events import EventFeed
from tests.web.test_closed_loop import (  # noqa: F401 - fixtures
    MONDAY,
    case,
    clock,
    own_database,
    people,
    reported,
    step,
)

CITY, TOWNSHIP, OTHER = "/330381/", "/330381/330381001/", "/330381/330381002/"
SEVERE = {"name": "重大隐患", "kind": "severity", "level": "critical", "severity": "major"}


@pytest.fixture
def ledger(own_database, clock, tmp_path, people):  # noqa: F811
    # The same chain of heads as the application's own.
    return Ledger(own_database, HeadsFile(tmp_path / "heads.log"), clock)


def rule(client, **body):
    answer = client.post("/api/alert-rules", json={**SEVERE, **body})
    assert answer.status_code == 201, answer.get_json()
    return answer.get_json()["id"]


def waiting(client):
    return client.get("/api/alerts").get_json()["alerts"]


def moved(client, alert, name, **more):
    return client.post(f"/api/alerts/{alert['id']}/steps", json={"step": name, "version": alert["version"], **more})


def test_cases_of_one_place_are_one_alert_that_counts_them_and_lesser_ones_are_none(people, ledger):  # noqa: F811
    rule(people["supervisor"])
    for severity in ("severe", "major", "low"):
        reported(people, severity)
    assert alert_watch.look_at_news(ledger) == 1
    reported(people, "severe")
    assert alert_watch.look_at_news(ledger) == 1
    assert alert_watch.look_at_news(ledger) == 0
    (alert,) = waiting(people["dispatcher"])
    assert (alert["count"], alert["level"], alert["place"]["zh"]) == (3, "critical", "村塘下镇")
    assert alert["newest"]["title"] == "楼道堆物"
    # The city did not ask to be told; its own list stays empty.
    assert waiting(people["city_dispatcher"]) == []


def test_what_was_acknowledged_waits_again_when_more_comes_and_what_was_put_off_does_not(
    people,  # noqa: F811
    ledger,
    clock,  # noqa: F811
):
    rule(people["supervisor"])
    reported(people, "severe")
    alert_watch.look_at_news(ledger)
    (alert,) = waiting(people["dispatcher"])
    assert moved(people["dispatcher"], alert, "acknowledge").get_json()["alert"]["state"] == "acknowledged"
    reported(people, "severe")
    alert_watch.look_at_news(ledger)
    (alert,) = waiting(people["dispatcher"])
    assert (alert["state"], alert["count"]) == ("open", 2)
    assert moved(people["dispatcher"], alert, "snooze", minutes=15).status_code == 200
    reported(people, "severe")
    alert_watch.look_at_news(ledger)
    (alert,) = waiting(people["dispatcher"])
    assert (alert["state"], alert["count"]) == ("snoozed", 3)
    clock.now += timedelta(minutes=16)
    assert alert_watch.look_at_time(ledger)["woken"] == 1
    assert waiting(people["dispatcher"])[0]["state"] == "open"


def test_an_alert_is_assigned_escalated_and_closed_each_step_in_the_audit(people, ledger):  # noqa: F811
    rule(people["supervisor"])
    reported(people, "severe")
    alert_watch.look_at_news(ledger)
    (alert,) = waiting(people["dispatcher"])
    assigned = moved(people["dispatcher"], alert, "assign", unit="town:330381001").get_json()["alert"]
    assert (assigned["state"], assigned["unit"]["code"]) == ("acknowledged", "town:330381001")
    assert moved(people["dispatcher"], alert, "close").status_code == 409
    assert moved(people["dispatcher"], assigned, "assign", unit="nobody").status_code == 400
    up = moved(people["dispatcher"], assigned, "escalate").get_json()["alert"]
    assert waiting(people["dispatcher"]) == []
    assert [each["id"] for each in waiting(people["city_dispatcher"])] == [alert["id"]]
    assert moved(people["city_dispatcher"], up, "close").status_code == 200
    assert waiting(people["city_dispatcher"]) == []
    audit = people["city_supervisor"].get("/audit?lang=en").get_data(as_text=True)
    for action in ("alert_rule.add", "alert.raise", "alert.assign", "alert.escalate", "alert.close"):
        assert action in audit
    assert people["handler"].post(f"/api/alerts/{alert['id']}/steps", json={}).status_code == 403


def test_an_alert_is_told_to_the_desk_it_waits_at_and_to_no_other(people, ledger):  # noqa: F811
    rule(people["supervisor"])
    feed = EventFeed(ledger.engine)
    before = {path: feed.begin(Scope("x", path), None)[0] for path in (CITY, TOWNSHIP, OTHER)}
    reported(people, "severe")
    alert_watch.look_at_news(ledger)

    def told(path):
        lines = [lines for _, lines in EventFeed(ledger.engine).since(Scope("x", path), before[path], count=0)[0]]
        return [json.loads(each.partition("data: ")[2]) for each in lines if each.startswith("event: alert\n")]

    assert [(each["rule"], each["count"]) for each in told(TOWNSHIP)] == [("重大隐患", 1)]
    assert told(CITY) == told(OTHER) == []


def test_the_events_of_hazards_and_alerts_are_told_in_one_order_each_once(people, ledger):  # noqa: F811
    rule(people["supervisor"])
    feed, scope = EventFeed(ledger.engine), Scope("x", TOWNSHIP)
    upto, _ = feed.begin(scope, None)
    for _ in range(3):
        reported(people, "severe")
        alert_watch.look_at_news(ledger)
    news, _ = EventFeed(ledger.engine).since(scope, upto, count=0)
    assert [lines.partition("\n")[0] for _, lines in news] == ["event: hazard", "event: alert"] * 3
    ids = [event for event, _ in news]
    assert ids == sorted(set(ids))
    again, _ = EventFeed(ledger.engine).since(scope, ids[2], count=0)
    assert [event for event, _ in again] == ids[3:]


def test_an_alert_whose_cases_have_ended_closes_by_itself(people, ledger):  # noqa: F811
    rule(people["supervisor"])
    hazard = reported(people, "severe")
    alert_watch.look_at_news(ledger)
    assert alert_watch.look_at_time(ledger)["settled"] == 0
    assert step(people["supervisor"], "void", hazard, reason="误报").status_code == 200
    assert alert_watch.look_at_time(ledger)["settled"] == 1
    assert waiting(people["dispatcher"]) == []


def test_a_case_that_turns_overdue_is_found_once(people, ledger, clock):  # noqa: F811
    rule(people["supervisor"], name="超期", kind="overdue", hours=2, level="warning", severity="low")
    hazard = reported(people, "low")
    for action in ("file", "assign"):
        assert step(people["dispatcher" if action == "assign" else "supervisor"], action, hazard).status_code == 200
    due = datetime.fromisoformat(case(people["supervisor"], hazard)["case"]["due_at"])
    clock.now = due + timedelta(hours=1)
    alert_watch.look_at_time(ledger)
    assert hazard not in {each["newest"]["hazard"] for each in waiting(people["dispatcher"])}
    clock.now = due + timedelta(hours=3)
    assert [alert_watch.look_at_time(ledger)["raised"] for _ in range(2)] == [1, 0]
    assert [each["newest"]["hazard"] for each in waiting(people["dispatcher"])] == [hazard]


def test_three_cases_near_in_place_and_time_are_a_cluster_and_two_are_none(people, ledger):  # noqa: F811
    near = {"name": "聚集", "kind": "cluster", "within_m": 300, "within_h": 6, "least": 3}
    answer = people["supervisor"].post("/api/alert-rules", json=near)
    assert answer.status_code == 201, answer.get_json()
    for count in (1, 2):
        reported(people)
        assert alert_watch.look_at_news(ledger) == 0, count
    for _ in range(2):
        reported(people)
        assert alert_watch.look_at_news(ledger) == 1
    (alert,) = waiting(people["dispatcher"])
    assert (alert["kind"], alert["count"]) == ("cluster", 4)


def test_a_fence_finds_what_lies_inside_and_nothing_beside(people, ledger):  # noqa: F811
    inside = [[120.605, 27.805], [120.615, 27.805], [120.615, 27.815], [120.605, 27.815]]
    beside = [[lon + 0.02, lat] for lon, lat in inside]
    for name, fence in (("in", inside), ("beside", beside)):
        body = {"name": name, "kind": "geofence", "fence": fence}
        assert people["supervisor"].post("/api/alert-rules", json=body).status_code == 201
    reported(people)
    alert_watch.look_at_news(ledger)
    assert [each["rule"] for each in waiting(people["dispatcher"])] == ["in"]


def test_a_village_without_its_night_check_is_missed_once_a_week(people, ledger):  # noqa: F811
    body = {"name": "夜查", "kind": "absence", "what": "night_check", "level": "notice"}
    assert people["city_supervisor"].post("/api/alert-rules", json=body).status_code == 201
    assert [alert_watch.look_at_time(ledger)["raised"] for _ in range(2)] == [2, 0]
    assert {each["place"]["zh"] for each in waiting(people["city_dispatcher"])} == {"塘下镇", "安阳街道"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "overdue"}, "hours"),
        ({"kind": "severity", "severity": "low", "hours": 1}, "hours"),
        ({"kind": "cluster", "within_m": 5, "within_h": 1, "least": 3}, "within_m"),
        ({"kind": "geofence", "fence": [[120, 27], [121, 28], [121, 27], [120, 28]]}, "围栏"),
        ({"kind": "severity", "severity": "low", "area": "330381002"}, "330381002"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_and_says_why(people, body, field):  # noqa: F811
    answer = people["supervisor"].post("/api/alert-rules", json={"name": "x", **body})
    assert answer.status_code == 400
    assert field in answer.get_json()["detail"]


def test_a_rule_that_is_paused_finds_nothing_and_one_removed_takes_its_alerts_along(people, ledger):  # noqa: F811
    made = rule(people["supervisor"])
    assert people["dispatcher"].post(f"/api/alert-rules/{made}/pause").status_code == 403
    assert people["supervisor"].post(f"/api/alert-rules/{made}/pause").status_code == 204
    reported(people, "severe")
    assert alert_watch.look_at_news(ledger) == 0
    assert people["supervisor"].post(f"/api/alert-rules/{made}/resume").status_code == 204
    reported(people, "severe")
    assert alert_watch.look_at_news(ledger) == 1
    assert people["supervisor"].delete(f"/api/alert-rules/{made}").status_code == 204
    assert waiting(people["dispatcher"]) == []


def test_the_pages_show_alerts_and_rules_in_both_languages(people, ledger, make_client):  # noqa: F811
    rule(people["supervisor"])
    reported(people, "severe")
    alert_watch.look_at_news(ledger)
    english = people["dispatcher"].get("/alerts?lang=en").get_data(as_text=True)
    assert "Acknowledge" in english
    assert "楼道堆物" in english
    assert "告警规则" in people["supervisor"].get("/alert-rules?lang=zh").get_data(as_text=True)
    assert people["dispatcher"].get("/alert-rules").status_code == 403


def test_a_wall_screen_may_read_alerts_and_touch_none(make_client):
    screen = make_client(CITY, Role.KIOSK)
    assert screen.get("/api/alerts").status_code == 200
    assert screen.get("/alerts").status_code == 403
