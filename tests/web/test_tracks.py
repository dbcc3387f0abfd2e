"""Fixes over HTTP: stored once whatever is sent again, in any order; flagged, never dropped; seen where they may be."""

import random
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import shapely
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from gis_app.analysis.datum import wgs84_to_gcj02
from gis_app.analysis.tracks import FixFlag
from gis_app.domain.rights import Right, Role, Scope
from gis_app.services import patrol_tracks
from gis_app.services.live_positions import LivePositions, PositionFeed
from gis_app.storage import patrol_tracks as tracks_stored
from gis_app.storage.engine import make_engine, scoped, system_scope
from tests.web.conftest import NOW

WEST, EAST = "/330381/330381001/", "/330381/330381002/"
TEAM, OTHER_TEAM = "T33038100101", "T33038100201"
START = datetime(2026, 6, 14, 13, tzinfo=UTC)


def fix(number, **changes):
    """A fix every 30 s, 0.0003 degrees (30 m) further east."""
    at = START + timedelta(seconds=30 * number)
    return {"recorded_at": at.isoformat(), "lon": 120.6 + 0.0003 * number, "lat": 27.8, "sequence": number} | changes


def batch(fixes, **changes):
    return {"id": str(uuid.uuid4()), "device": "phone-7", "team": TEAM, "fixes": fixes} | changes


@pytest.fixture
def own_database(clone, engine):
    engine.dispose()
    own = make_engine(clone(engine.url.database).app_url)
    yield own
    own.dispose()


@pytest.fixture
def app(make_app, own_database):
    return make_app(on=own_database)


@pytest.fixture
def phone(make_client, app, own_database):
    return make_client(WEST, Role.GRID_WORKER, app=app, on=own_database)


def rows(engine, query, **values):
    with scoped(engine, system_scope()) as connection:
        return [tuple(row) for row in connection.execute(text(query), values)]


def stored(engine, device="phone-7"):
    query = """SELECT recorded_at, sequence, ST_X(geom), ST_Y(geom), flag FROM track_point
               WHERE device = :device ORDER BY recorded_at, sequence"""
    return rows(engine, query, device=device)


def test_fixes_are_stored_with_the_area_of_their_team(phone, own_database):
    answer = phone.post("/api/tracks/fixes", json=batch([fix(n) for n in range(5)]))
    assert answer.status_code == 201
    assert {**answer.get_json(), "id": ""} == {"id": "", "stored": 5, "known": 0, "clock_ahead": 0, "clock_behind": 0}
    assert [round(lon, 4) for _, _, lon, _, _ in stored(own_database)] == [
        120.6,
        120.6003,
        120.6006,
        120.6009,
        120.6012,
    ]
    assert rows(own_database, "SELECT DISTINCT scope_path FROM track_point") == [("/330381/330381001/33038100101/",)]
    patrol = "SELECT night::text, fix_count, is_stale FROM patrol WHERE device = 'phone-7'"
    assert rows(own_database, patrol) == [("2026-06-14", 5, True)]
    audited = "SELECT detail ->> 'stored' FROM audit_entry WHERE action = 'tracks.receive'"
    assert rows(own_database, audited) == [("5",)]


def test_the_same_batch_again_is_answered_and_not_stored_again(phone, own_database):
    sent = batch([fix(n) for n in range(3)])
    first, again = (phone.post("/api/tracks/fixes", json=sent) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.get_json() == again.get_json()
    other = phone.post("/api/tracks/fixes", json={**sent, "fixes": [fix(9)]})
    assert other.status_code == 409
    overlapping = phone.post("/api/tracks/fixes", json=batch([fix(n) for n in range(2, 5)]))
    assert (overlapping.get_json()["stored"], overlapping.get_json()["known"]) == (2, 1)
    assert len(stored(own_database)) == 5


def test_the_track_is_the_same_whatever_order_the_fixes_come_in(phone, own_database):
    fixes = [fix(n) for n in range(60)]
    mixed = fixes.copy()
    random.Random(5).shuffle(mixed)
    for device, order in (("in-order", fixes), ("mixed", mixed)):
        for first in range(0, 60, 7):
            sent = batch(order[first : first + 7], device=device)
            assert phone.post("/api/tracks/fixes", json=sent).status_code == 201
            patrol_tracks.refresh(own_database, now=NOW, srid=4549)
    tracks = rows(
        own_database,
        "SELECT ST_AsText(geom), length_m, fix_count, started_at, ended_at, is_stale FROM patrol WHERE device <> ''",
    )
    assert len(tracks) == 2
    assert tracks[0] == tracks[1]
    # 59 steps of 0.0003 degrees at 27.8 degrees north: 29.55 m each.
    assert tracks[0][1] == pytest.approx(59 * 29.55, rel=0.002)
    assert stored(own_database, "in-order") == stored(own_database, "mixed")


def test_a_fix_that_comes_while_the_track_is_made_leaves_it_to_be_made_again(phone, own_database):
    phone.post("/api/tracks/fixes", json=batch([fix(n) for n in range(3)]))
    with scoped(own_database, system_scope()) as connection:
        [patrol] = tracks_stored.stale(connection)
        known = tracks_stored.fix_count(connection, patrol)
    phone.post("/api/tracks/fixes", json=batch([fix(n) for n in range(3, 5)]))
    with scoped(own_database, system_scope()) as connection:
        line = shapely.MultiLineString([[(120.6, 27.8), (120.6006, 27.8)]])
        tracks_stored.store(connection, patrol, geom=line, length_m=59.1, fix_count=3, known_count=known)
    query = "SELECT is_stale, fix_count, ST_NPoints(geom) FROM patrol WHERE device = 'phone-7'"
    assert rows(own_database, query) == [(True, 5, 2)]
    assert patrol_tracks.refresh(own_database, now=NOW, srid=4549)["patrols"] == 1
    assert rows(own_database, query) == [(False, 5, 5)]


def test_a_wrong_clock_is_flagged_and_counted_and_nothing_is_dropped(phone, own_database):
    tomorrow = (NOW + timedelta(days=40)).isoformat()
    ahead = phone.post("/api/tracks/fixes", json=batch([fix(0), fix(1, recorded_at=tomorrow)])).get_json()
    assert (ahead["stored"], ahead["clock_ahead"], ahead["clock_behind"]) == (2, 1, 0)
    sent_at = (NOW - timedelta(minutes=10)).isoformat()
    behind = phone.post("/api/tracks/fixes", json=batch([fix(2), fix(3)], sent_at=sent_at)).get_json()
    assert (behind["stored"], behind["clock_ahead"], behind["clock_behind"]) == (2, 0, 2)
    right = phone.post("/api/tracks/fixes", json=batch([fix(4)], sent_at=(NOW + timedelta(seconds=59)).isoformat()))
    assert right.get_json()["clock_ahead"] == 0
    flags = [flag for *_, flag in stored(own_database)]
    assert flags == [0, FixFlag.CLOCK_BEHIND, FixFlag.CLOCK_BEHIND, 0, FixFlag.CLOCK_AHEAD]
    # The one from the future belongs to the night it came in.
    nights = rows(own_database, "SELECT night::text, fix_count FROM patrol WHERE device = 'phone-7' ORDER BY night")
    assert nights == [("2026-06-14", 4), ("2026-06-15", 1)]
    patrol_tracks.refresh(own_database, now=NOW, srid=4549)
    assert [flag & 24 for *_, flag in stored(own_database)] == flags


def test_a_declared_datum_is_taken_back(phone, own_database):
    lon, lat = (float(part[0]) for part in wgs84_to_gcj02([120.61], [27.81]))
    sent = batch([fix(0, lon=lon, lat=lat)], datum="gcj02")
    assert phone.post("/api/tracks/fixes", json=sent).status_code == 201
    [(_, _, x, y, _)] = stored(own_database)
    assert (x, y) == pytest.approx((120.61, 27.81), abs=1e-8)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"fixes": []}, "fixes"),
        ({"fixes": [fix(0)] * 1001}, "fixes"),
        ({"fixes": [fix(0, lat=91)]}, "fixes.0.lat"),
        ({"fixes": [fix(0, recorded_at="2026-06-14T13:00:00")]}, "fixes.0.recorded_at"),
        ({"fixes": [fix(0, recorded_at="1970-01-01T00:00:00Z")]}, "fixes.0.recorded_at"),
        ({"datum": "epsg:4549"}, "datum"),
        ({"team": "nobody"}, "nobody"),
    ],
)
def test_what_is_no_batch_is_refused_whole(phone, own_database, change, field):
    answer = phone.post("/api/tracks/fixes", json=batch([fix(0)]) | change)
    assert answer.status_code == 400
    assert field in answer.get_data(as_text=True)
    assert stored(own_database) == []


def test_another_areas_team_is_no_team_and_its_device_is_not_taken_over(make_client, app, own_database, phone):
    foreign, missing = (phone.post("/api/tracks/fixes", json=batch([fix(0)], team=t)) for t in (OTHER_TEAM, "T0"))
    assert foreign.status_code == missing.status_code == 400
    east = make_client(EAST, Role.GRID_WORKER, app=app, on=own_database)
    assert east.post("/api/tracks/fixes", json=batch([fix(0)], team=OTHER_TEAM)).status_code == 201
    assert phone.post("/api/tracks/fixes", json=batch([fix(0), fix(1)])).status_code == 409
    assert len(stored(own_database)) == 1


def test_without_the_right_nothing_is_taken(make_client, app, own_database):
    viewer = make_client(WEST, Role.ANALYST, app=app, on=own_database)
    assert viewer.post("/api/tracks/fixes", json=batch([fix(0)])).status_code == 403


def test_positions_are_told_once_and_only_where_they_may_be_seen(phone, own_database):
    recent = [fix(n, recorded_at=(NOW - timedelta(seconds=60 - n)).isoformat()) for n in range(3)]
    assert phone.post("/api/tracks/fixes", json=batch(recent)).status_code == 201
    # A late one is no news.
    assert phone.post("/api/tracks/fixes", json=batch([fix(9)])).status_code == 201
    right = frozenset({Right.VIEW_LIVE_POSITIONS})
    feed = PositionFeed(own_database, lambda: NOW, timedelta(hours=1))
    commander, elsewhere = (LivePositions(feed) for _ in range(2))
    [told] = commander.news(Scope("a", WEST, right))
    assert (round(told["lon"], 4), told["mode"]) == (120.6006, "foot")
    assert set(told) == {"patrol", "mode", "recorded_at", "lon", "lat"}
    assert commander.news(Scope("a", WEST, right)) == []
    assert elsewhere.news(Scope("b", EAST, right)) == []
    assert LivePositions(feed).news(Scope("c", WEST)) == []
    # A page that comes later is told of it too, as long as it is no older than that.
    assert [each["lon"] for each in LivePositions(feed).news(Scope("d", WEST, right))] == [told["lon"]]
    later = PositionFeed(own_database, lambda: datetime.now(UTC) + timedelta(hours=2), timedelta(hours=1))
    assert LivePositions(later).news(Scope("d", WEST, right)) == []


def test_late_fixes_bring_the_coverage_of_their_night_up_to_date_and_only_then(phone, own_database):
    street = """INSERT INTO street_segment (kind, length_m, geom) VALUES
                ('residential', 1, ST_GeomFromText('LINESTRING(120.6 27.8, 120.63 27.8)', 4326))"""
    with scoped(own_database, system_scope()) as connection:
        connection.execute(text(street))
    walked = "SELECT round(CAST(sum(high - low) AS numeric), 2) FROM street_walk WHERE night = '2026-06-14'"
    assert phone.post("/api/tracks/fixes", json=batch([fix(n) for n in range(51)])).status_code == 201
    # The nights of the small city are computed too, for the first time.
    assert patrol_tracks.refresh(own_database, now=NOW, srid=4549) == {"patrols": 1, "nights": 2}
    # 50 of 100 steps.
    assert float(rows(own_database, walked)[0][0]) == 0.5
    assert patrol_tracks.refresh(own_database, now=NOW, srid=4549) == {"patrols": 0, "nights": 0}
    assert phone.post("/api/tracks/fixes", json=batch([fix(n) for n in range(51, 76)])).status_code == 201
    assert patrol_tracks.refresh(own_database, now=NOW, srid=4549) == {"patrols": 1, "nights": 1}
    assert float(rows(own_database, walked)[0][0]) == 0.75


BLOCKED = """SELECT pid FROM pg_stat_activity
WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0"""


def test_what_breaks_off_between_tracks_and_coverage_is_made_up_for_by_the_next_look(phone, own_database):
    phone.post("/api/tracks/fixes", json=batch([fix(n) for n in range(51)]))
    with ThreadPoolExecutor(1) as beside, own_database.connect() as holder, holder.begin():
        # The tracks can be stored, their coverage cannot: it waits, and its connection is ended.
        holder.execute(text("LOCK TABLE analysis_run IN ACCESS EXCLUSIVE MODE"))
        broken = beside.submit(patrol_tracks.refresh, own_database, now=NOW, srid=4549)
        while not (blocked := rows(own_database, BLOCKED)):
            assert not broken.done()
        rows(own_database, "SELECT pg_terminate_backend(:pid)", pid=blocked[0][0])
        with pytest.raises(OperationalError):
            broken.result(timeout=60)
    walked = "SELECT count(*) > 0 FROM grid_sweep WHERE night = '2026-06-14'"
    assert rows(own_database, "SELECT bool_or(is_stale) FROM patrol") == [(False,)]
    assert rows(own_database, walked) == [(False,)]
    # The night of the small city is computed too, for the first time.
    assert patrol_tracks.refresh(own_database, now=NOW, srid=4549) == {"patrols": 0, "nights": 2}
    assert rows(own_database, walked) == [(True,)]
    assert patrol_tracks.refresh(own_database, now=NOW, srid=4549) == {"patrols": 0, "nights": 0}


def gpx(team, count=4):
    points = "".join(
        f'<trkpt lat="27.8" lon="{120.6 + 0.0003 * n:.4f}"><time>2026-06-14T13:{n:02}:00Z</time></trkpt>'
        for n in range(count)
    )
    return (
        '<?xml version="1.0"?><gpx version="1.1" creator="x" xmlns="http://www.topografix.com/GPX/1/1">'
        f"<trk><name>{team}</name><trkseg>{points}</trkseg></trk></gpx>"
    ).encode()


def test_a_file_is_stored_whole_and_once_and_its_datum_is_declared(phone, own_database):
    first, again = (phone.post("/api/tracks/files?format=gpx", data=gpx(TEAM)) for _ in range(2))
    assert (first.status_code, first.get_json()["stored"]) == (200, 4)
    assert (again.get_json()["stored"], again.get_json()["known"]) == (0, 4)
    assert rows(own_database, "SELECT count(*), min(scope_path) FROM track_point") == [
        (4, "/330381/330381001/33038100101/")
    ]
    table = f"device,recorded_at,sequence,lon,lat,team_code\np,2026-06-14T13:00:00Z,1,120.6,27.8,{TEAM}\n"
    assert phone.post("/api/tracks/files?format=csv", data=table).status_code == 400
    assert phone.post("/api/tracks/files?format=csv&datum=gcj02", data=table).get_json()["stored"] == 1


def test_a_file_with_another_areas_team_or_a_doctype_changes_nothing(phone, own_database):
    both = "device,recorded_at,sequence,lon,lat,team_code\n" + "".join(
        f"{team},2026-06-14T13:00:00Z,1,120.6,27.8,{team}\n" for team in (TEAM, OTHER_TEAM)
    )
    foreign = phone.post("/api/tracks/files?format=csv&datum=wgs84", data=both)
    assert (foreign.status_code, OTHER_TEAM in foreign.get_json()["detail"]) == (400, True)
    hostile = gpx(TEAM).replace(b"<gpx", b"<!DOCTYPE gpx><gpx", 1)
    assert phone.post("/api/tracks/files?format=gpx", data=hostile).status_code == 422
    assert rows(own_database, "SELECT count(*) FROM track_point") == [(0,)]


def test_a_file_with_a_wrong_row_says_which_and_stores_nothing(phone, own_database):
    usable = f"p,2026-06-14T13:00:00Z,1,120.6,27.8,{TEAM}"
    table = f"device,recorded_at,sequence,lon,lat,team_code\n{usable}\np,soon,2,120.6,27.8,\n"
    answer = phone.post("/api/tracks/files?format=csv&datum=wgs84&lang=en", data=table)
    assert answer.status_code == 400
    assert "1 rows cannot be used; the first is row 3, recorded_at." in answer.get_json()["detail"]
    assert rows(own_database, "SELECT count(*) FROM track_point") == [(0,)]
