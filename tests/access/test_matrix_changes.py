"""Every route that changes something: it changes the own area only, and says nothing of another."""

import itertools
from collections import Counter

from tests.access.changes import CHANGES, REACH_NOBODY
from tests.access.conftest import LEVELS, ROLES
from tests.access.dumps import changed_tables, dump_of
from tests.access.places import (
    CITY,
    FOREIGN_TO,
    GRIDS,
    WEST,
    WEST_SIBLING,
    WEST_VILLAGE,
)
from tests.access.told import FORMATS, ask, faults_of
from tests.callers import account_in, logged_in

# A case that one route moved on cannot be moved in the same way by the next.
OTHER_PARTS = {
    "inspection_api.cancel": WEST_SIBLING,
    "plan_api.restore": WEST_SIBLING,
    "plan_api.take_step": GRIDS[0],
    "cases.desk_step": WEST_SIBLING,
    "cases.case_step": GRIDS[0],
    "hazards.correct_hazard": GRIDS[1],
}


LEAST_CHANGES = 800


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
