"""What every answer carries and no answer does: headers, cookies, redirects, and limits on what is sent."""

import re

import pytest

from gis_app.domain.rights import Role
from gis_app.web.rate_limits import MOST_BODY_BYTES, MOST_FORM_BYTES, MOST_FORM_FIELDS
from tests.access.asks import WINDOW, objects_of, tile_path
from tests.access.conftest import ROLES
from tests.access.places import CITY, WEST
from tests.access.reads import READS
from tests.callers import PASSWORD, account_in

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
FOREIGN_PLACES = (
    *(
        "https://evil.example",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "evil.example",
    ),
    *("http:evil.example", "https:/evil.example", "javascript:alert(1)", "data:text/html,x", "/\t/evil.example"),
    *(
        "\t//evil.example",
        " //evil.example",
        "/\n/evil.example",
        "/\r\nSet-Cookie: a=b",
        "/%0d%0a\r\nX: y",
        "",
    ),
)
OWN_PLACES = ("/", "/accounts", "/audit?account=a&action=b", "/?lang=en#x", "/a//b", "/%2f%2fevil.example", "/..//x")


def assert_guarded(answer):
    """Fail unless an answer carries what every answer has to, and is kept by nobody but its reader."""
    told = answer.headers
    assert {name: told.get(name) for name in HEADERS} == HEADERS, answer.request.path
    policy = told["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-eval" not in policy
    assert "'unsafe-inline'" not in re.search(r"script-src[^;]*", policy).group(0)
    assert "camera=()" in told["Permissions-Policy"]
    assert "Server" not in told
    kept = told["Cache-Control"]
    if answer.request.path.startswith(("/static/", "/favicon")) and answer.status_code == 200:
        assert "private" not in kept
    elif kept != "private, no-store":
        assert kept.startswith("private, max-age=")
        assert {"Cookie", "Accept-Encoding"} <= set(answer.vary)
        assert answer.status_code == 204 or answer.get_etag()[0]


def test_every_answer_of_every_route_carries_the_security_headers(app, city, log_in_as):
    with city.superuser.connect() as connection:
        objects = objects_of(connection)
    asks = [asked for recipe in READS.values() for asked in list(recipe(objects))[::4] if not asked.is_stream]
    statuses = set()
    for client in (app.test_client(), *(log_in_as(role, WEST) for role in ROLES)):
        for asked in asks:
            for accepted in ("application/json", "text/html"):
                answer = client.get(asked.path, headers={"Accept": accepted})
                assert_guarded(answer)
                statuses.add(answer.status_code)
    assert {200, 204, 302, 401, 403, 404} <= statuses


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing/here", 404),
        ("PUT", "/api/hazards", 405),
        ("POST", "/api/hazards", 400),
        ("GET", "/api/kpi?from=never", 400),
        ("GET", "/static/../../etc/passwd", 404),
    ],
)
def test_errors_carry_them_too(log_in_as, method, path, status):
    answer = log_in_as(Role.SUPERVISOR, WEST).open(path, method=method)
    assert answer.status_code == status
    assert_guarded(answer)


def test_what_a_browser_may_keep_is_asked_for_again_by_another_account(log_in_as):
    west, city = log_in_as(Role.SUPERVISOR, WEST), log_in_as(Role.SUPERVISOR, CITY)
    route = f"{tile_path('hazards', 9, 120.7)}?{WINDOW}"
    own, whole = west.get(route), city.get(route)
    assert own.get_etag() != whole.get_etag()
    assert west.get(route, headers={"If-None-Match": own.headers["ETag"]}).status_code == 304
    assert west.get(route, headers={"If-None-Match": whole.headers["ETag"]}).status_code == 200


@pytest.mark.parametrize("place", FOREIGN_PLACES)
def test_nobody_is_sent_to_another_server_after_the_log_in(app, city, place):
    login = account_in(city.app, app, WEST.path, Role.SUPERVISOR)
    client = app.test_client()
    answer = client.post("/login", data={"login": login, "password": PASSWORD, "next": place})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert {name for name, _ in answer.headers} & {"X"} == set()
    assert client.get("/login", query_string={"next": place}).headers["Location"] == "/"
    assert [cookie.partition("=")[0] for cookie in answer.headers.getlist("Set-Cookie")] == ["jingwei_session"]


@pytest.mark.parametrize("place", OWN_PLACES)
def test_a_place_of_our_own_is_gone_to_after_the_log_in(log_in_as, place):
    answer = log_in_as(Role.SUPERVISOR, WEST).get("/login", query_string={"next": place})
    assert (answer.status_code, answer.headers["Location"]) == (302, place)


@pytest.mark.parametrize("value", ["zh\r\nX-Evil: 1", "en; Secure\nSet-Cookie: a=b", "../../etc", "<script>", "EN"])
def test_a_language_that_is_none_goes_nowhere(log_in_as, value):
    answer = log_in_as(Role.SUPERVISOR, WEST).get("/", query_string={"lang": value})
    assert answer.status_code == 200
    assert "X-Evil" not in answer.headers
    assert "evil" not in str(answer.headers.getlist("Set-Cookie")).lower()
    assert 'lang="zh"' in answer.get_data(as_text=True)


def cookies_of(app, login, **environ):
    client = app.test_client()
    answer = client.post("/login", data={"login": login, "password": PASSWORD}, environ_overrides=environ or None)
    assert answer.status_code == 303, answer.get_data(as_text=True)
    (cookie,) = answer.headers.getlist("Set-Cookie")
    name, _, rest = cookie.partition("=")
    return name, {part.strip().partition("=")[0]: part.strip().partition("=")[2] for part in rest.split(";")[1:]}


def test_the_cookie_is_for_this_server_alone_and_not_for_scripts(app, city):
    name, said = cookies_of(app, account_in(city.app, app, WEST.path, Role.SUPERVISOR))
    assert name == "jingwei_session"
    assert said.keys() == {"Expires", "HttpOnly", "Path", "SameSite"}
    assert (said["Path"], said["SameSite"]) == ("/", "Lax")


def test_behind_a_proxy_with_https_the_cookie_is_bound_to_https_and_this_host(make_app, city):
    app = make_app(city, proxies=1)
    login = account_in(city.app, app, WEST.path, Role.SUPERVISOR)
    https = {"HTTP_X_FORWARDED_PROTO": "https", "HTTP_ORIGIN": "https://localhost"}
    name, said = cookies_of(app, login, **https)
    assert name == "__Host-jingwei_session"
    assert said.keys() == {"Expires", "HttpOnly", "Path", "SameSite", "Secure"}
    assert (said["Path"], said["SameSite"]) == ("/", "Lax")


def test_a_header_of_a_proxy_is_not_believed_without_one(app, city):
    login = account_in(city.app, app, WEST.path, Role.SUPERVISOR)
    name, said = cookies_of(app, login, HTTP_X_FORWARDED_PROTO="https")
    assert name == "jingwei_session"
    assert "Secure" not in said


def test_every_cookie_of_https_is_secure(make_app, city):
    app = make_app(city, proxies=1)
    login, set_here = account_in(city.app, app, WEST.path, Role.SUPERVISOR), []
    client = app.test_client()
    https = {"HTTP_X_FORWARDED_PROTO": "https", "HTTP_ORIGIN": "https://localhost"}
    client.post("/login", data={"login": login, "password": PASSWORD}, environ_overrides=https)
    secret = client.get_cookie("__Host-jingwei_session").value
    for path in ("/", "/?lang=en", "/account?lang=zh", "/login?lang=en"):
        answer = client.get(path, environ_overrides={**https, "HTTP_COOKIE": f"__Host-jingwei_session={secret}"})
        set_here += answer.headers.getlist("Set-Cookie")
    assert set_here
    assert [cookie for cookie in set_here if "Secure" not in cookie or "HttpOnly" not in cookie] == []


def test_a_body_that_is_too_large_is_refused(log_in_as):
    client = log_in_as(Role.SUPERVISOR, WEST)
    answer = client.post("/api/hazards", data=b" " * (MOST_BODY_BYTES + 1), content_type="application/json")
    assert (answer.status_code, answer.get_json()["status"]) == (413, 413)
    assert_guarded(answer)
    assert client.post("/api/hazards", data=b" " * 1000, content_type="application/json").status_code == 400


@pytest.mark.parametrize("path", ["/login", "/account/tokens", "/account/password"])
def test_a_form_that_is_too_large_or_has_too_many_parts_is_refused(log_in_as, path):
    client = log_in_as(Role.SUPERVISOR, WEST)
    long = {"label": "x" * (MOST_FORM_BYTES + 1)}
    many = {f"field{number}": "x" for number in range(MOST_FORM_FIELDS + 1)}
    for content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
        assert client.post(path, data=long, content_type=content_type).status_code == 413
    assert client.post(path, data=many, content_type="multipart/form-data").status_code == 413


@pytest.mark.parametrize("length", ["-1", "many", "99999999999999999999"])
def test_a_length_that_is_none_harms_nothing(log_in_as, length):
    client = log_in_as(Role.SUPERVISOR, WEST)
    answer = client.post("/api/hazards", data=b"{}", environ_overrides={"CONTENT_LENGTH": length})
    assert answer.status_code in (400, 413)
