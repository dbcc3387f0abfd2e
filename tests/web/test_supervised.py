"""The supervised list with deadlines of its own, and reports attached to the case that they repeat."""

from datetime import datetime, timedelta

import pytest

from gis_app.services import housekeeping
from gis_app.services.audit import HeadsFile, Ledger
from tests.web.test_closed_loop import (  # noqa: F401 - fixtures
    MONDAY,
    case,
    clock,
    own_database,
    people,
    reported,
    step,
)


@pytest.fixture
def listed(people):  # noqa: F811
    """A hazard on the supervised list for 3 days."""
    hazard = reported(people)
    assert step(people["supervisor"], "file", hazard).status_code == 200
    assert step(people["supervisor"], "request_listing", hazard, reason="多次反复").status_code == 200
    assert step(people["city_supervisor"], "approve_listing", hazard, value=3).status_code == 200
    return hazard


def test_a_listing_has_its_own_deadline_in_calendar_days(people, listed):  # noqa: F811
    known = case(people["city_supervisor"], listed)
    due = datetime.fromisoformat(known["case"]["supervised_due_at"])
    assert due == MONDAY + timedelta(days=3)
    assert known["events"][-1]["detail"]["value"] == 3
    queue = people["supervisor"].get("/api/queue?supervised=1&order=supervised").get_json()
    assert [each["id"] for each in queue["cases"]] == [listed]
    assert queue["counts"]["supervised"] == 1
    page = people["supervisor"].get("/desk?supervised=1&lang=en").get_data(as_text=True)
    assert "supervised: until 2026-06-18 10:00" in page


@pytest.mark.parametrize("value", [None, 367])
def test_a_listing_without_a_usable_deadline_is_refused(people, value):  # noqa: F811
    hazard = reported(people)
    step(people["supervisor"], "file", hazard)
    step(people["supervisor"], "request_listing", hazard, reason="多次反复")
    more = {} if value is None else {"value": value}
    answer = step(people["city_supervisor"], "approve_listing", hazard, **more)
    assert answer.status_code == 400, answer.get_json()
    assert case(people["city_supervisor"], hazard)["case"]["is_supervised"] is False


def test_a_listing_that_is_overdue_is_told_once_and_lifting_it_ends_its_deadline(
    people,  # noqa: F811
    listed,
    own_database,  # noqa: F811
    clock,  # noqa: F811
    tmp_path,
):
    ledger = Ledger(own_database, HeadsFile(tmp_path / "heads.log"), clock)
    house = housekeeping.House(ledger, track_days=90, srid=4549)
    job = next(each for each in housekeeping.JOBS if each.name == "escalation")
    assert job.run(house)["listings"] == 0
    clock.now += timedelta(days=3, minutes=1)
    assert [job.run(house)["listings"] for _ in range(2)] == [1, 0]
    clock.now = MONDAY
    assert step(people["city_supervisor"], "lift_listing", listed, reason="已整改").status_code == 200
    assert case(people["city_supervisor"], listed)["case"]["supervised_due_at"] is None


def test_a_report_that_repeats_a_case_is_attached_to_it(people):  # noqa: F811
    first, second = reported(people), reported(people)
    page = people["supervisor"].get(f"/cases/{second}?lang=en").get_data(as_text=True)
    assert "Attach to this case" in page
    answer = step(people["supervisor"], "void", second, reason="重复", same_as=first)
    assert answer.status_code == 200
    known = case(people["supervisor"], second)["case"]
    assert (known["stage"], known["duplicate_of"]) == ("void", first)
    assert [each["id"] for each in case(people["supervisor"], first)["attached"]] == [second]
    assert "Reports attached: 1" in people["supervisor"].get(f"/cases/{first}?lang=en").get_data(as_text=True)


def test_a_report_is_attached_to_nothing_void_to_itself_or_by_another_step(people):  # noqa: F811
    first, second = reported(people), reported(people)
    assert step(people["supervisor"], "void", first, reason="误报").status_code == 200
    for same_as in (first, second, "00000000-0000-4000-8000-000000000000"):
        assert step(people["supervisor"], "void", second, reason="重复", same_as=same_as).status_code == 400
    third = reported(people)
    assert step(people["supervisor"], "file", second, same_as=third).status_code == 400
    assert case(people["supervisor"], second)["case"]["stage"] == "reported"
