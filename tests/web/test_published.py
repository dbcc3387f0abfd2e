"""Monthly figures: counted per township and category, the same for everybody, no small count told or computable."""

import csv
import io
import re
from datetime import UTC, datetime
from itertools import count as counter

import numpy as np
import pytest
from click.testing import CliRunner
from scipy.optimize import linprog
from sqlalchemy import text

from gis_app.cli.commands import jingwei
from gis_app.domain.errors import InvalidInput, NotFound
from gis_app.domain.rights import Role
from gis_app.services.published import Published, as_csv, as_json, words
from gis_app.storage.engine import make_engine, scoped, system_scope

# The 1st of July, half past midnight in the city: June has ended.
NOW = datetime(2026, 6, 30, 16, 30, tzinfo=UTC)
IN_JUNE = "2026-06-15 12:00Z"
CATEGORIES = """
INSERT INTO hazard_category
VALUES ('gas', '燃气', 'Gas', 1, 'work_day', 2), ('food', '=食品', '=Food', 1, 'work_day', 3)"""
PROFILE = """
INSERT INTO city_profile (id, name_zh, name_en, is_synthetic, metric_srid, west, south, east, north)
VALUES (1, '城', 'City', true, 4549, 120.6, 27.7, 120.7, 27.8)"""
AREAS = """
INSERT INTO area (code, level, name_zh, name_en, scope_path, geom, label_point, area_m2, valid_from, valid_to)
SELECT code, level, zh, en, path, ST_Multi(box), ST_Centroid(box), 1e6, CAST(since AS date), CAST(until AS date)
FROM (VALUES ('c', 'city', '城', 'City', '/c/', '2020-01-01', NULL),
             ('a', 'township', '甲镇', 'Jia', '/c/a/', '2020-01-01', NULL),
             ('b', 'township', '乙镇', NULL, '/c/b/', '2020-01-01', NULL),
             ('d', 'township', '丁旧镇', 'Old Ding', '/c/d/', '2020-01-01', '2026-07-01'),
             ('d', 'township', '丁镇', 'Ding', '/c/d/', '2026-07-01', NULL),
             ('e', 'township', '戊镇', 'Wu', '/c/e/', '2027-01-01', NULL),
             ('av', 'village', '甲村', NULL, '/c/a/av/', '2020-01-01', NULL),
             ('bv', 'village', '乙村', NULL, '/c/b/bv/', '2020-01-01', NULL),
             ('dv', 'village', '丁村', NULL, '/c/d/dv/', '2020-01-01', NULL)
) t (code, level, zh, en, path, since, until), ST_MakeEnvelope(120.6, 27.7, 120.7, 27.8, 4326) box"""
HAZARD = """
INSERT INTO hazard (number, category_code, severity, stage, discovered_by, title, discovered_at, village_id, scope_path,
                    geom)
SELECT :number, :category, 'low', :stage, 'patrol', 't', CAST(:found AS timestamptz), id, scope_path, label_point
FROM area WHERE code = :village"""
numbers = counter(1)


@pytest.fixture(scope="module")
def city_urls(migrated_template, clone):
    return clone(migrated_template)


@pytest.fixture(scope="module")
def city_engine(city_urls):
    engine = make_engine(city_urls.app_url)
    with scoped(engine, system_scope()) as connection:
        for statement in (AREAS, CATEGORIES, PROFILE):
            connection.execute(text(statement))
    yield engine
    engine.dispose()


@pytest.fixture
def city(city_engine):
    """An engine on three townships; hazards that a test adds are gone after it."""
    yield city_engine
    with scoped(city_engine, system_scope()) as connection:
        connection.execute(text("DELETE FROM hazard"))


def add(engine, village, category, how_many, *, found=IN_JUNE, stage="filed"):
    with scoped(engine, system_scope()) as connection:
        for _ in range(how_many):
            facts = {"number": f"N{next(numbers)}", "category": category, "stage": stage, "found": found}
            connection.execute(text(HAZARD), {**facts, "village": village})
        # What every change of hazards leaves behind.
        connection.execute(
            text(
                "INSERT INTO village_change VALUES ('/c/a/av/', clock_timestamp()) "
                "ON CONFLICT (scope_path) DO UPDATE SET changed_at = clock_timestamp()"
            )
        )


def june(engine, now=NOW):
    return Published(engine, lambda: now).month("2026-06")


def test_counts_stand_in_their_township_and_category(city):
    for village, gas, food in (("av", 10, 11), ("bv", 12, 13), ("dv", 14, 15)):
        add(city, village, "gas", gas)
        add(city, village, "food", food)
    figures = june(city)
    assert [each.code for each in figures.townships] == ["a", "b", "d"]
    assert [each.code for each in figures.categories] == ["gas", "food"]
    assert words(figures) == [
        ["10", "11", "21"],
        ["12", "13", "25"],
        ["14", "15", "29"],
        ["36", "39", "75"],
    ]


def test_a_month_is_one_of_the_city_and_void_hazards_are_none(city):
    for village in ("av", "bv", "dv"):
        add(city, village, "gas", 6, found="2026-05-31 16:00Z")
        add(city, village, "food", 5, found="2026-06-30 15:59:59Z")
    add(city, "av", "gas", 7, found="2026-05-31 15:59:59Z")
    add(city, "av", "gas", 7, found="2026-06-30 16:00Z")
    add(city, "av", "gas", 7, stage="void")
    assert words(june(city)) == [["6", "5", "11"]] * 3 + [["18", "15", "33"]]


def test_townships_are_those_of_the_month_with_the_names_they_had(city):
    add(city, "dv", "gas", 9)
    figures = june(city)
    assert [each.in_language("zh") for each in figures.townships] == ["甲镇", "乙镇", "丁旧镇"]
    assert [each.in_language("en") for each in figures.townships] == ["Jia", "乙镇", "Old Ding"]
    add(city, "dv", "gas", 9, found="2026-07-15 12:00Z")
    later = Published(city, lambda: datetime(2026, 8, 1, tzinfo=UTC)).month("2026-07")
    assert [each.in_language("zh") for each in later.townships] == ["甲镇", "乙镇", "丁镇"]


def test_small_counts_are_marked_and_what_would_give_them_away_is_hidden(city):
    for village, gas, food in (("av", 3, 20), ("bv", 20, 30), ("dv", 30, 40)):
        add(city, village, "gas", gas)
        add(city, village, "food", food)
    # The 3 needs a partner in its row (20 food) and column (20 gas), these two one of theirs (30 food).
    assert words(june(city)) == [
        ["<5", "–", "23"],
        ["–", "–", "50"],
        ["30", "40", "70"],
        ["53", "90", "143"],
    ]


def test_none_at_all_is_small_too(city):
    add(city, "av", "gas", 50)
    figures = june(city)
    assert words(figures)[0][1] == "<5"
    assert "0" not in {word for row in words(figures) for word in row}


def hidden_ranges(figures):
    """Return least and greatest value of each hidden count as a linear program finds it from what is shown.

    A ``<5`` is 0 to 4, a dash in the table 5 or more, a dash among the totals anything.
    """
    rows = words(figures)
    height, width = len(rows), len(rows[0])
    bounds = [
        {"<5": (0, 4), "–": (0 if at_end else 5, None)}.get(word, (word, word))
        for n, row in enumerate(rows)
        for m, word in enumerate(row)
        for at_end in (n == height - 1 or m == width - 1,)
    ]
    bounds = [(float(low), None if high is None else float(high)) for low, high in bounds]
    sums = []
    for n in range(height):
        line = np.zeros((height, width))
        line[n, :-1], line[n, -1] = 1, -1
        sums.append(line.ravel())
    for m in range(width):
        line = np.zeros((height, width))
        line[:-1, m], line[-1, m] = 1, -1
        sums.append(line.ravel())
    ranges = []
    for place in np.flatnonzero([not word.isdecimal() for row in rows for word in row]):
        ends = []
        for sign in (1, -1):
            target = np.zeros(height * width)
            target[place] = sign
            solved = linprog(target, A_eq=np.array(sums), b_eq=np.zeros(len(sums)), bounds=bounds)
            ends.append(sign * solved.fun if solved.status == 0 else np.inf)
        ranges.append(tuple(ends))
    return ranges


@pytest.mark.parametrize("seed", range(6))
def test_a_linear_program_finds_no_hidden_count(city, seed):
    generator = np.random.default_rng(seed)
    counts = generator.poisson(6, size=(3, 2))
    counts[0, 0] = seed % 5
    for village, row in zip(("av", "bv", "dv"), counts, strict=True):
        for category, count in zip(("gas", "food"), row, strict=True):
            add(city, village, category, int(count))
    ranges = hidden_ranges(june(city))
    assert ranges
    assert [(low, high) for low, high in ranges if high - low < 1 - 1e-6] == []


def test_the_oracle_finds_a_count_that_was_hidden_alone(city):
    class Figures:
        """The first township alone has a hidden count: 23 - 20."""

        table = np.ma.MaskedArray([[3, 20], [20, 30]], mask=[[True, False], [False, False]])

    shown = type("Table", (), {"cells": Figures.table, "grand_total": 73})
    shown.row_totals, shown.column_totals = np.ma.array([23, 50]), np.ma.array([23, 50])
    figures = type("Figures", (), {"table": shown, "is_small": np.array([[True, False], [False, False]])})
    assert hidden_ranges(figures) == [(pytest.approx(3), pytest.approx(3))]


@pytest.mark.parametrize("month", ["2026-07", "2026-12", "2199-01"])
def test_a_month_is_not_published_before_it_has_ended(city, month):
    with pytest.raises(NotFound) as refused:
        Published(city, lambda: NOW).month(month)
    assert refused.value.message == f"The figures of {month} are not published before the month has ended."


def test_a_month_ends_at_midnight_in_the_city(city):
    midnight = datetime(2026, 6, 30, 16, tzinfo=UTC)
    assert june(city, midnight).month == "2026-06"
    with pytest.raises(NotFound):
        june(city, midnight - midnight.resolution)


@pytest.mark.parametrize(
    "month", ["", "2026", "2026-13", "2026-00", "2026-6", "26-06", "2026-06-01", "1989-12", "２０２６-06"]
)
def test_what_is_no_month_is_refused(city, month):
    with pytest.raises(InvalidInput) as refused:
        Published(city, lambda: NOW).month(month)
    assert refused.value.message == f"{month!r} is no month."


def test_months_to_choose_from_are_those_with_hazards_that_have_ended_the_newest_first(city):
    store = Published(city, lambda: NOW)
    assert (store.months(), store.newest_month()) == ([], "2026-06")
    add(city, "av", "gas", 1, found="2026-03-31 16:00Z")
    add(city, "av", "gas", 1, found="2026-05-01 00:00Z")
    assert (store.months(), store.newest_month()) == (["2026-05", "2026-04"], "2026-05")
    add(city, "av", "gas", 1, found="2026-06-30 16:10Z")
    assert store.months() == ["2026-06", "2026-05", "2026-04"]


def test_figures_are_kept_until_the_data_change(city):
    store = Published(city, lambda: NOW)
    for village in ("av", "bv", "dv"):
        add(city, village, "gas", 7)
        add(city, village, "food", 7)
    first = store.month("2026-06")
    assert store.month("2026-06") is first
    add(city, "av", "gas", 1)
    assert words(store.month("2026-06"))[-1][-1] == "43"


def test_programs_get_null_for_what_is_hidden(city):
    for village, gas, food in (("av", 3, 20), ("bv", 20, 30), ("dv", 30, 40)):
        add(city, village, "gas", gas)
        add(city, village, "food", food)
    told = as_json(june(city), locale="zh")
    assert told["townships"][0] == {
        **{"code": "a", "name": "甲镇", "counts": [None, None], "below": [True, False], "total": 23}
    }
    assert (told["month"], told["least"], told["totals"], told["total"]) == ("2026-06", 5, [53, 90], 143)


def test_a_spreadsheet_reads_the_table_and_runs_no_formula(city):
    add(city, "av", "food", 6)
    written = as_csv(june(city), locale="en", heads=("Code", "Township", "Total"))
    assert written.startswith("\ufeff")
    table = list(csv.reader(io.StringIO(written.removeprefix("\ufeff"))))
    assert table[0] == ["Code", "Township", "Gas", "'=Food", "Total"]
    assert [row[:2] for row in table[1:]] == [["a", "Jia"], ["b", "乙镇"], ["d", "Old Ding"], ["", "Total"]]
    assert {len(row) for row in table} == {5}


@pytest.fixture
def command(city, city_urls, tmp_path):
    """The command as an operator of an own database runs it; its clock is the machine's."""

    def run(*arguments, locale="en"):
        variables = {"DATABASE_URL": city_urls.superuser_url, "JINGWEI_HOME": str(tmp_path), "JINGWEI_LOCALE": locale}
        return CliRunner().invoke(jingwei, ["publish", *map(str, arguments)], env=variables)

    return run


def test_the_command_writes_a_month_as_csv(city, command, tmp_path):
    for village in ("av", "bv", "dv"):
        for category in ("gas", "food"):
            add(city, village, category, 5, found="2025-03-15 12:00Z")
    path = tmp_path / "counts.csv"
    assert command("2025-03", "--out", path).stdout == f"{path}\n"
    assert path.read_bytes().decode("utf-8") == (
        "\ufeffCode,Township,Gas,'=Food,Total\r\n"
        "a,Jia,5,5,10\r\nb,乙镇,5,5,10\r\nd,Old Ding,5,5,10\r\n,Total,15,15,30\r\n"
    )
    assert command("2025-03", locale="zh").stdout.splitlines()[-1] == ",合计,15,15,30"


@pytest.mark.parametrize(
    ("month", "code", "words"),
    [
        ("2025-3", 1, "is no month"),
        ("2199-01", 1, "before the month has ended"),
        ("2025-04", 0, "No hazards are known"),
    ],
)
def test_the_command_writes_nothing_where_there_is_nothing_to_tell(command, tmp_path, month, code, words):
    path = tmp_path / "counts.csv"
    done = command(month, "--out", path)
    assert (done.exit_code, done.stdout, path.exists()) == (code, "", False)
    assert words in done.stderr


# The small city of the web tests has hazards in May and June 2026; its clock stands at the middle of June.


@pytest.fixture(scope="module")
def july_client(make_app, make_client):
    return make_client(app=make_app(now=NOW))


def test_the_page_shows_the_newest_month_in_the_readers_language(july_client):
    page = july_client.get("/published?lang=zh").get_data(as_text=True)
    assert "2026年6月" in page
    assert {"塘下镇", "安阳街道", "消防", "合计"} <= set(re.findall(r">([^<>]+)<", page))
    page = july_client.get("/published?lang=en").get_data(as_text=True)
    assert "June 2026" in page
    assert {"Tangxia", "Anyang", "Fire", "Total", "&lt;5"} <= set(re.findall(r">([^<>]+)<", page))


def test_the_page_offers_the_months_to_choose_from(july_client):
    page = july_client.get("/published?month=2026-05").get_data(as_text=True)
    assert re.findall(r'<option value="([^"]+)"', page) == ["2026-06", "2026-05", "2026-04", "2026-03"]
    assert re.findall(r'<option value="([^"]+)" selected', page) == ["2026-05"]


def test_a_month_without_hazards_says_so(july_client):
    page = july_client.get("/published?month=2026-04&lang=en").get_data(as_text=True)
    assert "No hazards are known of this month." in page
    assert "<table" not in page
    assert july_client.get("/api/published/2026-04.json").get_json() == {
        **{"month": "2026-04", "least": 5, "categories": [], "townships": [], "totals": [], "total": None}
    }
    assert len(july_client.get("/api/published/2026-04.csv").get_data(as_text=True).splitlines()) == 1


@pytest.mark.parametrize("path", ["/published?month={}", "/api/published/{}.json", "/api/published/{}.csv"])
def test_every_route_refuses_what_is_no_month_or_has_not_ended(july_client, path):
    assert july_client.get(path.format("2026-13")).status_code == 400
    answer = july_client.get(path.format("2026-07") + ("&" if "?" in path else "?") + "lang=zh")
    assert (answer.status_code, answer.get_json()["detail"]) == (
        *(404, "2026-07 的数据在当月结束后才公布。 请选择更早的月份。"),
    )


@pytest.mark.parametrize(
    "path",
    [f"{route}lang=zh" for route in ("/published?", "/api/published/2026-06.json?", "/api/published/2026-06.csv?")],
)
def test_everybody_sees_the_same_figures(make_app, make_client, july_client, path):
    village = make_client("/330381/330381001/33038100101/", Role.HANDLER, app=make_app(now=NOW))
    # Beside the table a page shows who reads it.
    seen = [each.get(path).get_data(as_text=True).rpartition("<main")[2] for each in (village, july_client)]
    assert seen[0] == seen[1]
    assert make_app().test_client().get(path).status_code == 401


def test_the_csv_is_a_file_named_after_its_month(july_client):
    answer = july_client.get("/api/published/2026-06.csv?lang=en")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="hazards-2026-06.csv"'
    assert answer.content_type == "text/csv; charset=utf-8"
    assert answer.get_data(as_text=True).splitlines()[0] == "\ufeffCode,Township,Fire,Total"
