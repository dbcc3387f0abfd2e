"""The guide to questions and the notebooks run against a real server, with the client that ships with the product."""

import re

import geopandas
import nbformat
import pytest

from gis_app import paths
from gis_app.client import Client
from gis_app.domain.errors import InvalidInput, NotFound, Unauthenticated, Unavailable
from tests.callers import token_of

DOCS = paths.layers().parent / "docs"
RIGHTS = ("view_map", "view_aggregates", "ask_questions", "run_sql")


@pytest.fixture(scope="module")
def token(live_server):
    return token_of(live_server, "analyst", rights=RIGHTS)


@pytest.fixture(scope="module")
def city(live_server, token):
    with Client(live_server.address, token=token) as made:
        yield made


def test_the_example_of_the_guide_runs(live_server, token):
    (code,) = re.findall(r"```python\n(.*?)```", (DOCS / "queries.md").read_text(encoding="utf-8"), re.DOTALL)
    names = {"ADDRESS": live_server.address, "TOKEN": token}
    exec(code, names)  # noqa: S102 - our own guide
    assert names["hazards"].crs.to_epsg() == 4549
    assert set(names["hazards"]["severity"]) == {"major"}
    assert names["per_village"]["count"].sum() > 1000
    assert names["months"]["hazards"].sum() >= names["per_village"]["count"].sum()


@pytest.mark.parametrize("path", sorted((DOCS / "notebooks").glob("*.py")), ids=lambda path: path.stem)
def test_each_notebook_runs_and_was_run(path, live_server, token, monkeypatch):
    monkeypatch.setenv("ADDRESS", live_server.address)
    monkeypatch.setenv("TOKEN", token)
    names = {}
    exec(compile(path.read_text(encoding="utf-8"), path.name, "exec"), names)  # noqa: S102 - our own notebook
    names["city"].__exit__(None, None, None)
    made = nbformat.read(path.with_suffix(".ipynb"), as_version=4)
    code = [cell for cell in made.cells if cell.cell_type == "code"]
    assert [cell.source for cell in code] == re.findall(
        r"^# %%\n(.*?)\s*(?=^# %%|\Z)", path.read_text(encoding="utf-8"), re.M | re.S
    )
    assert all(cell.execution_count for cell in code)
    assert not any(output.output_type == "error" for cell in code for output in cell.outputs)


def test_the_client_pages_through_features_and_answers_frames(city, monkeypatch):
    assert {"hazards", "villages", "grids"} <= set(city.layers()["id"])
    assert city.schema("hazards").set_index("name").loc["discovered_at", "type"] == "date-time"
    whole = city.features("villages")
    monkeypatch.setattr("gis_app.client._PAGE", 7)
    paged = city.features("villages")
    assert len(paged) == len(whole) > 14
    assert paged.index.is_unique
    assert len(city.features("villages", limit=9)) == 9
    assert isinstance(city.ask({"layer": "villages", "limit": 3}), geopandas.GeoDataFrame)
    assert city.ask({"layer": "hazards", "group": ["severity"]})["count"].sum() == len(city.features("hazards"))


def test_a_frame_is_kept_as_a_layer_of_its_own_and_comes_back_as_it_was(city):
    wells = geopandas.GeoDataFrame(
        {"名称": ["甲", "乙", "丙"], "depth": [12.5, 30.0, 7.25], "dug": ["2020-01-01", "2021-06-30", "2022-12-31"]},
        geometry=geopandas.points_from_xy([120.61, 120.62, 120.63], [27.78, 27.79, 27.8]),
        crs=4326,
    )
    layer = city.save(wells.to_crs(4549), "Wells")
    assert layer in set(city.layers()["id"])
    back = city.features(layer, filter="depth > 10 AND 名称 = '乙'")
    assert (back["depth"].tolist(), back["dug"].tolist()) == ([30.0], ["2021-06-30"])
    assert (back.geometry.x.iloc[0], back.geometry.y.iloc[0]) == pytest.approx((120.62, 27.79), abs=1e-7)
    city.remove(layer)
    with pytest.raises(NotFound):
        city.features(layer)
    with pytest.raises(InvalidInput, match="CRS"):
        city.save(wells.set_crs(None, allow_override=True), "Wells")


def test_errors_are_the_servers_with_its_sentence(city, live_server):
    with pytest.raises(NotFound, match="no collection nosuch"):
        city.features("nosuch")
    with pytest.raises(InvalidInput, match="line 1"):
        city.features("hazards", filter="severity =")
    with pytest.raises(Unauthenticated), Client(live_server.address, token="jw_wrong") as other:
        other.layers()
    with pytest.raises(Unavailable, match="does not answer"), Client("http://127.0.0.1:9", token="x") as gone:
        gone.layers()
