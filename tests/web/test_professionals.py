"""Posts of professionals in villages: set by the administrator, counted per township, seen within the own area."""

import pytest
from sqlalchemy import text

from gis_app.domain.rights import Role
from gis_app.storage.engine import make_engine, scoped, system_scope

FIRST, SECOND = "33038100101", "33038100201"


@pytest.fixture(scope="module")
def of(make_app, make_client, clone, engine):
    engine.dispose()
    own = make_engine(clone(engine.url.database).app_url)
    app = make_app(on=own)
    yield lambda path="/330381/", role=Role.ADMINISTRATOR: make_client(path, role, app=app, on=own)
    own.dispose()


def assign(client, village, profession, count, **more):
    form = {"village": village, "profession": profession, "count": str(count), **more}
    return client.post("/professionals?lang=en", data=form)


def counted(client):
    townships = client.get("/api/professionals").get_json()["townships"]
    return {village["code"]: village["posts"] for township in townships for village in township["villages"]}, {
        township["code"]: township["posts"] for township in townships
    }


def test_posts_are_set_counted_per_area_and_taken_away(of):
    admin = of()
    assert assign(admin, FIRST, "judge", 1, office="塘下人民法庭").status_code == 303
    assert assign(admin, FIRST, "mediator", 3).status_code == 303
    assert assign(admin, SECOND, "judge", 2).status_code == 303
    assert assign(admin, FIRST, "mediator", 2).status_code == 303
    villages, townships = counted(admin)
    assert villages == {FIRST: {"judge": 1, "mediator": 2}, SECOND: {"judge": 2}}
    assert townships == {"330381001": {"judge": 1, "mediator": 2}, "330381002": {"judge": 2}}
    assert assign(admin, SECOND, "judge", 0).status_code == 303
    assert counted(admin)[0][SECOND] == {}
    with scoped(admin.application.extensions["jingwei"].engine, system_scope()) as connection:
        query = text("SELECT count(*) FROM audit_entry WHERE action = 'professionals.assign'")
        assert connection.execute(query).scalar_one() == 5


def test_what_is_wrong_is_named_and_changes_nothing(of):
    admin = of()
    before = counted(admin)
    for village, profession, count, words in (
        ("nowhere", "judge", 1, "no village"),
        ("330381001", "judge", 1, "no village"),
        (FIRST, "wizard", 1, "no profession"),
        (FIRST, "judge", 100, "0 to 99"),
        (FIRST, "judge", "two", "0 to 99"),
    ):
        answer = assign(admin, village, profession, count)
        assert answer.status_code == 400
        assert words in answer.text
    answer = assign(admin, FIRST, "judge", 1, office="张法官 13857712345")
    assert answer.status_code == 400
    assert "mobile number" in answer.text
    assert counted(admin) == before


def test_a_township_sees_and_sets_its_own_villages_alone(of):
    west = of("/330381/330381001/")
    assert set(counted(west)[0]) == {FIRST}
    assert assign(west, SECOND, "judge", 1).status_code == 400
    assert assign(of("/330381/330381001/", Role.SUPERVISOR), FIRST, "judge", 1).status_code == 403
    assert of("/330381/", Role.GRID_WORKER).get("/professionals").status_code == 403
