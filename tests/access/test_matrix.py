"""The whole surface: every route, in every format, for every kind of caller, shows the own area only."""

import itertools
import re
from collections import Counter

from sqlalchemy import text

from gis_app.domain.rights import RIGHTS_OF, Right
from tests.access.asks import Ask
from tests.access.changes import CHANGES, OWN_ONLY
from tests.access.conftest import ROLES
from tests.access.places import (
    CITY,
    EAST,
    WEST,
)
from tests.access.planted_city import CHOSEN, DERIVED, scoped_tables
from tests.access.reads import READS, READS_BY_POST, WITHOUT_A_PROVIDER
from tests.access.told import READ_AS, ask, faults_of, rules_of, texts_of

OPEN = frozenset({"api.health", "log_in.page", "log_in.log_in"}) | WITHOUT_A_PROVIDER
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


LEAST_READS, LEAST_ASKED = 15_000, 800


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
    assert count >= LEAST_ASKED


def _any_path(rule):
    return re.sub(r"<(uuid:)?[^>]+>", "00000000-0000-4000-8000-000000000000", rule.rule)
