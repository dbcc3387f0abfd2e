"""Layers as files over HTTP, and the service while a hostile file is read."""

from __future__ import annotations

import json
import threading

import pytest

from gis_app.domain.errors import Refused
from gis_app.exporters.formats import EXPORTERS
from gis_app.importers.frame import CityRules, check
from gis_app.importers.kinds import ImportKind


@pytest.mark.parametrize("name", EXPORTERS)
def test_a_layer_comes_as_a_file_of_each_format(client, name):
    answer = client.get(f"/api/layers/villages/export?format={name}")

    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"] == f'attachment; filename="villages{EXPORTERS[name].suffix}"'
    assert int(answer.headers["Content-Length"]) == len(answer.data) > 100


def test_what_narrows_a_collection_narrows_its_file(client):
    def numbers(query):
        answer = client.get(f"/api/layers/hazards/export?format=geojson&{query}")
        return [each["properties"]["title"] for each in json.loads(answer.data)["features"]]

    assert numbers("filter=stage='void'") == ["误报"]
    assert numbers("number=A1&crs=gcj02") == ["通道堵塞"]


@pytest.mark.parametrize(
    "path, status",
    [
        ("villages/export?format=dwg", 400),
        ("villages/export?crs=EPSG:99999", 400),
        ("villages/export?limit=5", 400),
        ("nothing/export", 404),
    ],
)
def test_what_cannot_be_exported_is_a_problem_in_words(client, path, status):
    answer = client.get(f"/api/layers/{path}")

    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert answer.json["title"]


def test_the_service_answers_while_a_hostile_file_is_read(client, tmp_path):
    path = tmp_path / "hoard.geojson"
    path.write_bytes(b'{"type": "FeatureCollection", "features": [[' + b"[]," * 14_000_000 + b"[]]]}")
    refused = []

    def read_it():
        with pytest.raises(Refused) as caught:
            check(path, ImportKind.VILLAGES, datum="wgs84", city=CityRules())
        refused.append(caught.value.message)

    reading = threading.Thread(target=read_it)
    reading.start()
    answers = []
    while reading.is_alive() or not answers:
        answers.append(client.get("/api/health").status_code)
        reading.join(0.05)

    assert set(answers) == {200}
    assert len(answers) >= 3
    assert "memory" in refused[0] or "was stopped" in refused[0]
