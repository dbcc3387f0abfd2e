from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from gis_app.importers.frame import CityRules, read
from gis_app.importers.kinds import ImportKind
from gis_app.importers.problems import ImportRefused


@pytest.fixture(scope="session")
def city():
    """Rui'an's bounding box, two categories, a present."""
    return CityRules(
        bounds=(120.17, 27.61, 121.23, 27.99),
        categories={"fire": ("消防隐患",), "flood": ("洪涝隐患",)},
        now=datetime(2026, 11, 23, tzinfo=UTC),
    )


@pytest.fixture
def read_text(tmp_path, city):
    """Write a file and read it."""

    def read_it(name, content, kind, datum="wgs84", rules=city):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read(path, ImportKind(kind), datum=datum, city=rules)

    return read_it


@pytest.fixture
def problems_of(read_text):
    """Write a file, read it and return the (row, field, problem, remedy) it is refused for."""

    def refused(*args, **kwargs):
        with pytest.raises(ImportRefused) as caught:
            read_text(*args, **kwargs)
        return [(found.row, found.field, found.problem, found.remedy) for found in caught.value.problems]

    return refused


@pytest.fixture(scope="session")
def collection():
    """Return the text of a FeatureCollection of (properties, geometry type, coordinates)."""

    def build(*features):
        return json.dumps(
            {
                "type": "FeatureCollection",
                "features": [
                    {"type": "Feature", "properties": values, "geometry": {"type": kind, "coordinates": coordinates}}
                    for values, kind, coordinates in features
                ],
            }
        )

    return build


@pytest.fixture(scope="session")
def a_village():
    return {"code": "330381001001", "name_zh": "示例东村", "township_code": "330381001"}
