"""Every route is described, and no request that the description leads to breaks the server, whoever sends it."""

import itertools
import json
import os
from collections import Counter
from urllib.parse import quote, urlencode

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase
from schemathesis import GenerationMode
from schemathesis.transport.wsgi import WSGI_TRANSPORT

from gis_app.domain.rights import RIGHTS_OF, Role
from gis_app.web.openapi import openapi
from tests.access.asks import LAYERS, objects_of
from tests.access.changes import report_in
from tests.access.places import CITY, WEST, WEST_VILLAGE
from tests.callers import ReadingClient, account_in, logged_in

EXAMPLES = int(os.environ.get("JINGWEI_TEST_EXAMPLES", "5"))
"""Of each kind (fitting the description, and not) for each operation; each is sent by everybody."""
PROBLEM = {"type", "title", "status", "detail", "code"}
LEAST_OPERATIONS, LEAST_REQUESTS = 40, 3000


@pytest.fixture(scope="module")
def document(app):
    return openapi(app)


def test_every_route_but_files_has_a_contract_and_stands_in_the_document(app, log_in_as, document):
    told = log_in_as(Role.SUPERVISOR, CITY).get("/api/openapi.json").get_json()
    assert told == json.loads(json.dumps(document))
    described = {(method, each["operationId"]) for path in told["paths"].values() for method, each in path.items()}
    routes = {
        (method.lower(), f"{method.lower()}.{rule.endpoint}")
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if not rule.endpoint.startswith("static_files.")
    }
    assert described == routes


def test_what_the_document_says_of_rights_is_what_the_routes_require(app, document):
    for path in document["paths"].values():
        for method, each in path.items():
            view = app.view_functions[each["operationId"].removeprefix(f"{method}.")]
            assert each["x-right"] == view.declared_right
            assert ("security" in each) == (view.declared_right not in ("open", "member"))


class Everybody:
    """One browser of each role, and one that is not logged in; new ones when a log-in ended."""

    def __init__(self, city, make_app):
        self.city, self.app = city, make_app(city)
        self.logins = {role: account_in(city.app, self.app, WEST.path, role) for role in Role}
        self.clients = {}

    def anew(self):
        """Return the browsers, whose requests the server counts anew."""
        count_anew(self.app)
        for role, login in self.logins.items():
            known = self.clients.get(role)
            if known is None or known.get("/api/notices/unread").status_code == 401:
                self.clients[role] = logged_in(self.app.test_client(), login)
        return {**self.clients, None: self.app.test_client()}


def count_anew(app):
    """Let a server forget how often it was asked."""
    for limiter in app.extensions["limiter"]:
        limiter.reset()


def cases_of(operation, mode):
    """Return requests for an operation, always the same ones: such as fit its description, or such as do not."""
    found = []

    @hypothesis.seed(330381)
    @hypothesis.settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(operation.as_strategy(generation_mode=mode))
    def collect(case):
        found.append(WSGI_TRANSPORT.serialize_case(case))

    try:
        collect()
    except hypothesis.errors.Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE, "nothing fits the description of an operation"
    return found


def faults_of(answer):
    """Return what is wrong with an answer, whatever was asked."""
    if answer.status_code >= 500:
        return [f"{answer.status_code} {answer.get_data(as_text=True)[:200]}"]
    if answer.status_code < 400 or answer.mimetype == "text/html":
        return []
    body = answer.get_json(silent=True) or {}
    is_problem = (
        answer.mimetype == "application/problem+json"
        and body.keys() == PROBLEM
        and body["status"] == answer.status_code
        and body["type"] == f"urn:jingwei:error:{body['code']}"
        and all(body.values())
    )
    return [] if is_problem else [f"{answer.status_code} is no problem: {answer.mimetype} {body}"]


def to_generate_from(document, objects):
    """Return a copy without credentials, for senders bring their own, and with what there is to be named in paths."""
    copy = json.loads(json.dumps(document))
    del copy["components"]["securitySchemes"]
    there = {
        "layer_id": list(LAYERS),
        "hazard_id": [str(each) for each in objects.hazards.values()],
        "login": list(objects.logins.values()),
        "identity": [each for layer in objects.features.values() for each in layer.values()],
    }
    for path in copy["paths"].values():
        for each in path.values():
            each.pop("security", None)
            for parameter in each["parameters"]:
                if parameter["name"] in there:
                    parameter["schema"] = {"anyOf": [{"enum": there[parameter["name"]]}, parameter["schema"]]}
                if parameter["name"] == "z":
                    parameter["schema"]["maximum"] = 22
    return copy


def test_no_request_that_fits_the_document_or_does_not_breaks_the_server(make_city, make_app, document):
    everybody = Everybody(make_city(), make_app)
    statuses, faults, operations = {role: Counter() for role in (*Role, None)}, [], 0
    with everybody.city.superuser.connect() as connection:
        objects = objects_of(connection)
    schema = schemathesis.openapi.from_dict(to_generate_from(document, objects))
    for result in schema.get_all_operations():
        operation, operations = result.ok(), operations + 1
        asked = [case for mode in GenerationMode for case in cases_of(operation, mode)]
        clients = everybody.anew()
        for role, client in clients.items():
            for case in asked:
                answer = send(client, case)
                statuses[role][answer.status_code] += 1
                faults += [(role, operation.label, case.get("query_string"), fault) for fault in faults_of(answer)]
    total = sum(statuses.values(), Counter())
    print(
        f"\nschemathesis: {operations} operations x {len(statuses)} callers, {total.total()} requests: "
        f"{dict(sorted(total.items()))}, {len(faults)} faults"
    )
    assert faults == []
    assert operations >= LEAST_OPERATIONS
    assert total.total() >= LEAST_REQUESTS
    assert min(statuses[role][200] for role in Role) >= 15


def send(client: ReadingClient, case):
    if case["path"] != "/api/events":
        return client.open(**case)
    answer = client.open(**case, buffered=False)
    answer.close()
    return answer


HOSTILE = (
    *(
        "\0",
        "a\ud800",
        "\U0001f4a3\u202e",
        "'; --",
        "{0.__class__}",
        "",
        "-1",
        "1e400",
        "nan,nan,nan,nan",
        "9" * 40,
        "٣",
    ),
    *("x" * 3000, "9999-12-31", "\r\nX: y"),
)


def requests_with(value, document):
    """Yield right and request for each parameter and each field of a form or body, with a value in its place."""
    for path, methods in document["paths"].items():
        for method, each in methods.items():
            plain = {"method": method.upper(), "path": filled(path, each["parameters"], {})}
            for changed in changes_of(path, each, value):
                yield each["x-right"], {**plain, **changed}


def changes_of(path, operation, value):
    """Yield what of a request is to be replaced."""
    for parameter in operation["parameters"]:
        if parameter["in"] == "path":
            yield {"path": filled(path, operation["parameters"], {parameter["name"]: value})}
        else:
            yield {"query_string": encoded({parameter["name"]: value})}
    body = operation.get("requestBody", {"content": {}})["content"]
    for name in body.get(FORM, {"schema": {"properties": {}}})["schema"]["properties"]:
        yield {"data": encoded({**VALID_FORM, name: value}), "content_type": FORM}
    if "application/json" in body:
        bodies = (json.dumps({**json_of(path), name: value}) for name in json_of(path))
        for text in (value, *bodies):
            yield {"data": text.encode("utf-8", "surrogatepass"), "content_type": "application/json"}


FORM = "application/x-www-form-urlencoded"
VALID_FORM = {
    "login": "somebody",
    "role": "analyst",
    "area": WEST.word,
    "label": "x",
    "days": "1",
    "rights": "view_map",
}


def encoded(values):
    """Return values as they stand in an address or a form, halves of characters too."""
    return urlencode(values, errors="surrogatepass")


def json_of(path):
    """Return a body that one of the routes takes."""
    if "steps" in path:
        targets = [{"id": "00000000-0000-4000-8000-000000000000", "version": 1}]
        return {"action": "file", "hazards": targets, "reason": "", "unit": "fire", "value": 1, "id": None}
    if "{hazard_id}" in path:
        return {"version": 1, "title": "x", "category": "fire", "severity": "low", "place_name": "", "description": ""}
    return report_in(WEST_VILLAGE)


def filled(path, parameters, given):
    """Return a path with values for its arguments."""
    usual = {"integer": "1", "uuid": "00000000-0000-4000-8000-000000000000"}
    for each in parameters:
        if each["in"] == "path":
            schema = each["schema"]
            value = given.get(each["name"], usual.get(schema.get("format", schema["type"]), "hazards"))
            path = path.replace(f"{{{each['name']}}}", quote(value, safe="", errors="surrogatepass"))
    return path


def opened(client, asked):
    """Return an answer; of a stream of events, which does not end by itself, the first part."""
    if not asked["path"].startswith("/api/events"):
        return client.open(**asked)
    answer = client.open(**asked, buffered=False)
    answer.set_data(b"".join(itertools.islice(answer.response, 1)))
    return answer


def test_no_hostile_value_in_any_parameter_breaks_the_server(make_app, city, document):
    faults, statuses = [], Counter()
    app = make_app(city)
    logins = {role: account_in(city.app, app, WEST.path, role) for role in (Role.SUPERVISOR, Role.ADMINISTRATOR)}
    for value in HOSTILE:
        count_anew(app)
        clients = {role: logged_in(app.test_client(), login) for role, login in logins.items()}
        for right, asked in requests_with(value, document):
            able = (role for role in clients if right in RIGHTS_OF[role])
            answer = opened(clients[next(able, Role.SUPERVISOR)], asked)
            statuses[answer.status_code] += 1
            faults += [(value, asked, fault) for fault in faults_of(answer)]
    print(f"\nhostile values: {statuses.total()} requests, {dict(sorted(statuses.items()))}, {len(faults)} faults")
    assert faults == []
    assert statuses.total() >= 150 * len(HOSTILE)
    assert statuses[400] >= 50 * len(HOSTILE)
