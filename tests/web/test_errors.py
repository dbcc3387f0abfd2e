"""Errors: one table of statuses, a sentence in the reader's language, never a trace."""

import ast
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from flask import Flask
from jinja2.ext import babel_extract
from sqlalchemy import text
from werkzeug.exceptions import MethodNotAllowed

from gis_app import web
from gis_app.domain import errors as domain_errors
from gis_app.domain.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    JingweiError,
    NotFound,
    Refused,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from gis_app.storage.engine import make_engine, scoped, system_scope
from gis_app.web import errors
from gis_app.web.access import open_to_all

PACKAGE = Path(web.__file__).parents[1]
SEEN_IN_THE_BROWSER = (
    *("domain", "web", "storage/engine.py", "storage/cql2", "rendering/assets.py", "rendering/layer_spec.py"),
    *(
        f"services/{name}.py"
        for name in (
            *("accounts", "api_tokens", "audit", "features", "gate", "hazards", "health", "indicators", "log_in"),
            *(
                "identity_provider",
                "closed_loop",
                "looks",
                "maps",
                "provider_log_in",
                "provider_metadata",
                "routing_rules",
                "search",
                "small_layers",
            ),
            *(
                "area_names",
                "area_query",
                "basemaps",
                "reach",
                "shift_log",
                "professionals",
                "feature_collections",
                "desk_limits",
                "coverage_reports",
                "duties",
                "findings",
                "hotspot_maps",
                "hotspot_trials",
                "inspection_lists",
                "inspections",
                "patrol_plans",
                "plan_edits",
                "plan_solving",
                "boundary_findings",
                "direct_import",
                "import_jobs",
                "import_points",
                "import_preview",
                "import_queue",
                "import_undo",
                "import_work",
                "kpis",
                "published",
                "ratings",
                "loop_steps",
                "retention",
                "tiles",
                "track_files",
                "track_intake",
                "webhooks",
            ),
        )
    ),
)
ERRORS = {
    *("InvalidInput", "Refused", "NotFound", "Forbidden", "Conflict", "Unavailable", "Unauthenticated", "TooMany"),
    *("gettext", "lazy_gettext", "none_of"),
}


@pytest.fixture
def failing(make_app):
    """A client whose route /fail/<n> raises what the test names."""
    app: Flask = make_app()
    client = app.test_client()
    raised = []

    @app.get("/fail")
    @open_to_all
    def fail():
        raise raised[0]

    def call(error, **headers):
        raised[:] = [error]
        return client.get("/fail", headers=headers)

    return call


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InvalidInput("x"), 400),
        (Refused("x"), 422),
        (NotFound("x"), 404),
        (Forbidden("x"), 403),
        (Conflict("x"), 409),
        (Unavailable("x"), 503),
        (Unauthenticated("x"), 401),
        (TooMany("x", retry_after_s=7), 429),
        (JingweiError("x"), 500),
        (MethodNotAllowed(), 405),
    ],
)
def test_every_error_class_has_its_status(failing, error, status):
    answer = failing(error)
    assert answer.status_code == status
    body = answer.get_json()
    assert answer.content_type == "application/problem+json; charset=utf-8"
    assert body.keys() == {"type", "title", "status", "detail", "code"}
    assert body["status"] == status
    if isinstance(error, JingweiError):
        assert body["code"] == error.code


def test_the_table_names_every_class_of_the_error_tree():
    classes = {
        each for each in vars(domain_errors).values() if isinstance(each, type) and issubclass(each, JingweiError)
    }
    assert set(errors.STATUS_OF) == classes


def test_a_sentence_comes_in_the_readers_language_with_its_values(failing):
    error = NotFound("There is no layer {layer}.", layer="<b>x</b>")
    assert failing(error, **{"Accept-Language": "zh-CN"}).get_json()["detail"] == "没有图层 <b>x</b>。"
    assert failing(error, **{"Accept-Language": "en-GB"}).get_json()["detail"] == "There is no layer <b>x</b>."


def test_a_browser_gets_a_page_in_which_values_are_text(failing):
    answer = failing(NotFound("There is no layer {layer}.", layer="<b>x</b>"), Accept="text/html,*/*;q=0.8")
    assert answer.content_type.startswith("text/html")
    assert "没有图层 &lt;b&gt;x&lt;/b&gt;" in answer.get_data(as_text=True)


def test_an_unexpected_error_tells_nothing_of_itself(failing):
    answer = failing(RuntimeError("secret of line 12"))
    assert (answer.status_code, answer.get_json()["code"]) == (500, "internal")
    assert "secret" not in answer.get_data(as_text=True)
    assert "Traceback" not in answer.get_data(as_text=True)


def test_without_a_database_the_answer_is_503_and_when_to_try_again(make_app):
    gone = make_engine("postgresql://jingwei_app@/nothing?host=/nonexistent")
    client = make_app(on=gone).test_client()
    client.set_cookie("jingwei_session", "some secret")
    for route in ("/", "/api/kpi", "/api/health", "/tiles/hazards/12/3420/1725.mvt", "/features/villages/1"):
        answer = client.get(route)
        assert answer.status_code == 503, route
        assert int(answer.headers["Retry-After"]) > 0
        assert answer.get_json()["code"] == "unavailable"
    gone.dispose()


def test_a_connection_cut_by_the_server_is_503_once_and_then_reads_again(make_client, city_url):
    engine = make_engine(city_url, pool_size=1)
    client = make_client(on=engine)
    assert client.get("/api/kpi").status_code == 200
    with engine.connect() as connection:
        own = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    other = make_engine(city_url, pool_size=1)
    with other.connect() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": own})
    assert client.get("/api/kpi").status_code == 200
    for each in (engine, other):
        each.dispose()


def test_a_question_that_takes_too_long_is_503(failing, engine):
    with pytest.raises(Exception, match="statement timeout") as cut, scoped(engine, system_scope()) as connection:
        connection.execute(text("SET LOCAL statement_timeout = 20"))
        connection.execute(text("SELECT pg_sleep(5)"))
    answer = failing(cut.value)
    assert answer.status_code == 503
    assert "耗时过长" in answer.get_json()["detail"]


def test_before_any_city_the_page_says_what_to_run(make_app, migrated_database):
    client = make_app(on=migrated_database.app).test_client()
    page = client.get("/?lang=en", headers={"Accept": "text/html"}, follow_redirects=True)
    assert page.request.path == "/login"
    assert "jingwei demo" in page.get_data(as_text=True)


def sentences():
    for place in SEEN_IN_THE_BROWSER:
        paths = [PACKAGE / place] if place.endswith(".py") else (PACKAGE / place).rglob("*.py")
        for path in paths:
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ERRORS:
                    parts = [*node.args[:1], *(each.value for each in node.keywords if each.arg == "remedy")]
                    constants = (each for part in parts for each in ast.walk(part) if isinstance(each, ast.Constant))
                    yield from (each.value for each in constants if isinstance(each.value, str) and each.value)


def words_of_pages():
    for path in (PACKAGE / "web" / "templates").glob("*.html"):
        with path.open("rb") as page:
            yield from (each[2] for each in babel_extract(page, ("gettext",), [], {}) if isinstance(each[2], str))


def test_every_sentence_the_browser_may_show_is_translated():
    path = PACKAGE / "web" / "translations" / "zh" / "LC_MESSAGES" / "messages.po"
    with path.open("rb") as file:
        catalogue = read_po(file)
    found = {*sentences(), *words_of_pages()}
    assert "Forgotten? An administrator of your area gives you a new password." in found
    assert "There is no layer {layer}." in found
    assert sorted(each for each in found if each not in catalogue or not catalogue[each].string) == []


def test_translations_keep_the_values_of_their_sentence():
    path = PACKAGE / "web" / "translations" / "zh" / "LC_MESSAGES" / "messages.po"
    with path.open("rb") as file:
        catalogue = read_po(file)
    fields = {
        message.id: (set(_fields(message.id)), set(_fields(message.string))) for message in catalogue if message.id
    }
    assert [key for key, (own, other) in fields.items() if own != other] == []


def _fields(sentence):
    return [word.split("}")[0] for word in sentence.split("{")[1:]]
