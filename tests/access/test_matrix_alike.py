"""What is another area's answers as what is missing; counts are those of the own area."""

import itertools
import json
import re
from collections import Counter

import mapbox_vector_tile
import pytest
from sqlalchemy import text

from gis_app.domain.rights import Role
from tests.access.asks import LAYERS, WINDOW, Ask, tile_path
from tests.access.conftest import LEVELS
from tests.access.named_objects import NAMES_NO_OBJECT, named_objects
from tests.access.places import (
    CITY,
    EAST,
    FOREIGN_TO,
    NORTH,
    SOUTH,
    WEST,
)
from tests.access.planted_city import NOW
from tests.access.told import FORMATS, READ_AS, ask, same_words

LEAST_PAIRS = 1000


def test_a_foreign_thing_and_a_missing_one_answer_alike_to_the_byte(app, callers, objects):
    with_arguments = {rule.endpoint for rule in app.url_map.iter_rules() if rule.arguments}
    compared, kinds = Counter(), set()
    for caller in callers:
        level = next((name for name, home in LEVELS.items() if home is caller.home), None)
        for foreign in FOREIGN_TO.get(level, ()):
            pairs = named_objects(objects, foreign)
            assert with_arguments - NAMES_NO_OBJECT.keys() <= pairs.keys(), "a route names a thing without a recipe"
            for endpoint, asks in pairs.items():
                for (other, missing), headers in itertools.product(asks, READ_AS):
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
