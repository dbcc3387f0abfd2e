"""Routing rules: dated, the narrowest first; what comes back is told, and what turns red is marked."""

import uuid
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text

from gis_app.domain.rights import Role
from gis_app.services.audit import HeadsFile, Ledger
from gis_app.services.housekeeping import JOBS, House, run_due
from gis_app.storage import routing
from gis_app.storage.engine import make_engine, scoped, system_scope

VILLAGE = "/330381/330381001/33038100101/"
NOW = datetime(2026, 6, 15, 4, tzinfo=UTC)


@pytest.fixture
def own_database(clone, engine):
    engine.dispose()
    own = make_engine(clone(engine.url.database).app_url)
    yield own
    own.dispose()


@pytest.fixture
def app(make_app, own_database):
    return make_app(on=own_database)


def rule(**changes):
    return {
        **{"category": "fire", "severity": "", "area": "", "unit": "police", "limit_value": "9"},
        **{"limit_unit": "natural_day", "valid_from": "2026-06-15"},
    } | changes


def routed(engine, severity="low", *, path=VILLAGE, day=date(2026, 6, 15)):
    with scoped(engine, system_scope()) as connection:
        found = routing.route(connection, category="fire", severity=severity, scope_path=path, day=day)
    return found["unit_code"], found["limit_value"], found["limit_unit"]


def test_the_rule_of_the_severity_and_then_of_the_area_comes_before_the_general_one(make_client, app, own_database):
    admin = make_client("/330381/", Role.ADMINISTRATOR, app=app, on=own_database)
    assert routed(own_database) == ("town:330381001", 3, "work_day")
    assert routed(own_database, "severe") == ("fire", 12, "urgent_hour")
    assert admin.post("/rules", data=rule(area="330381001")).status_code == 303
    assert routed(own_database) == ("police", 9, "natural_day")
    assert routed(own_database, path="/330381/330381002/33038100201/") == ("town:330381002", 3, "work_day")
    assert admin.post("/rules", data=rule(area="33038100101", limit_value="1", severity="low")).status_code == 303
    assert routed(own_database) == ("police", 1, "natural_day")


def test_a_rule_holds_from_its_day_until_it_is_ended(make_client, app, own_database):
    admin = make_client("/330381/", Role.ADMINISTRATOR, app=app, on=own_database)
    assert admin.post("/rules", data=rule(valid_from="2026-07-01")).status_code == 303
    assert routed(own_database) == ("town:330381001", 3, "work_day")
    assert routed(own_database, day=date(2026, 7, 1)) == ("police", 9, "natural_day")
    with scoped(own_database, system_scope()) as connection:
        query = "SELECT id FROM routing_rule WHERE category_code = 'fire' AND severity IS NULL AND unit_code IS NULL"
        general = connection.execute(text(query)).scalar_one()
    assert admin.post(f"/rules/{general}/end").status_code == 303
    assert admin.post(f"/rules/{general}/end").status_code == 404
    assert routed(own_database, day=date(2026, 6, 14)) == ("town:330381001", 3, "work_day")


@pytest.mark.parametrize(
    "changes",
    [
        {"category": "x"},
        {"severity": "x"},
        {"area": "999"},
        {"unit": "nobody"},
        {"limit_value": "0"},
        {"limit_value": "9999"},
        {"limit_unit": "year"},
        {"valid_from": "2026-06-14"},
        {"valid_from": "x"},
    ],
)
def test_what_is_no_rule_is_refused_and_what_was_typed_stays(make_client, app, own_database, changes):
    admin = make_client("/330381/", Role.ADMINISTRATOR, app=app, on=own_database)
    answer = admin.post("/rules", data=rule(**changes))
    assert answer.status_code == 400
    assert 'role="alert"' in answer.get_data(as_text=True)
    assert routed(own_database) == ("town:330381001", 3, "work_day")


def test_an_administrator_of_a_township_sees_the_rules_and_changes_none(make_client, app, own_database):
    admin = make_client("/330381/330381001/", Role.ADMINISTRATOR, app=app, on=own_database)
    assert "消防" in admin.get("/rules").get_data(as_text=True)
    assert admin.post("/rules", data=rule()).status_code == 403
    assert routed(own_database) == ("town:330381001", 3, "work_day")


def reported(client, lon=120.61):
    body = {
        **{"id": str(uuid.uuid4()), "category": "fire", "severity": "low", "discovered_by": "patrol", "title": "堆物"},
        **{"discovered_at": "2026-06-15T01:00:00Z", "location": {"lon": lon, "lat": 27.81, "datum": "wgs84"}},
    }
    return client.post("/api/hazards", json=body).get_json()["id"]


def test_a_report_where_a_case_was_closed_of_late_is_told_to_have_come_back(make_client, app, own_database):
    worker = make_client("/330381/", Role.SUPERVISOR, app=app, on=own_database)
    first = reported(worker)
    with scoped(own_database, system_scope()) as connection:
        closed = text("UPDATE hazard SET stage = 'closed', closed_at = :at WHERE id = :id")
        connection.execute(closed, {"id": first, "at": NOW - timedelta(days=10)})
    # 0.0005 degrees of longitude are 49 metres here, 0.002 are 197.
    near, far = reported(worker, 120.6105), reported(worker, 120.612)
    found = worker.get(f"/api/hazards/{near}/case").get_json()
    assert found["case"]["recurs_of"] == first
    assert [each["id"] for each in found["similar"]] == [first]
    assert found["similar"][0]["distance_m"] == pytest.approx(49.2, abs=0.2)
    assert worker.get(f"/api/hazards/{far}/case").get_json()["case"]["recurs_of"] is None


def test_what_turns_red_is_marked_once_and_stands_in_the_audit(own_database, tmp_path):
    ledger = Ledger(own_database, HeadsFile(tmp_path / "heads.log"), lambda: NOW)
    job = [each for each in JOBS if each.name == "escalation"]
    assert run_due(House(ledger, 90, 4549), job) == ["escalation"]
    with scoped(own_database, system_scope()) as connection:
        marked = connection.execute(text("SELECT number FROM hazard WHERE escalated_at IS NOT NULL")).scalars().all()
        told = connection.execute(text("SELECT detail FROM audit_entry WHERE action = 'hazard.escalate'")).scalars()
        assert (marked, list(told)) == (["A1"], [{"count": 1}])
    later = Ledger(own_database, HeadsFile(tmp_path / "heads.log"), lambda: NOW + timedelta(minutes=11))
    assert run_due(House(later, 90, 4549), job) == ["escalation"]
    with scoped(own_database, system_scope()) as connection:
        count = text("SELECT count(*) FROM audit_entry WHERE action = 'hazard.escalate'")
        assert connection.execute(count).scalar_one() == 1
