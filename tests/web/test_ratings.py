"""Stars of villages from the hazards found there, by hand; what other weights would change; who sees which."""

import pytest
from sqlalchemy import text

from gis_app.domain.rights import Role
from gis_app.services import ratings
from gis_app.storage.engine import make_engine, scoped, system_scope
from tests.web.conftest import NOW

FIRST, SECOND = "33038100101", "33038100201"
TANGXIA = "/330381/330381001/"
IN_THE_YEAR, BEFORE = "2026-05-01 04:00Z", "2025-06-14 04:00Z"
SETTING = (
    "DELETE FROM hazard",
    """
    INSERT INTO hazard_category VALUES ('public_order', '治安', 'Order', 2, 'work_day', 2),
        ('dispute', '纠纷', 'Dispute', 9, 'natural_day', 3)""",
    # 1,000 households, so 2,600 residents, in the first village; those of the second are not known.
    """
    INSERT INTO grid (area_id, kind, household_count, scope_path)
    SELECT id, 'village', CASE code WHEN '33038100101g' THEN 1000 END, scope_path FROM area WHERE level = 'grid'""",
)
HAZARDS = text("""
INSERT INTO hazard (number, category_code, severity, stage, discovered_by, title, discovered_at, village_id, scope_path,
                    geom)
SELECT :name || n, :category, :severity, :stage, :way, 't', CAST(:found AS timestamptz), id, scope_path, label_point
FROM area, generate_series(1, :count) n WHERE code = :village""")


def found(connection, village, category, count, **other):
    facts = {"severity": "low", "stage": "filed", "way": "patrol", "found": IN_THE_YEAR, **other}
    name = f"{village}-{category}-{'-'.join(str(each) for each in facts.values())}-"
    connection.execute(HAZARDS, {**facts, "village": village, "category": category, "count": count, "name": name})


@pytest.fixture(scope="module")
def city(clone, engine):
    engine.dispose()
    own = make_engine(clone(engine.url.database).app_url)
    with scoped(own, system_scope()) as connection:
        for statement in SETTING:
            connection.execute(text(statement))
        found(connection, FIRST, "public_order", 13)
        found(connection, FIRST, "dispute", 13)
        found(connection, FIRST, "fire", 2, severity="severe")
        # None of these counts.
        found(connection, FIRST, "public_order", 50, stage="void")
        found(connection, FIRST, "public_order", 50, found=BEFORE)
        found(connection, FIRST, "fire", 50, severity="major")
        found(connection, SECOND, "fire", 6, severity="severe")
        found(connection, SECOND, "public_order", 6, way="hotline")
    yield own
    own.dispose()


@pytest.fixture(scope="module")
def of(make_app, make_client, city):
    app = make_app(on=city)
    return lambda path="/330381/", role=Role.ANALYST: make_client(path, role, app=app, on=city)


@pytest.fixture(scope="module")
def whole(of):
    return of()


def villages(client, query=""):
    return {row["code"]: row for row in client.get(f"/api/ratings?{query}").get_json()["villages"]}


def test_the_stars_of_a_village_come_from_its_hazards_of_a_year_by_hand(whole):
    told = whole.get("/api/ratings").get_json()
    assert (told["from"], told["to"]) == ("2025-06-16", "2026-06-15")
    row = villages(whole)[FIRST]
    # 13 per 2,600 residents are 5 per 1,000. Petitions and culture are not known: 70 of the weight of 100 are.
    assert row["figures"] == {
        "petitions": None,
        "public_order": pytest.approx(5),
        "complaints": 0,
        "lawsuits": pytest.approx(5),
        "safety_accidents": 2,
        "community_culture": None,
    }
    points = {"public_order": 100 * 7 / 12, "complaints": 100, "lawsuits": 50, "safety_accidents": 60}
    assert {key: value for key, value in row["points"].items() if value is not None} == pytest.approx(points)
    assert row["score"] == pytest.approx((20 * 100 * 7 / 12 + 15 * 100 + 15 * 50 + 20 * 60) / 70)  # 65.95
    assert (row["stars"], row["vetoed_by"], row["known_share"]) == (3, [], pytest.approx(0.7))
    assert (row["changed_stars"], row["gain"], row["changed_score"]) == (3, 0, row["score"])


def test_too_little_known_is_not_rated_and_the_veto_is_told_all_the_same(whole):
    row = villages(whole)[SECOND]
    # Without households only the severe hazards have a figure: 20 of 100.
    assert {key for key, value in row["figures"].items() if value is not None} == {"safety_accidents"}
    assert (row["stars"], row["known_share"], row["vetoed_by"]) == (None, pytest.approx(0.2), ["safety_accidents"])


@pytest.mark.parametrize(
    ("query", "score", "stars"),
    [
        # Without public order: (15 x 100 + 15 x 50 + 20 x 60) / 50 = 69, of which 50 of 80 is known.
        ("weight_public_order=0", 69, 3),
        ("weight_public_order=0&star_4=69", 69, 4),
        ("star_3=66", 65.952380952, 0),
        ("veto_safety_accidents=2", 65.952380952, 0),
        # 5 of 10 instead of 5 of 12: 50 points; (20 x 50 + 1500 + 750 + 1200) / 70.
        ("worst_public_order=10", 63.571428571, 3),
        # Four of the indicators weigh 70 of now 120, less than 60 %.
        ("weight_community_culture=30", 65.952380952, None),
    ],
)
def test_other_weights_and_thresholds_are_tried_without_changing_the_rating(whole, query, score, stars):
    row = villages(whole, query)[FIRST]
    assert (row["changed_score"], row["changed_stars"]) == (pytest.approx(score), stars)
    assert row["gain"] == (None if stars is None else stars - 3)
    assert (row["stars"], villages(whole)[FIRST]["changed_stars"]) == (3, 3)


def test_a_veto_taken_away_vetoes_no_more(whole):
    row = villages(whole, "veto_safety_accidents=&weight_petitions=0&weight_public_order=0&weight_complaints=0")[SECOND]
    # Safety weighs 20 of 45: still not rated.
    assert row["changed_stars"] is None
    others = "&".join(
        f"weight_{key}=0" for key in ("petitions", "public_order", "complaints", "lawsuits", "community_culture")
    )
    for veto, stars in (("veto_safety_accidents=", 3), ("veto_safety_accidents=6", 0)):
        row = villages(whole, f"{others}&worst_safety_accidents=60&star_3=80&star_4=95&star_5=99&{veto}")[SECOND]
        # 6 of 60: 90 points.
        assert (row["changed_score"], row["changed_stars"]) == (pytest.approx(90), stars)


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("weight_petitions=heavy", "weight_petitions is 'heavy'"),
        ("weight_petitions=nan", "weight_petitions is 'nan'"),
        ("weight_petitions=-1", "weight of indicator petitions"),
        ("worst_petitions=0", "worst of indicator petitions"),
        ("star_3=99", "least"),
        (
            "&".join(f"weight_{key}=0" for key in ("petitions", "public_order", "complaints", "lawsuits"))
            + "&weight_safety_accidents=0&weight_community_culture=0",
            "indicator of the scheme is missing",
        ),
    ],
)
def test_senseless_wishes_are_refused_by_name(whole, query, word):
    answer = whole.get(f"/api/ratings?{query}&lang=en")
    assert answer.status_code == 400
    assert word in answer.get_json()["detail"]


def test_each_account_sees_the_villages_of_its_own_area(of, whole):
    assert set(villages(whole)) == {FIRST, SECOND}
    for path in (TANGXIA, f"{TANGXIA}{FIRST}/"):
        client = of(path)
        assert villages(client) == {FIRST: {**villages(whole)[FIRST], "township": villages(client)[FIRST]["township"]}}
        assert "Anyang" not in client.get("/ratings?lang=en").get_data(as_text=True)
    assert of(TANGXIA, Role.GRID_WORKER).get("/ratings").status_code == 403


def test_the_page_shows_stars_vetoes_and_what_would_change_in_both_languages(whole):
    english = whole.get("/ratings?lang=en").get_data(as_text=True)
    assert all(words in english for words in ("★★★", "not rated", "no data", "Petition handling", "disputes", "veto"))
    assert "Gain" not in english
    changed = whole.get("/ratings?lang=en&star_4=65").get_data(as_text=True)
    assert all(words in changed for words in ("Gain", "+1", "★★★★"))
    chinese = whole.get("/ratings?lang=zh").get_data(as_text=True)
    assert all(words in chinese for words in ("星级评定", "信访维稳", "未评定", "一票否决", "试算"))


def test_the_stars_of_the_night_are_those_of_the_page_and_of_the_map(city, whole):
    assert ratings.store(city, now=NOW) == ratings.store(city, now=NOW)
    with scoped(city, system_scope()) as connection:
        query = text("SELECT code, stars, score, vetoed_by FROM village_stars_map ORDER BY code")
        kept = [tuple(row) for row in connection.execute(query)]
    told = villages(whole)
    assert [code for code, *_ in kept] == sorted(told)
    for code, stars, score, vetoed_by in kept:
        assert (stars, vetoed_by.split()) == (told[code]["stars"], told[code]["vetoed_by"])
        assert score == pytest.approx(told[code]["score"])
