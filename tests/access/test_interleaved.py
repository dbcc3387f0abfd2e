"""Two townships ask at once through two pooled connections: no request ever runs in the scope of another."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from flask.testing import FlaskClient
from sqlalchemy import event, text

from gis_app.domain.rights import Role
from tests.access.asks import WINDOW, tile_path
from tests.access.places import EAST, WEST, Place, foreign_words
from tests.callers import account_in, logged_in

REQUESTS, CONNECTIONS = 10_000, 2
ROLES = (Role.SUPERVISOR, Role.DISPATCHER)
ROUTES = (
    "/api/kpi",
    f"/api/hazards?{WINDOW}&limit=4",
    f"{tile_path('hazards', 9, 120.7)}?{WINDOW}",
    f"{tile_path('villages', 12, 120.65)}",
    f"{tile_path('villages', 12, 120.75)}",
    "/api/search?q=kanar",
)


@dataclass
class Desk:
    """One account at one desk, and what it was told that it must not be."""

    client: FlaskClient
    home: Place
    open_count: int

    def ask(self, number):
        """Ask the n-th route and return its status and what of another area it told."""
        route = ROUTES[number % len(ROUTES)]
        answer = self.client.get(route)
        body = answer.get_data()
        strayed = [word for word in foreign_words(self.home) if word.encode() in body]
        if route == "/api/kpi" and answer.get_json()["open"] != self.open_count:
            strayed.append(f"open: {answer.get_json()['open']}")
        return answer.status_code, route, strayed


def test_ten_thousand_interleaved_requests_of_two_townships_keep_to_their_scope(make_app, make_city):
    city = make_city(pool_size=CONNECTIONS)
    app = make_app(city, tile_cache_mb=0)
    last_scope, scopes, handovers = {}, Counter(), Counter()

    @event.listens_for(city.app, "before_cursor_execute")
    def note(connection, cursor, statement, parameters, context, executemany):
        if "set_config('jingwei.scope'" in statement:
            own, path = connection.connection.dbapi_connection.info.backend_pid, parameters["path"]
            handovers[own] += last_scope.get(own) != path
            last_scope[own] = path
            scopes[path] += 1

    desks = [
        Desk(logged_in(app.test_client(), account_in(city.app, app, home.path, role)), home, _open_count(city, home))
        for role in ROLES
        for home in (WEST, EAST)
    ]
    start = threading.Barrier(len(desks))

    def work(desk):
        start.wait()
        return [desk.ask(number) for number in range(REQUESTS // len(desks))]

    with ThreadPoolExecutor(len(desks)) as threads:
        told = [each for answers in threads.map(work, desks) for each in answers]
    statuses, strayed = Counter(status for status, _, _ in told), [each for each in told if each[2]]
    print(
        f"\ninterleaved: {len(told)} requests of {len(desks)} desks in 2 townships on {len(handovers)} connections, "
        f"which changed scope {handovers.total()} times in {scopes.total()} transactions: {dict(statuses)}, "
        f"{len(strayed)} strayed"
    )
    assert strayed == []
    assert statuses.keys() <= {200, 204}
    assert len(told) == REQUESTS
    assert len(handovers) == CONNECTIONS
    assert min(handovers.values()) >= REQUESTS // 20
    assert min(scopes[WEST.path], scopes[EAST.path]) >= REQUESTS // 3


def _open_count(city, home):
    query = "SELECT count(*) FROM hazard WHERE stage NOT IN ('closed', 'void') AND starts_with(scope_path, :path)"
    with city.superuser.connect() as connection:
        return connection.execute(text(query), {"path": home.path}).scalar_one()
