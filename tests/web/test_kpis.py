"""Key figures on the page: each recomputed from the raw log by plain loops, each opening just its cases."""

import csv
import io
import random
import re
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import text

from gis_app.domain.rights import Role
from gis_app.domain.work_clock import Limit, LimitUnit
from gis_app.services.desk_limits import DeskLimit, due_times
from gis_app.services.working_calendar import working_calendar
from gis_app.storage.engine import make_engine, scoped, system_scope

TANGXIA, ANYANG = "/330381/330381001/", "/330381/330381002/"
VILLAGES = ("33038100101", "33038100102", "33038100201", "33038100202")
NOW = datetime(2026, 6, 15, 4, tzinfo=UTC)
MONTHS = {
    # In the city's time, as UTC.
    "2026-05": (datetime(2026, 4, 30, 16, tzinfo=UTC), datetime(2026, 5, 31, 16, tzinfo=UTC)),
    "2026-06": (datetime(2026, 5, 31, 16, tzinfo=UTC), datetime(2026, 6, 30, 16, tzinfo=UTC)),
}
SETTING = (
    """
    INSERT INTO area (code, level, name_zh, name_en, parent_id, scope_path, geom, label_point, area_m2, valid_from)
    SELECT p.code || '02', 'village', '=二村', '=Second of ' || p.name_en, p.id, p.scope_path || p.code || '02/',
           p.geom, p.label_point, p.area_m2, '2020-01-01'
    FROM area p WHERE p.level = 'township'""",
    "INSERT INTO hazard_category VALUES ('gas', '燃气', 'Gas', 8, 'work_hour', 2)",
    "DELETE FROM hazard",
)
ADD_HAZARD = text("""
INSERT INTO hazard (id, number, category_code, severity, stage, discovered_by, title, discovered_at, due_at, closed_at,
                    village_id, scope_path, geom)
SELECT gen_random_uuid(), :number, :category, 'low', :stage, :way, 't', :found, :due, :closed, id, scope_path,
       label_point
FROM area WHERE code = :village RETURNING id""")
ADD_EVENT = text("""
INSERT INTO hazard_event (hazard_id, version, action, to_stage, at, account, scope_path)
SELECT id, :version, :action, 'x', :at, 'test', scope_path FROM hazard WHERE id = :hazard""")
RAW = text("""
SELECT h.id, h.category_code, h.discovered_by, h.discovered_at, h.due_at, v.code AS village, e.action, e.at, e.version
FROM hazard h JOIN area v ON v.id = h.village_id LEFT JOIN hazard_event e ON e.hazard_id = h.id
ORDER BY h.id, e.version""")
WAYS_ON = (
    ("report",),
    ("report", "void"),
    ("report", "file"),
    ("report", "file", "void"),
    ("report", "file", "assign", "start"),
    ("report", "file", "assign", "approve_return", "assign", "start", "feedback"),
    ("report", "file", "assign", "start", "feedback", "rework", "feedback", "verify", "close"),
    ("report", "file", "assign", "start", "feedback", "verify", "close"),
    ("report", "file", "assign", "start", "feedback", "verify", "close", "reopen"),
    ("report", "file", "assign", "start", "feedback", "verify", "close", "reopen", "assign", "feedback", "close"),
)


def grow(connection, chance, number):
    """Add a hazard that took one of the ways at random moments, most of them in April, May and June."""
    actions = chance.choice(WAYS_ON)
    at = datetime(2026, 4, 10, tzinfo=UTC) + timedelta(minutes=chance.randrange(60 * 24 * 60))
    steps = []
    for action in actions:
        steps.append((action, at))
        at += timedelta(minutes=chance.choice((5, 90, 700, 4000, 9000)), microseconds=chance.randrange(10**6))
    steps = [step for step in steps if step[1] <= NOW] or [("report", NOW)]
    taken = [action for action, _ in steps]
    stage = {"void": "void", "close": "closed", "report": "reported"}.get(taken[-1], "handling")
    assigned = [moment for action, moment in steps if action == "assign"]
    facts = {
        "number": f"K{number}",
        "category": chance.choice(("fire", "gas")),
        "way": chance.choice(("patrol", "inspection")),
        "village": chance.choice(VILLAGES[:3]),
        "found": steps[0][1],
        "stage": stage,
        "due": assigned[-1] + timedelta(days=chance.randrange(1, 12)) if assigned else None,
        "closed": steps[-1][1] if stage == "closed" else None,
    }
    hazard = connection.execute(ADD_HAZARD, facts).scalar_one()
    for version, (action, moment) in enumerate(steps, 1):
        connection.execute(ADD_EVENT, {"hazard": hazard, "version": version, "action": action, "at": moment})


@pytest.fixture(scope="module")
def city(clone, engine):
    """A copy of the city with four villages, in the last of which nothing ever happened, and 200 random hazards."""
    engine.dispose()
    own = make_engine(clone(engine.url.database).app_url)
    chance = random.Random(20260615)
    with scoped(own, system_scope()) as connection:
        for statement in SETTING:
            connection.execute(text(statement))
        for number in range(200):
            grow(connection, chance, number)
    yield own
    own.dispose()


@pytest.fixture(scope="module")
def of(make_app, make_client, city):
    app = make_app(on=city)
    return lambda path="/330381/", role=Role.ANALYST: make_client(path, role, app=app, on=city)


@pytest.fixture(scope="module")
def whole(of):
    return of()


@pytest.fixture(scope="module")
def raw(city):
    """Every hazard with its facts and its log, as it stands in the tables."""
    hazards = {}
    with scoped(city, system_scope()) as connection:
        for row in connection.execute(RAW).mappings():
            hazards.setdefault(str(row["id"]), (row, []))[1].append((row["action"], row["at"]))
    return hazards


FOUR_HOURS = Limit(4, LimitUnit.WORK_HOUR)


def history(row, log, moment):
    """Return what a hazard's log told at a moment, by a walk through it."""
    calendar, seen = working_calendar(), {"void": False, "closed": None}
    for action, at in log:
        if at > moment:
            break
        seen.setdefault(action, at)
        if action == "close":
            seen["closed"] = at
        elif action == "reopen":
            seen["closed"] = None
        elif action == "void":
            seen["void"] = True
    seen["file_by"] = calendar.after(row["discovered_at"], FOUR_HOURS.length(calendar))
    seen["assign_by"] = calendar.after(seen["file"], FOUR_HOURS.length(calendar)) if "file" in seen else None
    return seen


def counted(row, log, month):
    """Return in which figures of a month a hazard counts: figure to whether it is in the numerator."""
    start, end = MONTHS[month]
    moment = min(NOW, end)
    if row["discovered_at"] > moment:
        return {}
    seen = history(row, log, moment)

    def falls(at):
        return at is not None and start <= at < end and at <= moment

    found, closed, due, valid = {}, seen["closed"], row["due_at"], not seen["void"]
    if valid and closed is None:
        found["open"] = True
        if due is not None and due < moment:
            found["overdue"] = True
    if valid and falls(due):
        found["closing_rate"] = closed is not None
        found["on_time_closing_rate_of_due"] = closed is not None and closed <= due
    if valid and falls(closed) and due is not None:
        found["on_time_closing_rate_of_closed"] = closed <= due
    if valid and falls(seen.get("feedback")):
        found["rework_rate"] = "rework" in seen
    if falls(seen.get("file")):
        found["missed_report_rate"] = valid and row["discovered_by"] == "inspection"
        found["accurate_filing_rate"] = valid
        found["on_time_filing_rate"] = seen["file"] <= seen["file_by"]
    if valid and falls(seen["assign_by"]):
        found["on_time_dispatch_rate"] = "assign" in seen and seen["assign"] <= seen["assign_by"]
        found["accurate_dispatch_rate"] = "approve_return" not in seen
    return found


COUNTS = ("open", "overdue")
RATES = (
    *("closing_rate", "on_time_closing_rate_of_due", "on_time_closing_rate_of_closed", "rework_rate"),
    *("missed_report_rate", "on_time_filing_rate", "accurate_filing_rate", "on_time_dispatch_rate"),
    "accurate_dispatch_rate",
)


def expected(raw, month, *, category, inside):
    """Return the figures of the hazards of a category in the villages whose code begins so."""
    figures = {name: {"count": 0, "of": None, "value": None} for name in COUNTS}
    figures |= {name: {"count": 0, "of": 0, "value": None} for name in RATES}
    for row, log in raw.values():
        if category not in ("", row["category_code"]) or not row["village"].startswith(inside):
            continue
        for name, is_counted in counted(row, log, month).items():
            figures[name]["count"] += is_counted
            if name in RATES:
                figures[name]["of"] += 1
    for name in RATES:
        if figures[name]["of"]:
            figures[name]["value"] = figures[name]["count"] / figures[name]["of"]
    return figures


@pytest.mark.parametrize("month", MONTHS)
@pytest.mark.parametrize("category", ["", "fire", "gas"])
def test_every_figure_of_every_area_equals_the_raw_log_counted_by_hand(whole, raw, month, category):
    for level, codes in (("village", VILLAGES), ("township", ("330381001", "330381002"))):
        told = whole.get(f"/api/kpis?period={month}&by={level}&category={category}").get_json()
        assert [area["code"] for area in told["areas"]] == list(codes)
        for area in told["areas"]:
            assert area["figures"] == expected(raw, month, category=category, inside=area["code"])
        assert told["total"] == expected(raw, month, category=category, inside="")
        assert told["moment"] == min(NOW, MONTHS[month][1]).isoformat()


def test_the_synthetic_city_puts_every_figure_to_the_test(raw):
    for month in MONTHS:
        figures = expected(raw, month, category="", inside="")
        assert all(figures[name]["count"] for name in COUNTS)
        assert all(0 < figures[name]["count"] < figures[name]["of"] for name in RATES)


def cases_of(client, link):
    return sorted(re.findall(r'href="/cases/([0-9a-f-]{36})"', client.get(link).get_data(as_text=True)))


@pytest.mark.parametrize("name", [*COUNTS, *RATES])
def test_a_figure_opens_the_list_of_just_its_cases(whole, raw, name):
    for area in ("330381001", "330381002", ""):
        told = {key: counted(row, log, "2026-05") for key, (row, log) in raw.items() if row["village"].startswith(area)}
        among = sorted(key for key, found in told.items() if name in found)
        link = f"/kpis/cases?period=2026-05&by=township&kpi={name}&area={area}&part="
        assert cases_of(whole, f"{link}numerator") == [key for key in among if told[key][name]]
        assert cases_of(whole, f"{link}denominator") == among


def test_every_link_of_the_page_opens_as_many_cases_as_its_figure_says(whole):
    page = whole.get("/kpis?period=2026-05&by=township&category=gas&lang=en").get_data(as_text=True)
    links = re.findall(r'<a class="code" href="(/kpis/cases[^"]+)">\d+ / (\d+)</a>', page)
    assert len(links) == 3 * len(RATES)
    for link, number in links:
        assert len(cases_of(whole, link.replace("&amp;", "&"))) == int(number)


def test_an_area_without_cases_has_no_data_not_0_or_100_per_cent(whole):
    page = whole.get("/kpis?period=2026-05&by=village&lang=en").get_data(as_text=True)
    row = next(part for part in page.split("</tr>") if ">=Second of Anyang</th>" in part)
    assert row.count("no data") == len(RATES)
    assert "%" not in row


def test_one_case_ranks_neither_first_nor_last(whole, city):
    with scoped(city, system_scope()) as connection:
        values = {"number": "ONE", "category": "fire", "stage": "closed", "way": "patrol", "village": VILLAGES[3]}
        moments = {"found": date(2025, 1, 6), "due": date(2025, 1, 9), "closed": date(2025, 1, 8)}
        connection.execute(ADD_HAZARD, values | moments)
        hazard = connection.execute(text("SELECT id FROM hazard WHERE number = 'ONE'")).scalar_one()
        for version, (action, at) in enumerate((("assign", date(2025, 1, 7)), ("close", date(2025, 1, 8))), 1):
            connection.execute(ADD_EVENT, {"hazard": hazard, "version": version, "action": action, "at": at})
    link = "/api/kpis?from=2025-01-01&to=2026-06-15&by=village&rank=closing_rate"
    ranked = whole.get(link).get_json()["ranking"]["areas"]
    with scoped(city, system_scope()) as connection:
        connection.execute(text("DELETE FROM hazard WHERE number = 'ONE'"))
    alone = next(row for row in ranked if row["code"] == VILLAGES[3])
    assert (alone["count"], alone["of"], alone["value"], alone["rank"]) == (1, 1, 1.0, None)
    assert alone["low"] < alone["rate"] < alone["high"] < 1
    assert [row["rank"] for row in ranked] == [1, 2, 3, None]


def test_what_happened_after_a_month_does_not_change_its_figures(city, make_app, make_client, whole):
    later = make_app(on=city, now=datetime(2027, 1, 1, tzinfo=UTC))
    client = make_client("/330381/", Role.ANALYST, app=later, on=city)
    link = "/api/kpis?period=2026-05&by=village&lang=en"
    assert client.get(link).get_json() == whole.get(link).get_json()


def test_a_township_sees_its_own_areas_and_cases_only(of, raw, whole):
    client = of(TANGXIA)
    told = client.get("/api/kpis?period=2026-05&by=village").get_json()
    assert [area["code"] for area in told["areas"]] == list(VILLAGES[:2])
    assert told["total"] == expected(raw, "2026-05", category="", inside="330381001")
    link = "/kpis/cases?period=2026-05&by=township&kpi=closing_rate&part=denominator&area="
    assert whole.get(f"{link}330381002").status_code == 200
    assert client.get(f"{link}330381002").status_code == 404
    own = {key for key, (row, _) in raw.items() if row["village"].startswith("330381001")}
    assert set(cases_of(client, link)) <= own


def test_a_village_sees_itself_as_a_village_whatever_it_asks_for(of, raw):
    client = of(f"{TANGXIA}33038100101/")
    told = client.get("/api/kpis?period=2026-05&by=township").get_json()
    assert (told["by"], [area["code"] for area in told["areas"]]) == ("village", ["33038100101"])
    assert told["total"] == told["areas"][0]["figures"] == expected(raw, "2026-05", category="", inside="33038100101")


def test_the_page_speaks_both_languages_and_hides_from_those_without_the_right(of, whole):
    chinese = whole.get("/kpis?period=2026-05&by=village&lang=zh").get_data(as_text=True)
    assert all(words in chinese for words in ("考核指标", "结案率", "返工率", "漏报率", "村塘下镇", "无数据"))
    english = whole.get("/kpis?period=2026-05&lang=en").get_data(as_text=True)
    assert all(words in english for words in ("Key figures", "Closing rate", "Rework rate", "Tangxia", "Ranking"))
    worker = of(f"{TANGXIA}33038100101/", Role.GRID_WORKER)
    assert worker.get("/kpis").status_code == worker.get("/kpis/cases?kpi=open").status_code == 403
    assert worker.get("/api/kpis").status_code == worker.get("/api/kpis.csv").status_code == 403


def test_the_table_opens_in_a_spreadsheet_and_runs_nothing_there(whole):
    answer = whole.get("/api/kpis.csv?period=2026-05&by=village&lang=en")
    told = whole.get("/api/kpis?period=2026-05&by=village").get_json()
    assert answer.data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(answer.get_data(as_text=True).removeprefix("\ufeff"))))
    assert rows[0][:7] == ["Code", "Area", "Open", "Overdue", "Closing rate", "Closing rate: cases", "Closing rate: of"]
    assert rows[2][:2] == ["33038100102", "'=Second of Tangxia"]
    closing = told["areas"][0]["figures"]["closing_rate"]
    assert rows[1][4:7] == [str(closing["value"]), str(closing["count"]), str(closing["of"])]
    assert rows[4][4:7] == ["no data", "0", "0"]
    assert (rows[5][1], len(rows)) == ("Total", 6)


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("period=2026-13", "2026-13"),
        ("by=grid", "township, village"),
        ("category=dragons", "dragons"),
        ("rank=open", "closing_rate"),
        ("from=2026-06-02&to=2026-06-01", "2026-06-02"),
    ],
)
def test_what_cannot_be_answered_says_why(whole, query, word):
    answer = whole.get(f"/api/kpis?{query}&lang=en")
    assert answer.status_code == 400
    assert word in answer.get_data(as_text=True)


def test_a_figure_that_is_none_opens_nothing(whole):
    for link in ("kpi=luck", "kpi=open&part=half", "kpi=open&area=1", "kpi="):
        assert whole.get(f"/kpis/cases?period=2026-05&{link}").status_code == 404


def test_many_deadlines_at_once_equal_the_working_calendar_asked_one_by_one():
    calendar, chance = working_calendar(), random.Random(7)
    limits = (
        DeskLimit(date(2026, 1, 1), Limit(4, LimitUnit.WORK_HOUR)),
        DeskLimit(date(2026, 2, 1), Limit(2, LimitUnit.WORK_DAY)),
        DeskLimit(date(2026, 3, 1), Limit(6, LimitUnit.URGENT_HOUR)),
    )
    # Spring Festival lies between; the year before the first limit has none.
    first = datetime(2025, 12, 20, 16, tzinfo=UTC)
    starts = [first + timedelta(minutes=30 * chance.randrange(48 * 100)) for _ in range(500)]
    due = due_times(np.array([each.replace(tzinfo=None) for each in starts], "M8[us]"), limits)
    for start, told in zip(starts, due, strict=True):
        day = (start + timedelta(hours=8)).date()
        ruling = [each.limit for each in limits if each.valid_from <= day]
        if not ruling:
            assert np.isnat(told)
        elif ruling[-1].unit is LimitUnit.URGENT_HOUR:
            assert told.item().replace(tzinfo=UTC) == start + timedelta(hours=6)
        else:
            assert told.item().replace(tzinfo=UTC) == calendar.after(start, ruling[-1].length(calendar))
