"""Checklists as data, and which answers fit them."""

import csv
import tomllib

import pytest

from gis_app import paths
from gis_app.domain.checklists import (
    check_answers,
    checklist_of,
    newest_checklist,
    to_report,
    unanswered,
)
from gis_app.domain.duties import InspectionKind
from gis_app.domain.errors import InvalidInput

TABLE = {
    "kind": "special",
    "version": 2,
    "title": {"zh": "检查", "en": "Check"},
    "item": [
        {"key": "exits", "kind": "yes_no", "text": {"zh": "通道", "en": "Exits"},
         "hazard": {"category": "fire", "severity": "major"}},
        {"key": "posted", "kind": "yes_no", "text": {"zh": "公示", "en": "Posted"}},
        {"key": "points", "kind": "number", "text": {"zh": "处", "en": "Points"}},
    ],
}  # fmt: skip
LIST = checklist_of(TABLE, source="test")
FILES = sorted((paths.data() / "checklists").glob("*.toml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_checklists_that_ship_are_usable_and_name_known_categories(path):
    with (paths.data() / "hazard_categories.csv").open(encoding="utf-8") as file:
        categories = {row["code"] for row in csv.DictReader(file)}
    made = checklist_of(tomllib.loads(path.read_text("utf-8")), source=path.name)
    assert path.stem == f"{made.kind.value}-{made.version}"
    assert {item.category for item in made.items if item.category} <= categories
    assert any(item.category for item in made.items)
    assert all(item.text_zh and item.text_en for item in made.items)


def test_every_kind_of_inspection_has_a_checklist():
    assert {path.stem.partition("-")[0] for path in FILES} == set(InspectionKind)


@pytest.mark.parametrize(
    "answers",
    [{}, {"exits": "yes"}, {"exits": "no", "posted": "not_applicable"}, {"points": 0}, {"points": 12.5},
     {"points": "not_applicable"}],
)  # fmt: skip
def test_answers_of_the_kind_of_their_item_fit(answers):
    check_answers(LIST, answers)


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"roof": "yes"}, "no item 'roof'"),
        ({"exits": "maybe"}, "'maybe' is no answer to the item 'exits'"),
        ({"exits": True}, "exits"),
        ({"exits": 1}, "exits"),
        ({"exits": ["yes"]}, "exits"),
        ({"exits": None}, "exits"),
        ({"points": "12"}, "points"),
        ({"points": True}, "points"),
        ({"points": -1}, "points"),
        ({"points": float("nan")}, "points"),
        ({"points": 10**9}, "points"),
    ],
)
def test_other_answers_are_refused_by_the_item(answers, words):
    with pytest.raises(InvalidInput, match=words):
        check_answers(LIST, answers)


def test_what_is_not_answered_and_what_is_to_be_reported_are_told_in_order():
    assert unanswered(LIST, {}) == ["exits", "posted", "points"]
    assert unanswered(LIST, {"exits": "no", "points": 0}) == ["posted"]
    answers = {"exits": "no", "posted": "no"}
    assert to_report(LIST, answers, []) == ["exits"]
    assert to_report(LIST, answers, ["exits"]) == []
    assert to_report(LIST, {"exits": "yes", "posted": "no"}, []) == []


def test_the_newest_version_is_used():
    older = checklist_of(TABLE | {"version": 1}, source="old")
    assert newest_checklist([LIST, older], InspectionKind.SPECIAL) is LIST
    with pytest.raises(InvalidInput, match="monthly-1"):
        newest_checklist([LIST], InspectionKind.MONTHLY)


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "daily"},
        {"version": "one"},
        {"item": []},
        {"item": [TABLE["item"][1], TABLE["item"][1]]},
        {"item": [TABLE["item"][2] | {"hazard": {"category": "fire", "severity": "low"}}]},
        {"item": [TABLE["item"][0] | {"hazard": {"category": "fire", "severity": "terrible"}}]},
    ],
)
def test_a_checklist_that_makes_no_sense_is_refused_by_its_file(changes):
    with pytest.raises(InvalidInput, match=r"x\.toml"):
        checklist_of(TABLE | changes, source="x.toml")
