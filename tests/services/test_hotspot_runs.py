"""Kept maps of hotspots: made once, anew only where their hazards changed, blind for what follows, counted by hand."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from sqlalchemy import text

from gis_app.analysis.hotspots import HOTSPOT_METHODS
from gis_app.domain.errors import InvalidInput, NotFound
from gis_app.domain.rights import Scope
from gis_app.services import hotspot_maps, hotspot_runs
from gis_app.services.audit import HeadsFile, Ledger
from gis_app.services.hotspot_maps import Judged, Verdict
from gis_app.services.hotspot_rows import run_id
from gis_app.services.housekeeping import JOBS, House, run_due
from gis_app.storage import hotspot_maps as stored
from gis_app.storage.engine import make_engine, scoped, system_scope
from tests.hotspot_city import ADD, EAST, END, MONDAY, NOW, SRID, WEST, build, hazards

CITY_SCOPE = Scope("city", "/330381/")
KEPT_WEEKS = 26 + 4


def refresh(engine, now=NOW, **more):
    return hotspot_runs.refresh(engine, now=now, srid=SRID, **more)


def execute(engine, statement, **values):
    with scoped(engine, system_scope()) as connection:
        result = connection.execute(statement if not isinstance(statement, str) else text(statement), values)
        return result.all() if result.returns_rows else []


def kept(engine, moment, group="all"):
    """Return the rows of the cells of one map, as they are packed."""
    query = "SELECT scope_path, cells, event_count, scores FROM hotspot_part WHERE run_id = :id ORDER BY 1"
    return [
        tuple(bytes(each) if not isinstance(each, str) else each for each in row)
        for row in execute(engine, query, id=run_id(f"hotspots:{group}", moment))
    ]


@pytest.fixture(scope="module")
def template(migrated_template, clone):
    urls = clone(migrated_template)
    engine = make_engine(urls.app_url)
    build(engine)
    made = refresh(engine)
    engine.dispose()
    return engine.url.database, made


@pytest.fixture
def city(template, clone):
    engine = make_engine(clone(template[0]).app_url)
    yield engine
    engine.dispose()


def test_a_map_a_week_and_the_newest_are_made_of_all_hazards_and_of_each_category_with_enough(template, city):
    # Today's, and those of the Mondays that are shown or that score these.
    assert template[1] == {group: KEPT_WEEKS + 1 for group in ("all", "fire", "road")}
    found = hotspot_maps.listed(city, CITY_SCOPE)
    assert found["groups"] == ["all", "fire", "road"]
    moments = [row["data_to"] for row in found["runs"]]
    assert moments[-1] == END
    assert moments[-2] == MONDAY
    assert {later - earlier for earlier, later in pairwise(moments[:-1])} == {timedelta(days=7)}
    assert len(moments) == 27
    assert [row["is_current"] for row in found["runs"]] == [False] * 26 + [True]


def test_nothing_is_computed_when_no_hazard_changed(city):
    assert refresh(city) == {}
    assert refresh(city, now=NOW + timedelta(hours=11)) == {}


def test_a_new_hazard_changes_only_the_maps_that_know_it(city):
    before = kept(city, MONDAY)
    new = {**hazards()[0], "number": "NEW", "at": END - timedelta(days=1)}
    execute(city, ADD, **new)
    assert refresh(city) == {"all": 1, "fire": 1, "road": 0}
    assert kept(city, MONDAY) == before
    # Of a day that lies in the windows of past maps, these are scored anew too.
    execute(city, ADD, **{**new, "number": "OLD", "at": MONDAY - timedelta(days=30)})
    assert refresh(city)["all"] == 1 + 4 + 5
    assert refresh(city) == {}


def test_the_next_day_has_a_map_of_its_own_and_the_next_week_one_past_map_more(city):
    execute(city, ADD, **{**hazards()[0], "number": "NEW", "at": END + timedelta(hours=1)})
    assert refresh(city, now=NOW + timedelta(days=1))["all"] == 1
    moments = [row["data_to"] for row in hotspot_maps.listed(city, CITY_SCOPE)["runs"]]
    assert moments[-2:] == [MONDAY, END + timedelta(days=1)]
    execute(city, ADD, **{**hazards()[0], "number": "NEWER", "at": END + timedelta(days=6)})
    refresh(city, now=NOW + timedelta(days=6))
    moments = [row["data_to"] for row in hotspot_maps.listed(city, CITY_SCOPE)["runs"]]
    assert moments[-3:] == [MONDAY, MONDAY + timedelta(days=7), END + timedelta(days=6)]
    assert len(moments) == 27


def test_shuffling_the_future_changes_nothing_in_a_kept_map(city, migrated_template, clone):
    moment = MONDAY - timedelta(days=70)
    chance = np.random.default_rng(1)
    rows = hazards()
    late = [row for row in rows if row["at"] >= moment]
    places = chance.permutation([(row["lon"], row["lat"]) for row in late])
    moved = [{**row, "lon": float(lon), "lat": float(lat)} for row, (lon, lat) in zip(late, places, strict=True)]
    other = make_engine(clone(migrated_template).app_url)
    build(other, [*(row for row in rows if row["at"] < moment), *moved])
    refresh(other, groups=("all",))
    assert len(kept(city, moment)) == 2
    assert kept(other, moment) == kept(city, moment)
    assert kept(other, END) != kept(city, END)
    other.dispose()


def test_what_then_happened_is_what_was_found_within_the_horizon(city):
    moment = MONDAY - timedelta(days=70)
    shown = hotspot_maps.one(city, CITY_SCOPE, run_id("hotspots:all", moment))
    rows = hazards()
    came = [row for row in rows if moment <= row["at"] < moment + timedelta(days=28)]
    assert shown.then.event_count == len(came)
    assert shown.parts.event_count.sum() == sum(row["at"] < moment for row in rows)
    best = shown.order[: shown.then.ours[2].cell_count]
    assert shown.then.ours[2].hit_rate == pytest.approx(shown.parts.later_count[best].sum() / len(came), abs=0.01)
    newest = hotspot_maps.one(city, CITY_SCOPE, run_id("hotspots:all", END))
    assert newest.then is None
    assert newest.held_back.start == MONDAY - timedelta(days=28)
    assert newest.held_back.event_count == sum(MONDAY - timedelta(days=28) <= row["at"] < MONDAY for row in rows)


def test_every_kept_method_can_be_asked_for_and_no_other(city):
    run = run_id("hotspots:all", END)
    methods = hotspot_maps.one(city, CITY_SCOPE, run).methods
    assert set(methods) == set(HOTSPOT_METHODS)
    maps = [hotspot_maps.one(city, CITY_SCOPE, run, method=name) for name in methods]
    assert [each.method for each in maps] == list(methods)
    assert [each.held_back.method for each in maps] == list(methods)
    with pytest.raises(InvalidInput):
        hotspot_maps.one(city, CITY_SCOPE, run, method="astrology")


def test_a_township_sees_its_own_cells_and_counts_only(city):
    run = run_id("hotspots:all", END)
    parts = {path: hotspot_maps.one(city, Scope("x", path), run).parts for path in (WEST, EAST, "/330381/")}
    assert [each["scope_path"] for each in parts[WEST].villages] == [f"{WEST}west/"]
    cells = {path: {tuple(cell) for cell in each.cells.tolist()} for path, each in parts.items()}
    # Only cells on their common border are there for both.
    columns = {i for i, _ in cells[WEST] & cells[EAST]}
    assert len(columns) <= 2
    assert cells[WEST] | cells[EAST] == cells["/330381/"]
    assert parts[WEST].event_count.sum() + parts[EAST].event_count.sum() == 900
    with pytest.raises(NotFound):
        hotspot_maps.one(city, Scope("x", "/elsewhere/"), run)
    assert hotspot_maps.listed(city, Scope("x", "/elsewhere/"))["runs"] == []


def test_a_map_that_does_worse_than_counting_says_so():
    count = np.array([5, 3, 1, *[0] * 97])
    later = np.array([40, 20, 1, *[0] * 97])
    parts = stored.Parts([], np.zeros(100, int), np.zeros((100, 2), int), count, np.zeros((0, 100)), later)
    verdicts = {
        Verdict.WORSE: ("kernel_density", np.arange(100.0)),
        Verdict.BETTER: ("kernel_density", later.astype(float)),
        Verdict.BASELINE: ("count_so_far", count.astype(float)),
    }
    parts.event_count[:] = [0, 9, *[0] * 98]
    for verdict, (method, scores) in verdicts.items():
        assert hotspot_maps.judged(method, scores, parts, start=MONDAY).verdict is verdict
    parts.event_count[:] = [5, 3, 1, *[0] * 97]
    assert hotspot_maps.judged("near_repeat", count + 0.0, parts, start=MONDAY).verdict is Verdict.ALIKE
    parts.later_count[:] = [40, 9, *[0] * 98]
    few = hotspot_maps.judged("kernel_density", np.arange(100.0), parts, start=MONDAY)
    assert (few.event_count, few.verdict) == (49, Verdict.TOO_FEW)


def test_expected_and_observed_sum_to_what_came(city):
    shown = hotspot_maps.one(city, CITY_SCOPE, run_id("hotspots:all", END), method="kernel_density")
    assert isinstance(shown.held_back, Judged)
    groups = shown.held_back.groups
    assert 2 <= len(groups) <= 10
    assert sum(each.observed for each in groups) == shown.held_back.event_count
    assert sum(each.expected for each in groups) == pytest.approx(shown.held_back.event_count)
    assert hotspot_maps.one(city, CITY_SCOPE, shown.id, method="gi_star").held_back.groups == []


def test_a_city_with_a_handful_of_hazards_has_runs_but_no_map(migrated_database):
    assert refresh(migrated_database.app) == {}
    build(migrated_database.app, hazards(12))
    assert refresh(migrated_database.app) == {"all": 0}
    assert hotspot_maps.listed(migrated_database.app, CITY_SCOPE)["runs"] == []
    assert refresh(migrated_database.app) == {}


def test_a_category_that_lost_its_hazards_loses_its_maps(city):
    execute(city, "UPDATE hazard SET stage = 'void', changed_at = :at WHERE category_code = 'road'", at=NOW)
    refresh(city)
    assert hotspot_maps.listed(city, CITY_SCOPE)["groups"] == ["all", "fire"]


def test_a_city_left_alone_keeps_the_map_of_the_day_after_its_newest_hazard(city):
    assert refresh(city, now=datetime(2027, 1, 1, tzinfo=UTC)) == {}
    assert hotspot_maps.listed(city, CITY_SCOPE)["runs"][-1]["data_to"] == END


def test_the_job_runs_once_a_day_and_says_how_many_maps_it_made(city, tmp_path):
    (job,) = [each for each in JOBS if each.name == "hotspots"]
    now = [NOW]
    house = House(Ledger(city, HeadsFile(tmp_path / "heads.log"), lambda: now[0]), track_days=90, srid=SRID)
    execute(city, ADD, **{**hazards()[0], "number": "NEW", "at": END - timedelta(days=1)})
    assert run_due(house, [job]) == ["hotspots"]
    assert execute(city, "SELECT detail FROM job_run WHERE name = 'hotspots'") == [({"maps": 2},)]
    now[0] += timedelta(hours=23)
    assert run_due(house, [job]) == []
    now[0] += timedelta(hours=1)
    assert run_due(house, [job]) == ["hotspots"]
