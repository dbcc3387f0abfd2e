"""The whole surface: every route, in every format, for every kind of caller, shows and changes the own area only."""

import gzip
import itertools
import json
import re
from collections import Counter
from html import escape
from urllib.parse import quote

import mapbox_vector_tile
import pytest
from sqlalchemy import text

from gis_app.domain.rights import RIGHTS_OF, Right, Role
from gis_app.services import accounts
from gis_app.storage.engine import system_scope
from tests.access.asks import LAYERS, WINDOW, Ask, objects_of, tile_path
from tests.access.changes import CHANGES, OWN_ONLY, REACH_NOBODY
from tests.access.conftest import LEVELS, ROLES, Caller
from tests.access.dumps import changed_tables, dump_of
from tests.access.named_objects import NAMES_NO_OBJECT, named_objects
from tests.access.places import (
    CITY,
    EAST,
    EAST_VILLAGE,
    GRIDS,
    NORTH,
    PLACES,
    SOUTH,
    WEST,
    WEST_SIBLING,
    WEST_VILLAGE,
    foreign_words,
)
from tests.access.planted_city import CHOSEN, DERIVED, NOW, scoped_tables
from tests.access.reads import READS, READS_BY_POST, WITHOUT_A_PROVIDER
from tests.callers import account_in, logged_in

FORMATS = tuple(
    {"Accept": accepted, "Accept-Encoding": encoding}
    for accepted, encoding in itertools.product(
        ("application/json", "text/html,application/xhtml+xml,*/*;q=0.8"), ("gzip", "identity")
    )
)
# Each format and each encoding once; tiles and files, which heed no Accept, come in both encodings.
READ_AS = (FORMATS[0], FORMATS[3])
OPEN = frozenset({"api.health", "log_in.page", "log_in.log_in"}) | WITHOUT_A_PROVIDER
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
EVERY_WORD = frozenset(each.word for each in PLACES)
FOREIGN_TO = {
    "village": (WEST, WEST_SIBLING, EAST, EAST_VILLAGE, CITY),
    "township": (EAST, EAST_VILLAGE, CITY),
}
# A case that one route moved on cannot be moved in the same way by the next.
OTHER_PARTS = {
    "inspection_api.cancel": WEST_SIBLING,
    "plan_api.restore": WEST_SIBLING,
    "plan_api.take_step": GRIDS[0],
    "cases.desk_step": WEST_SIBLING,
    "cases.case_step": GRIDS[0],
    "hazards.correct_hazard": GRIDS[1],
}
LEAST_READS, LEAST_CHANGES, LEAST_PAIRS = 15_000, 800, 1000


@pytest.fixture(scope="module")
def objects(city):
    with city.superuser.connect() as connection:
        return objects_of(connection)


@pytest.fixture(scope="module")
def callers(app, city, log_in_as):
    """Everybody: three levels by three roles that together hold every right, a disabled account, and nobody."""
    made = [
        Caller(f"{level} {role.value}", log_in_as(role, home), home, role)
        for level, home in LEVELS.items()
        for role in ROLES
    ]
    login = account_in(city.app, app, CITY.path, Role.PATROL_PLANNER)
    disabled = logged_in(app.test_client(), login)
    # Before its first request, so that the gate never knew it otherwise.
    accounts.set_active(app.extensions["jingwei"].ledger, system_scope("test"), login, is_active=False)
    return [*made, Caller("disabled", disabled, None), Caller("anonymous", app.test_client(), None)]


def rules_of(app):
    return [(rule, method) for rule in app.url_map.iter_rules() for method in sorted(rule.methods)]


def test_every_text_column_of_every_table_with_an_area_is_planted(city):
    with city.superuser.connect() as connection:
        for table, columns in scoped_tables(connection).items():
            for place in (WEST, EAST):
                rows = f"FROM {table} WHERE starts_with(scope_path, :path)"
                free = [each for each in columns if each.holds_a_mark and (table, each.name) not in CHOSEN]
                texts = [] if table in DERIVED else [each.name for each in free]
                held = "".join(f", bool_or({name}::text LIKE '%{place.word[:6]}%')" for name in texts)
                count, *marked = connection.execute(text(f"SELECT count(*){held} {rows}"), {"path": place.path}).one()
                assert count > 0, f"{table} has no row of {place.word}: planted_city.py has to plant one"
                unmarked = [name for name, is_marked in zip(texts, marked, strict=True) if not is_marked]
                assert unmarked == [], f"{table} has texts without a mark of {place.word}"


def test_every_route_has_a_recipe(app):
    posted = CHANGES.keys() | OWN_ONLY.keys() | READS_BY_POST.keys()
    unknown = {
        f"{method} {rule.rule}"
        for rule, method in rules_of(app)
        if rule.endpoint not in (READS if method in SAFE else posted)
        and not (method == "OPTIONS" and rule.endpoint in posted)
    }
    assert unknown == set()
    endpoints = {rule.endpoint for rule, _ in rules_of(app)}
    assert endpoints == READS.keys() | posted


def test_the_callers_hold_every_right_between_them():
    assert frozenset().union(*(RIGHTS_OF[role] for role in ROLES)) == frozenset(Right)


def ask(caller, asked, headers):
    if not asked.is_stream or asked.method != "GET":
        return caller.client.open(asked.path, method=asked.method, headers=headers, **asked.body())
    answer = caller.client.get(asked.path, headers=headers, buffered=False)
    stream = answer.response
    answer.set_data(b"".join(itertools.islice(stream, 2)))
    # A stream left open counts as a screen that is connected.
    if hasattr(stream, "close"):
        stream.close()
    return answer


def texts_of(answer):
    """Return what an answer says: its body unpacked, and its headers."""
    body = answer.get_data()
    if answer.headers.get("Content-Encoding") == "gzip" and body:
        body = gzip.decompress(body)
    return body, "\n".join(f"{name}: {value}" for name, value in answer.headers)


def longitudes(asked, answer, body):
    """Return every longitude near the city that an answer tells, and how coarse they are told."""
    if answer.content_type == "application/vnd.mapbox-vector-tile":
        parts = asked.path.partition("?")[0].removesuffix(".mvt").split("/")
        # /tiles/LAYER/z/x/y.mvt, and in the OGC order /ogc/…/z/row/column
        zoom, column = int(parts[-3]), int(parts[-1 if asked.path.startswith("/ogc") else -2])
        side = 360 / 2**zoom
        layers = mapbox_vector_tile.decode(body, default_options={"y_coord_down": True})
        shapes = [feature["geometry"]["coordinates"] for layer in layers.values() for feature in layer["features"]]
        return [column * side - 180 + x / 4096 * side for x in flat(shapes)], side / 4096
    return [float(number) for number in re.findall(rb"(?<![\d.])120\.\d+", body)], 0.0


def flat(coordinates):
    """Yield the first number of every point of nested lists of points."""
    for each in coordinates:
        if isinstance(each[0], int | float):
            yield each[0]
        else:
            yield from flat(each)


def faults_of(caller, asked, answer):
    """Return what an answer tells that is not the caller's."""
    body, headers = texts_of(answer)
    if caller.home is None and answer.status_code == 302:
        # What was asked for is said again, and nothing else.
        place = f"/login?next={quote(asked.path, safe='/')}"
        assert answer.headers["Location"] == place
        body, headers = body.replace(escape(place).encode(), b""), headers.replace(place, "")
    for echo in asked.echoes():
        body, headers = body.replace(echo.encode(), b""), headers.replace(echo, "")
    words = foreign_words(caller.home) if caller.home else EVERY_WORD
    faults = [word for word in words if word.encode() in body or word in headers]
    west, east = (caller.home.west, caller.home.east) if caller.home else (0, 0)
    found, coarse = longitudes(asked, answer, body)
    strayed = [lon for lon in found if not west - coarse - 1e-4 <= lon <= east + coarse + 1e-4]
    return [*faults, *(f"longitude {lon}" for lon in strayed[:3])]


def test_nobody_reads_anything_of_another_area_on_any_route_in_any_format(app, callers, objects, city):
    faults, answered, seen, statuses = [], Counter(), set(), Counter()
    routes = {endpoint: list(recipe(objects)) for endpoint, recipe in (READS | READS_BY_POST).items()}
    for caller in sorted(callers, key=lambda each: each.home is not CITY):
        for endpoint, asks in routes.items():
            for asked, headers in itertools.product(asks, READ_AS):
                answer = ask(caller, asked, headers)
                statuses[answer.status_code] += 1
                answered[endpoint] += answer.status_code in (200, 204)
                faults += [(caller.name, asked.path, fault) for fault in faults_of(caller, asked, answer)]
                if caller.home is None and endpoint not in OPEN and not endpoint.startswith("static_files."):
                    assert answer.status_code in (401, 302), asked.path
                if caller.home is CITY:
                    seen |= set(re.findall(rb"kanar[a-z]+\.\w+\.\w+", texts_of(answer)[0]))
    assert faults == []
    # 400: nothing to export; 422: a statement over a view that is not the caller's.
    assert statuses.keys() <= {200, 204, 302, 400, 401, 403, 404, 422}
    assert {endpoint for endpoint in routes if not answered[endpoint]} == WITHOUT_A_PROVIDER
    columns = {mark.partition(b".")[2] for mark in seen if mark.startswith((b"kanareast", b"kanarev"))}
    total = statuses.total()
    print(
        f"\nmatrix, reading: {len(routes)} routes x {len(callers)} callers x {len(READ_AS)} formats, {total} requests: "
        f"0 words, 0 places of another area; to the city {len(columns)} planted columns of the east are shown: "
        f"{', '.join(sorted(column.decode() for column in columns))}"
    )
    assert total >= LEAST_READS
    assert len(columns) >= 15


def test_head_and_options_tell_nothing_either(app, callers, objects):
    faults, count = [], 0
    for rule, method in rules_of(app):
        if method not in ("HEAD", "OPTIONS"):
            continue
        asks = list(READS[rule.endpoint](objects))[:3] if rule.endpoint in READS else [Ask(_any_path(rule))]
        for caller, asked in itertools.product(callers, asks):
            if asked.is_stream and method == "HEAD":
                continue
            answer = caller.client.open(asked.path, method=method)
            count += 1
            assert answer.status_code < 500, (asked.path, method, caller.name)
            faults += [(caller.name, asked.path, fault) for fault in faults_of(caller, asked, answer)]
    assert faults == []
    print(f"\nmatrix, HEAD and OPTIONS: {count} requests, 0 faults")
    assert count >= LEAST_CHANGES


def _any_path(rule):
    return re.sub(r"<(uuid:)?[^>]+>", "00000000-0000-4000-8000-000000000000", rule.rule)


def test_nobody_changes_anything_of_another_area_on_any_route(app, callers, objects, city):
    accepted, faults, statuses = [], [], Counter()
    before = dump_of(city.superuser)
    for caller in callers:
        level = next((name for name, home in LEVELS.items() if home is caller.home), None)
        if caller.home is CITY:
            continue
        home = caller.home or LEVELS["township"]
        for foreign in FOREIGN_TO[level or "township"]:
            for recipe, headers in itertools.product(CHANGES.values(), FORMATS[::2]):
                for asked in recipe(objects, home, foreign):
                    answer = ask(caller, asked, headers)
                    statuses[answer.status_code] += 1
                    if answer.status_code < 400:
                        accepted.append((caller.name, asked.method, asked.path, answer.status_code))
                    faults += [(caller.name, asked.path, fault) for fault in faults_of(caller, asked, answer)]
    changed = changed_tables(before, dump_of(city.superuser))
    print(f"\nmatrix, changing: {len(CHANGES)} routes, {statuses.total()} attempts on another area, {dict(statuses)}")
    assert accepted == []
    assert changed == set()
    assert faults == []
    assert statuses.keys() <= {400, 401, 403, 404, 409}
    assert statuses[400] >= 50
    assert statuses[404] >= 50
    assert statuses.total() >= LEAST_CHANGES


def test_the_same_changes_to_the_own_area_are_accepted(make_app, make_city, objects):
    """Without this the refusals might come from a wrong body."""
    city = make_city()
    app, accepted = make_app(city), set()
    for role in ROLES:
        client = logged_in(app.test_client(), account_in(city.app, app, WEST.path, role))
        for endpoint, recipe in CHANGES.items():
            part = OTHER_PARTS.get(endpoint, WEST_VILLAGE)
            for asked in recipe(objects, WEST, part):
                if client.open(asked.path, method=asked.method, **asked.body()).status_code < 400:
                    accepted.add(endpoint)
    assert CHANGES.keys() - accepted == REACH_NOBODY.keys()


def same_words(answer):
    """Return all an answer tells but the time and the nonce, which differ from answer to answer."""
    nonce = re.search(r"'nonce-([^']+)'", answer.headers.get("Content-Security-Policy", ""))
    body, _ = texts_of(answer)
    told = [(name, value) for name, value in answer.headers if name not in ("Date", "Content-Security-Policy")]
    return answer.status_code, body.replace(nonce.group(1).encode(), b"") if nonce else body, told


def test_a_foreign_thing_and_a_missing_one_answer_alike_to_the_byte(app, callers, objects):
    with_arguments = {rule.endpoint for rule in app.url_map.iter_rules() if rule.arguments}
    compared, kinds = Counter(), set()
    for caller in callers:
        level = next((name for name, home in LEVELS.items() if home is caller.home), None)
        for foreign in FOREIGN_TO.get(level, ()):
            pairs = named_objects(objects, foreign)
            assert with_arguments - NAMES_NO_OBJECT.keys() <= pairs.keys(), "a route names a thing without a recipe"
            for endpoint, asks in pairs.items():
                for (other, missing), headers in itertools.product(asks, FORMATS):
                    answers = [ask(caller, each, headers) for each in (other, missing)]
                    assert same_words(answers[0]) == same_words(answers[1]), (caller.name, other.path)
                    assert answers[0].status_code in (403, 404), (caller.name, other.path)
                    compared[answers[0].status_code] += 1
                    kinds |= {endpoint} if answers[0].status_code == 404 else set()
    print(f"\nmatrix, foreign against missing: {len(kinds)} routes, {compared[404]} pairs of 404, alike to the byte")
    assert kinds == pairs.keys()
    assert compared[404] >= LEAST_PAIRS


@pytest.mark.parametrize("layer", LAYERS)
def test_a_tile_of_another_area_and_one_of_the_sea_answer_alike(callers, layer):
    for caller in callers:
        if caller.home in (None, CITY):
            continue
        foreign, sea = (Ask(f"{tile_path(layer, 14, lon)}?{WINDOW}") for lon in (120.75, 125.0))
        answers = [ask(caller, each, FORMATS[0]) for each in (foreign, sea)]
        assert same_words(answers[0]) == same_words(answers[1])
        assert answers[0].status_code in (204, 404)


COUNTS = """
SELECT count(*) AS listed,
       count(*) FILTER (WHERE stage NOT IN ('closed', 'void')) AS open,
       count(*) FILTER (WHERE stage NOT IN ('closed', 'void') AND due_at < :now) AS overdue,
       count(*) FILTER (WHERE stage <> 'void' AND due_at <= :now) AS due,
       count(*) FILTER (WHERE stage = 'closed' AND due_at <= :now) AS closed,
       (SELECT count(*) FROM team WHERE starts_with(scope_path, :path)) AS teams,
       (SELECT count(DISTINCT team_id) FROM patrol p WHERE starts_with(scope_path, :path)
        AND night = (SELECT max(night) FROM patrol WHERE starts_with(scope_path, :path))) AS teams_out,
       (SELECT count(*) FROM grid_coverage WHERE starts_with(scope_path, :path)
        AND night = (SELECT max(night) FROM patrol WHERE starts_with(scope_path, :path))) AS grids,
       (SELECT array_agg(DISTINCT night::text) FROM patrol WHERE starts_with(scope_path, :path)) AS nights,
       (SELECT count(*) FROM account WHERE starts_with(scope_path, :path)) AS accounts,
       to_char(max(discovered_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS') || '+00:00' AS newest
FROM hazard WHERE starts_with(scope_path, :path)"""


@pytest.mark.parametrize("level", LEVELS)
def test_every_count_is_that_of_the_own_area(city, log_in_as, level):
    home = LEVELS[level]
    with city.superuser.connect() as connection:
        own = connection.execute(text(COUNTS), {"path": home.path, "now": NOW}).one()
    supervisor, administrator = log_in_as(Role.SUPERVISOR, home), log_in_as(Role.ADMINISTRATOR, home)
    strip = supervisor.get(f"/api/kpi?{WINDOW}").get_json()
    assert (strip["open"], strip["overdue"]) == (own.open, own.overdue)
    assert (strip["closing_rate"]["closed"], strip["closing_rate"]["due"]) == (own.closed, own.due)
    assert (strip["coverage_last_night"]["night"], strip["coverage_last_night"]["grids"]) == (
        max(own.nights),
        own.grids,
    )
    assert strip["teams_out"] == {"value": own.teams_out, "of": own.teams}
    assert strip["data_until"] == own.newest
    listed = supervisor.get(f"/api/hazards?{WINDOW}").get_json()["features"]
    table = supervisor.get(f"/api/hazards.csv?{WINDOW}").get_data(as_text=True).splitlines()
    assert (len(listed), len(table) - 1) == (own.listed, own.listed)
    for zoom in (7, 9):
        body = supervisor.get(f"{tile_path('hazards', zoom, 120.7)}?{WINDOW}").get_data()
        cells = mapbox_vector_tile.decode(body)["hazards"]["features"]
        assert sum(cell["properties"]["count"] for cell in cells) == own.listed
        assert sum(cell["properties"]["open_count"] for cell in cells) == own.open
    page = supervisor.get("/").get_data(as_text=True)
    config = json.loads(re.search(r'id="jingwei-config"[^>]*>(.*?)</script>', page, re.DOTALL).group(1))
    assert sorted(config["nights"]) == sorted(own.nights)
    assert config["city"]["bounds"] == pytest.approx([home.west, SOUTH, home.east, NORTH])
    assert administrator.get("/accounts").get_data(as_text=True).count('<th scope="row">') == own.accounts


def test_no_two_areas_have_the_same_counts(city):
    """Else the test above could not tell whose count it sees."""
    with city.superuser.connect() as connection:
        counts = [
            connection.execute(text(COUNTS), {"path": each.path, "now": NOW}).one() for each in (CITY, WEST, EAST)
        ]
    for name in ("listed", "open", "overdue", "due", "teams", "nights"):
        assert len({str(getattr(row, name)) for row in counts}) == len(counts), name
