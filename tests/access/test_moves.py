"""What moves from one township to another tells neither of the other."""

import re

from gis_app.domain.rights import Role
from tests.access.asks import OFFICES, WINDOW
from tests.access.changes import report_in
from tests.access.places import CITY, EAST, EAST_VILLAGE, WEST, WEST_VILLAGE, foreign_words


def words_of(home, *answers):
    told = "".join(answer.get_data(as_text=True) + str(answer.headers) for answer in answers)
    # Who did it is told, by login, and which offices there are.
    told = re.sub("|".join([rf"\w+-{CITY.word}", *OFFICES]), "", told)
    return [word for word in foreign_words(home) if word in told]


def test_an_account_that_the_city_moves_is_no_news_of_the_area_it_came_from(log_in_as, make_account):
    login, administrator = make_account(Role.ANALYST, EAST), log_in_as(Role.ADMINISTRATOR, CITY)
    moved = administrator.post(f"/accounts/{login}/change", data={"role": "analyst", "area": WEST.word})
    assert moved.status_code == 303
    west, east = (log_in_as(Role.ADMINISTRATOR, place) for place in (WEST, EAST))
    login = f">{login}<"
    assert login in west.get("/accounts").get_data(as_text=True)
    assert login not in east.get("/accounts").get_data(as_text=True)
    for home, client in ((WEST, west), (EAST, east)):
        assert words_of(home, client.get("/audit?lang=en"), client.get("/accounts?lang=en")) == []
    told = administrator.get("/audit?action=account.change").get_data(as_text=True)
    assert {EAST.word, WEST.word} <= set(re.findall(r"kanar\w+", told))


def test_a_hazard_that_the_city_moves_is_no_news_of_the_area_it_came_from(log_in_as):
    supervisors = {place: log_in_as(Role.SUPERVISOR, place) for place in (CITY, WEST, EAST)}
    made = supervisors[WEST].post("/api/hazards", json=report_in(WEST_VILLAGE)).get_json()
    correction = {"version": 1, "location": report_in(EAST_VILLAGE)["location"]}
    moved = supervisors[CITY].patch(f"/api/hazards/{made['id']}", json=correction)
    assert moved.get_json()["properties"]["village_code"] == EAST_VILLAGE.word
    assert supervisors[WEST].get(f"/api/hazards/{made['id']}").status_code == 404
    assert supervisors[EAST].get(f"/api/hazards/{made['id']}").status_code == 200
    for home in (WEST, EAST):
        places = ("/audit?lang=en", f"/api/hazards?{WINDOW}", f"/api/hazards/{made['id']}/case", f"/cases/{made['id']}")
        assert words_of(home, *map(supervisors[home].get, places)) == [], home.word
