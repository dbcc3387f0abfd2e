"""Each example of the CQL2 standard is read, as text and as JSON, and answered or refused with a reason."""

import json
from pathlib import Path

import pytest
from sqlalchemy import func, select, table, text

from gis_app.domain.errors import InvalidInput
from gis_app.storage.cql2 import compile_filter, read_json, read_text
from gis_app.storage.feature_collections import FeatureSource

EXAMPLES = [
    line.split("\t") for line in Path(__file__).with_name("cql2_examples.tsv").read_text(encoding="utf-8").splitlines()
]
"""Name in OGC 21-065r2, a filter in the manner of that example, and what its refusal says if it is refused."""
TYPES = {
    **dict.fromkeys(
        [
            "floors",
            "taxes",
            "depth",
            "value",
            "foo",
            "bar",
            "x",
            "eo:cloud_cover",
            "landsat:wrs_row",
            "landsat:wrs_path",
            "windSpeed",
            "balance",
            "vehicle_height",
            "bridge_clearance",
            "category",
        ],
        "float8",
    ),
    **dict.fromkeys(
        [
            "city",
            "name",
            "cityName",
            "road_class",
            "etat_vol",
            "landsat:scene_id",
            "eo:instrument",
            "beamMode",
            "swathDirection",
            "polarization",
            "owner",
            "material",
            "geophys:SURVEY_NAME",
            "id",
        ],
        "text",
    ),
    **dict.fromkeys(["swimming_pool"], "bool"),
    **dict.fromkeys(
        ["updated", "event_time", "touchdown", "liftOff", "starts_at", "ends_at", "updated_at"], "timestamptz"
    ),
    **dict.fromkeys(["built"], "date"),
    **dict.fromkeys(["geometry", "road", "footprint", "location"], "geometry"),
    **dict.fromkeys(["layer:ids", "values"], "_text"),
}
"""The properties of the examples, with the types that most of them suppose."""
SOURCE = FeatureSource("of_the_standard", TYPES)
ANSWERED = {name: expression for name, expression, refusal in EXAMPLES if not refusal}
REFUSED = {name: (expression, refusal) for name, expression, refusal in EXAMPLES if refusal}


def test_all_examples_of_the_standard_are_here():
    names = [name for name, _, _ in EXAMPLES]
    assert len(names) == len(set(names)) == 120
    numbered = {name.removeprefix("example")[:2] for name in names if name.startswith("example")}
    assert numbered == {f"{number:02}" for number in range(1, 87)}
    assert len(ANSWERED) == 105


def test_those_that_can_be_answered_are_answered_by_the_database(square):
    columns = ", ".join(
        f'"{name}" {kind.removeprefix("_")}{"[]" * kind.startswith("_")}' for name, kind in TYPES.items()
    )
    with square.connect() as connection:
        connection.execute(text(f"CREATE TEMPORARY TABLE of_the_standard ({columns.replace(':', chr(92) + ':')})"))
        connection.execute(text("INSERT INTO of_the_standard DEFAULT VALUES"))
        for name, expression in ANSWERED.items():
            tree = read_text(expression)
            for form in (tree, read_json(json.dumps(tree))):
                asked = (
                    select(func.count()).select_from(table("of_the_standard")).where(compile_filter(form, SOURCE.terms))
                )
                assert connection.execute(asked).scalar_one() in (0, 1), name


@pytest.mark.parametrize("name", REFUSED)
def test_the_others_are_refused_with_a_reason(name):
    expression, reason = REFUSED[name]
    with pytest.raises(InvalidInput) as refusal:
        compile_filter(read_text(expression), SOURCE.terms)
    assert reason in refusal.value.message
    assert "/args/" in refusal.value.message or name == "clause6_01"
