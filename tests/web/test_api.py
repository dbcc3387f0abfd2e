"""Figures, search, details and health."""

from datetime import UTC, date, datetime

import pandas as pd
import pytest
from sqlalchemy import text

from gis_app.analysis.kpis import KPIS, hazard_times
from gis_app.domain.periods import TimeWindow
from gis_app.domain.rights import Right, Scope
from gis_app.services import indicators
from gis_app.storage.engine import scoped, system_scope

NOW = datetime(2026, 6, 15, 4, tzinfo=UTC)


def kpi(client, query=""):
    return client.get(f"/api/kpi?{query}").get_json()


def test_the_strip_counts_by_hand(client):
    strip = kpi(client, "from=2026-05-17&to=2026-06-15")
    assert (strip["open"], strip["overdue"]) == (2, 1)
    # Due in the window and passed: A1 (still open), A3 and B1 (closed); A2 is due later, A4 is void.
    assert strip["closing_rate"] == {"value": pytest.approx(2 / 3), "closed": 2, "due": 3}
    # One grid of 1 km2 covered to 0.4, one of 3 km2 not at all.
    assert strip["coverage_last_night"]["value"] == pytest.approx(0.1)
    assert strip["coverage_last_night"]["night"] == "2026-06-14"
    assert strip["teams_out"] == {"value": 1, "of": 2}
    assert datetime.fromisoformat(strip["data_until"]) == datetime(2026, 6, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    "window", [("2026-05-17", "2026-06-15"), ("2026-03-01", "2026-03-31"), ("2026-06-14", "2026-06-15")]
)
@pytest.mark.parametrize("path", ["/330381/", "/330381/330381001/", "/330381/330381002/"])
def test_the_strip_agrees_with_the_key_figures_of_the_analysis(make_client, engine, window, path):
    with scoped(engine, system_scope()) as connection:
        query = text("SELECT stage, discovered_at, due_at, closed_at FROM hazard WHERE starts_with(scope_path, :path)")
        rows = connection.execute(query, {"path": path}).all()
    frame = pd.DataFrame(rows, columns=["stage", "discovered_at", "due_at", "closed_at"])
    for column in ("discovered_at", "due_at", "closed_at"):
        frame[column] = pd.to_datetime(frame[column], utc=True)
    days = TimeWindow(*map(date.fromisoformat, window))
    expected = {key: KPIS[key](hazard_times(frame), NOW, window=days) for key in ("open", "overdue", "closing_rate")}
    strip = kpi(make_client(path), f"from={window[0]}&to={window[1]}")
    assert (strip["open"], strip["overdue"]) == (expected["open"].count, expected["overdue"].count)
    rate = expected["closing_rate"]
    assert strip["closing_rate"] == {"value": rate.value, "closed": rate.count, "due": rate.of}


def test_without_a_denominator_there_is_no_data(engine, client):
    assert kpi(client, "from=2020-01-01&to=2020-01-31")["closing_rate"] == {"value": None, "closed": 0, "due": 0}
    outside = Scope("nobody", "/330382/", frozenset(Right))
    nowhere = indicators.strip(engine, outside, TimeWindow(date(2026, 6, 1), date(2026, 6, 15)), night=None, now=NOW)
    assert nowhere["coverage_last_night"]["value"] is None
    assert nowhere["teams_out"] == {"value": None, "of": 0}
    assert nowhere["data_until"] is None


def test_a_night_without_analysis_has_no_coverage(client):
    strip = kpi(client, "night=2026-06-13")
    assert (strip["coverage_last_night"]["night"], strip["coverage_last_night"]["value"]) == ("2026-06-13", None)
    assert strip["teams_out"]["value"] == 1


def names(client, words, lang="zh"):
    results = client.get("/api/search", query_string={"q": words, "lang": lang}).get_json()["results"]
    return [(each["name"], each["kind"]) for each in results]


def test_search_finds_areas_first_then_facilities_then_streets(client):
    assert names(client, "安阳") == [
        ("安阳街道", "township"),
        ("安阳小学", "school"),
        ("安阳路", "street"),
        ("村安阳街道", "village"),
    ]


def test_search_finds_english_names_and_the_middle_of_a_name(client):
    assert ("Anyang school", "school") in names(client, "anyang", "en")
    assert names(client, "阳小") == [("安阳小学", "school")]


def test_a_result_says_its_kind_its_parent_and_where_it_is(client):
    (school,) = client.get("/api/search?q=阳小&lang=en").get_json()["results"]
    assert (school["kindTitle"], school["parent"]) == ("School", "Village of Anyang")
    assert (school["lon"], school["lat"], school["bounds"]) == (pytest.approx(120.8), pytest.approx(27.8), None)
    township = client.get("/api/search?q=塘下镇").get_json()["results"][0]
    assert township["bounds"] == pytest.approx([120.5, 27.7, 120.7, 27.9])
    assert township["parent"] == "瑞安市"


@pytest.mark.parametrize("words", ["%", "_", "\\", "' OR 1=1 --", "   ", ""])
def test_signs_of_patterns_and_of_sql_find_nothing(client, words):
    assert names(client, words) == []


@pytest.mark.parametrize("words", ["x" * 61, "a\x00b"])
def test_a_search_text_that_cannot_be_one_is_refused(client, words):
    assert client.get("/api/search", query_string={"q": words}).status_code == 400


@pytest.fixture(scope="module")
def hazard_id(engine):
    with scoped(engine, system_scope()) as connection:
        return connection.execute(text("SELECT id FROM hazard WHERE number = 'A1'")).scalar_one()


def test_details_are_words_in_the_readers_language(client, hazard_id):
    chinese = client.get(f"/features/hazards/{hazard_id}?lang=zh").get_json()
    english = client.get(f"/features/hazards/{hazard_id}?lang=en").get_json()
    assert chinese["title"] == "通道堵塞"
    assert chinese["synthetic"] is True
    values = {each["title"]: each["value"] for each in chinese["fields"]}
    assert (values["状态"], values["等级"], values["村（社区）"]) == ("超期", "重大", "村塘下镇")
    assert values["发现时间"] == "2026-06-01 08:00"
    assert values["销号时间"] == "无数据"
    values = {each["title"]: each["value"] for each in english["fields"]}
    assert (values["State"], values["Category"], values["Closed at"]) == ("Overdue", "Fire", "No data")


def test_markup_in_a_description_stays_text(client, hazard_id):
    answer = client.get(f"/features/hazards/{hazard_id}")
    assert answer.content_type == "application/json"
    assert "<img onerror=alert(1)> ${1+1}" in {each["value"] for each in answer.get_json()["fields"]}


@pytest.mark.parametrize("identity", ["0", "-1", "x", "1" * 30, "٣", "00000000-0000-0000-0000-000000000000", "1%27"])
@pytest.mark.parametrize("layer", ["villages", "hazards"])
def test_an_identity_that_is_none_is_not_found(client, layer, identity):
    answer = client.get(f"/features/{layer}/{identity}")
    assert (answer.status_code, answer.get_json()["code"]) == (404, "not_found")


def test_a_small_layer_comes_whole_and_a_large_one_does_not(client):
    names_layer = client.get("/layers/place_names.json").get_json()
    assert {each["properties"]["name_zh"] for each in names_layer["features"]} == {
        *("塘下镇", "安阳街道", "村塘下镇", "村安阳街道"),
    }
    assert client.get("/layers/hazards.json").status_code == 404


def test_health_is_open_and_says_that_the_database_works(client):
    assert client.get("/api/health").get_json() == {"status": "ok"}
