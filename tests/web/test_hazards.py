"""Hazards over HTTP: reported once whatever is sent again, corrected at a version, placed by the server alone."""

import csv
import io
import threading
import uuid

import pytest
from sqlalchemy import text

from gis_app.analysis.datum import wgs84_to_gcj02
from gis_app.domain.rights import Role
from gis_app.storage.engine import make_engine, scoped, system_scope

TOWNSHIP = "/330381/330381001/"


def report(**changes):
    return {
        "id": str(uuid.uuid4()),
        "category": "fire",
        "severity": "major",
        "discovered_by": "resident",
        "title": "楼道堆物",
        "description": "三单元",
        "place_name": "塘下大道 12 号",
        "discovered_at": "2026-06-15T09:30:00+08:00",
        "location": {"lon": 120.61, "lat": 27.81, "datum": "wgs84"},
    } | changes


@pytest.fixture
def own_database(clone, engine):
    """A copy of the city that a test may change."""
    engine.dispose()
    own = make_engine(clone(engine.url.database).app_url)
    yield own
    own.dispose()


@pytest.fixture
def app(make_app, own_database):
    return make_app(on=own_database)


@pytest.fixture
def desk(make_client, app, own_database):
    return make_client(TOWNSHIP, Role.DISPATCHER, app=app, on=own_database)


def stored(engine, query="SELECT count(*) FROM hazard WHERE number LIKE 'RA%'", **values):
    with scoped(engine, system_scope()) as connection:
        return connection.execute(text(query), values).scalar_one()


def test_a_report_is_stored_with_the_village_and_grid_of_its_place(desk, own_database):
    answer = desk.post("/api/hazards", json=report())
    assert answer.status_code == 201
    made = answer.get_json()
    assert answer.headers["Location"] == f"/api/hazards/{made['id']}"
    assert made["properties"]["village_code"] == "33038100101"
    assert made["properties"]["grid_code"] == "33038100101g"
    assert made["properties"]["stage"] == "reported"
    assert made["properties"]["discovered_at"] == "2026-06-15T01:30:00+00:00"
    assert made["geometry"] == {"type": "Point", "coordinates": [120.61, 27.81]}
    assert desk.get(answer.headers["Location"]).get_json() == made


def test_the_same_report_sent_again_is_stored_once(desk, own_database):
    body = report()
    first, second = desk.post("/api/hazards", json=body), desk.post("/api/hazards", json=body)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.get_json() == second.get_json()
    assert stored(own_database) == 1
    other = desk.post("/api/hazards", json=body | {"title": "另一件"})
    assert (other.status_code, other.get_json()["code"]) == (409, "conflict")
    assert stored(own_database) == 1


def test_the_same_report_sent_by_ten_at_once_is_stored_once(desk, app, own_database):
    body, statuses = report(), []
    cookie, start = desk.get_cookie("jingwei_session").value, threading.Barrier(10)

    def send():
        client = app.test_client()
        client.set_cookie("jingwei_session", cookie)
        client.csrf = desk.csrf
        start.wait()
        statuses.append(client.post("/api/hazards", json=body).status_code)

    threads = [threading.Thread(target=send) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] * 9 + [201]
    assert stored(own_database) == 1


def test_two_accounts_may_use_the_same_identifier(desk, make_client, app, own_database):
    body = report()
    city = make_client("/330381/", Role.DISPATCHER, app=app, on=own_database)
    assert desk.post("/api/hazards", json=body).status_code == 201
    assert city.post("/api/hazards", json=body).status_code == 201
    assert stored(own_database) == 2


def test_a_place_in_gcj02_is_stored_in_wgs84_with_what_was_sent(desk, own_database):
    lon, lat = (float(part[0]) for part in wgs84_to_gcj02([120.61], [27.81]))
    made = desk.post("/api/hazards", json=report(location={"lon": lon, "lat": lat, "datum": "gcj02"})).get_json()
    assert made["geometry"]["coordinates"] == pytest.approx([120.61, 27.81], abs=1e-8)
    source = "SELECT source_datum || source_x || source_y FROM hazard WHERE id = :id"
    assert stored(own_database, source, id=made["id"]) == f"gcj02{lon}{lat}"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"location": {"lon": 120.8, "lat": 27.8, "datum": "wgs84"}}, "在您区域的任何村内"),
        ({"location": {"lon": 10, "lat": 50, "datum": "wgs84"}}, "在您区域的任何村内"),
        ({"location": {"lon": 120.61, "lat": 27.81}}, "location.datum"),
        ({"location": {"lon": 120.61, "lat": 91, "datum": "wgs84"}}, "location.lat"),
        ({"location": {"lon": "NaN", "lat": 27.8, "datum": "wgs84"}}, "location.lon"),
        ({"category": "unknown"}, "没有类别 'unknown'"),
        ({"severity": "terrible"}, "severity"),
        ({"title": "  "}, "title"),
        ({"title": "a\x00b"}, "title"),
        ({"id": "1"}, "id"),
        ({"village_id": 3}, "没有字段 village_id"),
        ({"scope_path": "/"}, "没有字段 scope_path"),
        ({"discovered_at": "2026-06-15T09:30:00"}, "discovered_at"),
        ({"discovered_at": "2026-06-16T09:30:00Z"}, "晚于当前时间"),
        ({"discovered_at": "1066-06-16T09:30:00Z"}, "discovered_at"),
    ],
)
def test_what_is_no_report_is_refused_with_the_field(desk, own_database, changes, words):
    answer = desk.post("/api/hazards", json=report(**changes))
    assert answer.status_code == 400
    assert words in answer.get_json()["detail"]
    assert stored(own_database) == 0


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff", b"1e999"])
def test_a_body_that_is_no_object_is_refused(desk, body):
    assert desk.post("/api/hazards", data=body, content_type="application/json").status_code == 400
    assert desk.post("/api/hazards", data=body, content_type="text/plain").status_code == 400


def test_who_may_not_report_is_refused(make_client, app, own_database):
    handler = make_client(TOWNSHIP, Role.HANDLER, app=app, on=own_database)
    assert handler.post("/api/hazards", json=report()).status_code == 403
    assert stored(own_database) == 0


def test_a_correction_counts_the_version_and_leaves_an_entry(desk, own_database):
    made = desk.post("/api/hazards", json=report()).get_json()
    place = f"/api/hazards/{made['id']}"
    changed = desk.patch(place, json={"version": 1, "title": "楼道堆放杂物", "severity": "low"})
    assert changed.status_code == 200
    properties = changed.get_json()["properties"]
    assert (properties["title"], properties["severity"], properties["version"]) == ("楼道堆放杂物", "low", 2)
    late = desk.patch(place, json={"version": 1, "title": "x"})
    assert (late.status_code, "第 2 版" in late.get_json()["detail"]) == (409, True)
    entry = "SELECT detail->>'fields' FROM audit_entry WHERE action = 'hazard.correct' AND subject = :subject"
    assert stored(own_database, entry, subject=f"hazard:{made['id']}") == '["severity", "title"]'


def test_a_hazard_moves_within_the_own_area_only(desk, make_client, app, own_database):
    place = f"/api/hazards/{desk.post('/api/hazards', json=report()).get_json()['id']}"
    there = {"lon": 120.62, "lat": 27.82, "datum": "wgs84"}
    abroad = {"lon": 120.8, "lat": 27.8, "datum": "wgs84"}
    assert desk.patch(place, json={"version": 1, "location": abroad}).status_code == 400
    assert desk.patch(place, json={"version": 1, "location": there}).get_json()["geometry"]["coordinates"] == [
        120.62,
        27.82,
    ]
    city = make_client("/330381/", Role.DISPATCHER, app=app, on=own_database)
    moved = city.patch(place, json={"version": 2, "location": abroad}).get_json()
    assert moved["properties"]["village_code"] == "33038100201"
    assert desk.get(place).status_code == 404
    assert desk.patch(place, json={"version": 3, "title": "x"}).status_code == 404


def test_a_foreign_hazard_and_a_missing_one_answer_alike(desk, own_database):
    foreign = stored(own_database, "SELECT id FROM hazard WHERE number = 'B1'")
    one, other = desk.get(f"/api/hazards/{foreign}"), desk.get(f"/api/hazards/{uuid.uuid4()}")
    assert (one.status_code, one.data) == (other.status_code, other.data)
    assert one.status_code == 404


def test_a_report_is_on_the_map_and_in_the_figures_at_once(desk):
    before = desk.get("/api/kpi").get_json()["open"]
    tile = "/tiles/hazards/9/427/214.mvt?from=2026-06-01&to=2026-06-15"
    counted = desk.get(tile).data
    desk.post("/api/hazards", json=report())
    desk.application.extensions["jingwei"].tiles._states.clear()
    assert desk.get("/api/kpi").get_json()["open"] == before + 1
    assert desk.get(tile).data != counted


def test_the_list_is_paged_newest_first_and_bounded_by_a_box(client):
    window = "from=2026-01-01&to=2026-06-15"
    numbers, place = [], f"/api/hazards?{window}&limit=2"
    for _ in range(4):
        page = client.get(place).get_json()
        numbers += [feature["properties"]["number"] for feature in page["features"]]
        if "next" not in page:
            break
        place = f"/api/hazards?{window}&limit=2&after={page['next'].replace('+', '%2B')}"
    assert numbers == ["B1", "A4", "A2", "A1", "A3", "B2"]
    boxed = client.get(f"/api/hazards?{window}&bbox=120.5,27.7,120.7,27.9").get_json()
    assert {feature["properties"]["number"] for feature in boxed["features"]} == {"A1", "A2", "A3", "A4"}


@pytest.mark.parametrize(
    "query",
    ["bbox=1,2,3", "bbox=a,b,c,d", "bbox=2,0,1,1", "bbox=nan,0,1,1", "limit=0", "limit=x", "after=1", "after=_"],
)
def test_a_question_that_is_none_is_refused(client, query):
    assert client.get(f"/api/hazards?{query}").status_code == 400


def test_the_table_for_spreadsheets_runs_no_formula(desk, make_client, app, own_database):
    desk.post("/api/hazards", json=report(title="=HYPERLINK(1)", place_name="+1", description="@x"))
    city = make_client("/330381/", Role.ANALYST, app=app, on=own_database)
    answer = city.get("/api/hazards.csv?from=2026-06-15&to=2026-06-15")
    assert answer.content_type == "text/csv; charset=utf-8"
    table = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert [(row["title"], row["place"], row["description"]) for row in table] == [("'=HYPERLINK(1)", "'+1", "'@x")]
    assert desk.get("/api/hazards.csv").status_code == 403
