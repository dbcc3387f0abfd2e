"""Maps of hotspots over HTTP: what they say of themselves, cells and reasons of the own area only, files."""

import csv
import io
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from pyproj import Transformer
from shapely.geometry import shape
from sqlalchemy import text

from gis_app.analysis.hotspots import HOTSPOT_METHODS
from gis_app.analysis.scoring import AreaScore
from gis_app.domain.rights import Role
from gis_app.services import hotspot_runs
from gis_app.services.hotspot_maps import Judged
from gis_app.services.hotspot_rows import run_id
from gis_app.storage.engine import make_engine, scoped, system_scope
from gis_app.web.hotspot_words import verdict_words
from tests.hotspot_city import EAST, END, MONDAY, NOW, SRID, WEST, build, hazards

NEWEST, PAST = (f"/api/hotspots/{run_id('hotspots:all', at)}" for at in (END, MONDAY - timedelta(days=70)))
TO_METRES = Transformer.from_crs(4326, SRID, always_xy=True)


@pytest.fixture(scope="module")
def city(migrated_template, clone):
    own = make_engine(clone(migrated_template).app_url)
    build(own)
    hotspot_runs.refresh(own, now=NOW, srid=SRID)
    yield own
    own.dispose()


@pytest.fixture(scope="module")
def of(make_app, make_client, city):
    app = make_app(on=city, now=NOW)
    return lambda path="/330381/", role=Role.ANALYST: make_client(path, role, app=app, on=city)


def answer(client, address, status=200):
    found = client.get(address)
    assert found.status_code == status, found.get_data(as_text=True)
    return found.get_json()


def count_in(rows, feature):
    """Return how many hazards lie in a cell of the answer, by their own coordinates."""
    square = shape(feature["geometry"]).bounds
    return sum(square[0] <= row["lon"] < square[2] and square[1] <= row["lat"] < square[3] for row in rows)


def test_the_list_tells_groups_and_maps_the_newest_last(of):
    told = answer(of(), "/api/hotspots?lang=en")
    assert [group["name"] for group in told["groups"]] == ["All hazards", "Fire", "Road"]
    assert len(told["runs"]) == 27
    assert [run["has_passed"] for run in told["runs"][-6:]] == [True, False, False, False, False, False]
    assert told["runs"][-1]["until"] == END.isoformat()
    assert answer(of(), "/api/hotspots?group=rare")["runs"] == []


def test_a_past_map_tells_what_then_happened_cell_by_cell(of):
    told = answer(of(), PAST)
    moment = MONDAY - timedelta(days=70)
    came = [row for row in hazards() if moment <= row["at"] < moment + timedelta(days=28)]
    assert told["then"]["event_count"] == len(came)
    assert told["then"]["hits"] + told["then"]["misses"] == len(came)
    features = told["cells"]["features"]
    assert sum(each["properties"]["later_count"] for each in features) == len(came)
    best = [each for each in features if each["properties"]["share"] and each["properties"]["share"] <= 0.05]
    assert sum(each["properties"]["later_count"] for each in best) == told["then"]["hits"]
    assert [each["properties"]["rank"] for each in best] == list(range(1, len(best) + 1))
    words = {each["kind"]: each["text"] for each in told["statement"]}
    assert f"{told['then']['hits']}" in words["then"]


def test_scores_are_what_the_cells_say(of):
    told = answer(of(), f"{PAST}?method=count_so_far")
    assert told["then"]["verdict"] in ("baseline", "too_few")
    file = answer(of(), f"{PAST}.geojson?method=count_so_far")
    counts = [(each["properties"]["score"], each["properties"]["later_count"]) for each in file["features"]]
    assert len(counts) == told["cell_count"]
    taken = told["then"]["scores"][3]["cell_count"]
    assert taken == round(told["cell_count"] / 10)
    border = sorted(score for score, _ in counts)[-taken]
    above = [later for score, later in counts if score > border]
    tied = [later for score, later in counts if score == border]
    hits = sum(above) + sum(tied) * (taken - len(above)) / len(tied)
    assert told["then"]["scores"][3]["hit_rate"] == pytest.approx(hits / sum(later for _, later in counts), abs=1e-6)
    assert told["then"]["scores"] == told["then"]["baseline"]


def test_the_hottest_cell_is_explained_by_its_hazards(of):
    told = answer(of(role=Role.SUPERVISOR), f"{NEWEST}?method=count_so_far&lang=en")
    first, square = told["top"][0], told["cells"]["features"][0]
    assert first["cell"] == [square["properties"]["cell_i"], square["properties"]["cell_j"]]
    inside = []
    for row in hazards():
        x, y = TO_METRES.transform(row["lon"], row["lat"])
        if [int(np.floor(x / 250)), int(np.floor(y / 250))] == first["cell"]:
            inside.append(row)
    assert first["event_count"] == first["year_count"] == len(inside)
    age = sorted((END - row["at"]) / timedelta(days=1) for row in inside)
    assert first["recent_count"] == sum(each <= 28 for each in age)
    assert first["before_count"] == sum(28 < each <= 56 for each in age)
    newest = sorted(inside, key=lambda row: row["at"], reverse=True)[:3]
    assert [case["number"] for case in first["latest"]] == [row["number"] for row in newest]
    assert 0 < first["repeat_share"] < 1
    assert {each["grid"] for each in told["top"]} <= {"West grid", ""}


def test_a_township_gets_its_own_cells_its_own_counts_and_its_own_cases(of, city):
    with scoped(city, system_scope()) as connection:
        numbers = {
            path: set(
                connection.execute(text("SELECT number FROM hazard WHERE starts_with(scope_path, :p)"), {"p": path})
                .scalars()
                .all()
            )
            for path in (WEST, EAST)
        }
    whole = answer(of(), f"{NEWEST}.geojson")["features"]
    for path, others in ((WEST, EAST), (EAST, WEST)):
        told = answer(of(path, Role.SUPERVISOR), f"{NEWEST}?lang=en")
        assert f"{len(numbers[path])} in your area" in told["statement"][0]["text"]
        assert told["event_count"] == len(numbers[path])
        shown = {case["number"] for cell in told["top"] for case in cell["latest"]}
        assert shown <= numbers[path]
        assert shown.isdisjoint(numbers[others])
        assert {each["properties"]["village"] for each in told["cells"]["features"]} == {
            "West" if path == WEST else "=East"
        }
    parts = [answer(of(path), f"{NEWEST}.geojson")["features"] for path in (WEST, EAST)]
    # Cells on the border between them are there for both, each with its own hazards.
    assert len(whole) < sum(len(each) for each in parts) < len(whole) + 40
    counts = [sum(each["properties"]["event_count"] for each in features) for features in (*parts, whole)]
    assert counts[0] + counts[1] == counts[2] == 900


def test_the_table_has_every_cell_and_runs_no_formula(of):
    found = of().get(f"{NEWEST}.csv?lang=en")
    assert found.headers["Content-Disposition"] == 'attachment; filename="hotspots-all-2026-06-17.csv"'
    rows = list(csv.DictReader(io.StringIO(found.get_data(as_text=True).removeprefix("\ufeff"))))
    assert len(rows) == answer(of(), NEWEST)["cell_count"]
    assert {row["village"] for row in rows} == {"West", "'=East"}
    assert sum(int(row["event_count"]) for row in rows) == 900
    assert [int(row["rank"]) for row in rows[:3]] == [1, 2, 3]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("severity=major", lambda row: row["severity"] == "major"),
        ("found=discovered", lambda row: row["way"] in ("patrol", "inspection")),
        ("found=reported&group=road", lambda row: row["way"] in ("resident", "hotline") and row["category"] == "road"),
        ("hours=night", lambda row: (row["at"] + timedelta(hours=8)).hour in (22, 23, 0, 1, 2, 3, 4, 5)),
        ("hours=morning&days=weekend", lambda row: _local(row).hour in range(6, 12) and _local(row).weekday() > 4),
    ],
)
def test_a_map_of_chosen_hazards_counts_just_these(of, query, wanted):
    told = answer(of(), f"/api/hotspots/trial?{query}")
    rows = [row for row in hazards() if wanted(row)]
    assert told["event_count"] == len(rows)
    held = [row for row in rows if MONDAY - timedelta(days=28) <= row["at"] < MONDAY]
    assert told["held_back"]["event_count"] == len(held)
    assert told["id"] is None
    assert told["guard"] is None


def _local(row):
    return row["at"] + timedelta(hours=8)


def test_a_trial_without_a_filter_is_the_kept_map(of):
    for method in HOTSPOT_METHODS:
        kept, tried = (answer(of(), f"{address}method={method}") for address in (f"{NEWEST}?", "/api/hotspots/trial?"))
        assert tried["held_back"]["scores"] == kept["held_back"]["scores"], method
        ranks = [[each["properties"]["rank"] for each in map_["cells"]["features"]] for map_ in (kept, tried)]
        assert ranks[0] == ranks[1]


def test_the_guard_tells_what_it_changed(of):
    told = answer(of(), "/api/hotspots/trial?guard=1&lang=en")
    found_by_looking = sum(row["way"] in ("patrol", "inspection") for row in hazards())
    assert 0 < told["guard"]["left_out"] < found_by_looking
    assert told["event_count"] == 900 - told["guard"]["left_out"]
    assert 0 < told["guard"]["changed_share"] < 1
    assert answer(of(), "/api/hotspots/trial?guard=1&lang=en") == told
    (sentence,) = [each["text"] for each in told["statement"] if each["kind"] == "guard"]
    assert f"left out {told['guard']['left_out']} hazards" in sentence
    reported = answer(of(), "/api/hotspots/trial?guard=1&found=reported")
    assert reported["guard"] == {"left_out": 0, "changed_share": 0}


def test_too_few_hazards_make_no_map_and_unknown_wishes_are_named(of):
    few = answer(of(), "/api/hotspots/trial?severity=severe&lang=en")
    assert (few["is_map"], few["event_count"], few["cells"]["features"]) == (False, 0, [])
    assert few["statement"][0]["text"] == "Only 0 hazards fit: too few for a map. Choose more of them."
    for query in ("severity=huge", "hours=noon", "days=8", "found=lost", "method=astrology"):
        assert answer(of(), f"/api/hotspots/trial?{query}", status=400)["code"] == "invalid_input"
    assert answer(of(), f"{NEWEST}?method=astrology", status=400)["code"] == "invalid_input"
    answer(of(), "/api/hotspots/trial?group=rare", status=404)
    answer(of(), "/api/hotspots/00000000-0000-4000-8000-000000000000", status=404)


def test_the_statement_says_plainly_when_counting_does_better_and_when_nobody_can_tell(of):
    told = answer(of(), f"{PAST}?method=gi_star&lang=en")
    words = {each["kind"]: each["text"] for each in told["statement"]}
    verdict = told["held_back"]["verdict"]
    whole, _, otherwise = words[verdict].partition(". ")
    assert whole.rstrip(".") == {
        "better": "This map does better than counting so far",
        "worse": "This map does worse than counting so far",
        "alike": "This map does as well as counting so far",
    }.get(verdict, "Too few data for a judgement")
    pairs = zip(told["held_back"]["scores"], told["held_back"]["baseline"], strict=True)
    leads = [mine["pei"] - other["pei"] for mine, other in pairs]
    is_otherwise = any(lead < -1e-9 for lead in leads) if verdict == "better" else any(lead > 1e-9 for lead in leads)
    assert bool(otherwise) == (verdict in ("better", "worse") and is_otherwise)
    assert told["held_back"]["event_count"] >= 50 or verdict == "too_few"
    small = answer(of(), "/api/hotspots/trial?severity=major&lang=en")
    assert small["held_back"]["event_count"] < 50
    assert {"kind": "too_few", "text": "Too few data for a judgement."} in small["statement"]


def test_a_verdict_names_the_shares_on_which_it_is_otherwise(make_app, city):
    def judged(ours, baseline):
        scores = [
            tuple(AreaScore(share, 1, 0.1, 1.0, pei) for share, pei in zip((0.01, 0.025, 0.05), each, strict=True))
            for each in (ours, baseline)
        ]
        return Judged("gi_star", datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 2, 2, tzinfo=UTC), 60, *scores, ())

    with make_app(on=city, now=NOW).test_request_context("/?lang=en"):
        assert verdict_words(judged((0.5, 0.3, 0.5), (0.3, 0.4, 0.5))) == (
            "This map does better than counting so far. Not so on the hottest 2.5 %: there counting does better."
        )
        assert verdict_words(judged((0.3, 0.3, 0.6), (0.6, 0.4, 0.5))).endswith(
            "Not so on the hottest 5 %: there the map does better."
        )
        assert verdict_words(judged((0.5, 0.5, 0.5), (0.5, 0.5, 0.4))) == "This map does better than counting so far."


def test_the_page_names_its_maps_and_an_area_without_any_says_so(of):
    page = of().get("/hotspots?lang=en").get_data(as_text=True)
    assert page.count('<option value="kernel_density">') == 2
    assert 'id="moment"' in page
    empty = of().get("/hotspots?lang=en&group=rare").get_data(as_text=True)
    assert 'id="no-maps"' in empty
    assert 'id="moment"' not in empty


def test_who_may_not_see_aggregates_gets_no_map(of):
    for address in ("/hotspots", "/api/hotspots", NEWEST, "/api/hotspots/trial"):
        assert of(role=Role.HANDLER).get(address).status_code == 403
