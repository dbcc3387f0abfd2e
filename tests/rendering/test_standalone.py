"""An exported map is one file that opens from a disk, asks for nothing, and shows texts as text."""

import re

import pytest

from gis_app import paths
from gis_app.domain.errors import NotFound
from gis_app.rendering.layer_config import layer_config
from gis_app.rendering.layer_spec import load_layers
from gis_app.rendering.script_bundle import bundle
from gis_app.rendering.standalone import render_standalone
from gis_app.services.maps import interface_strings

HOSTILE = '</script><img src=x onerror="window.broken=1">{{7*7}}{%x%}${window.broken=1}'


def page_config():
    layers = [layer for layer in load_layers(paths.layers()) if layer.id in ("hazards", "coverage", "place_names")]
    texts = {layer.id: [HOSTILE for _ in layer.fields] for layer in layers}
    square = {"type": "Polygon", "coordinates": [[[120.5, 27.7], [120.7, 27.7], [120.7, 27.9], [120.5, 27.7]]]}
    name = {
        "geometry": {"type": "Point", "coordinates": [120.65, 27.85]},
        "properties": {"name_zh": HOSTILE, "name_en": HOSTILE, "min_zoom": 8},
    }
    return {
        "locale": "zh",
        "strings": interface_strings("zh"),
        "city": {"name": HOSTILE, "bounds": [120.5, 27.7, 120.7, 27.9], "synthetic": True},
        "dataVersion": "1",
        "groups": [
            {"id": "work", "title": HOSTILE},
            {"id": "analysis", "title": "分析"},
            {"id": "basemap", "title": "底图"},
        ],
        "layers": [{**layer_config(layer, locale="zh"), "visible": True, "minzoom": 0} for layer in layers],
        "data": {
            "hazards": [[{"type": "Point", "coordinates": [120.6, 27.8]}, "overdue", "severe", texts["hazards"]]],
            "coverage": [[square, 0.0, None, texts["coverage"]]],
        },
        "answers": {"/layers/place_names.json": {"features": [name]}},
    }


@pytest.fixture(scope="module")
def exported():
    return render_standalone(page_config(), notes=["数据截至 2026-06-04", HOSTILE])


@pytest.fixture(scope="module")
def opened(exported, browser, tmp_path_factory):
    """The file in Chromium without a network: page, requests, complaints."""
    path = tmp_path_factory.mktemp("export") / "map.html"
    path.write_text(exported, encoding="utf-8")
    requests, complaints = [], []
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(path.as_uri())
    yield page, requests, complaints
    page.close()


def test_the_file_names_no_other_file(exported):
    markup = re.sub(r"<(script|style)\b.*?</\1>", "", exported, flags=re.DOTALL)
    assert not re.search(r"<(?:script|link|img|iframe)\b[^>]*(?:src|href)=", markup)
    assert "default-src 'none'" in markup
    for sheet in re.findall(r"<style\b.*?</style>", exported, flags=re.DOTALL):
        assert not re.search(r"url\((?!data:|#|\"?data:)", sheet)


@pytest.mark.browser
def test_it_opens_from_a_disk_and_asks_for_nothing(opened):
    page, requests, complaints = opened
    assert page.evaluate("window.jingwei.ready") is True
    assert [url for url in requests if not url.startswith(("file:", "data:", "blob:"))] == []
    assert len([url for url in requests if url.startswith("file:")]) == 1
    assert complaints == []


@pytest.mark.browser
def test_it_says_that_the_data_are_synthetic_and_until_when(opened):
    head = opened[0].locator(".export-head").inner_text()
    assert "合成演示数据" in head
    assert "数据截至 2026-06-04" in head


@pytest.mark.browser
def test_a_click_shows_every_field_and_texts_stay_texts(opened):
    page = opened[0]
    at = page.evaluate("() => window.jingwei.map.latLngToContainerPoint([27.8, 120.6])")
    page.mouse.click(at["x"], at["y"])
    shown = page.locator(".leaflet-popup-content")
    shown.wait_for()
    assert shown.locator("dd").count() == len(page_config()["data"]["hazards"][0][3])
    assert shown.locator("dd").first.text_content() == HOSTILE
    page.mouse.move(640, 400)
    assert page.locator("img").count() == 0
    assert page.evaluate("window.broken") is None


@pytest.mark.browser
def test_layers_can_be_switched_and_the_unchecked_are_hatched_in_the_legend(opened):
    page = opened[0]
    drawn = "window.jingwei.map.hasLayer(window.jingwei.layers.find((each) => each.layer.id === 'coverage').shapes)"
    box = page.get_by_label("巡逻覆盖率")
    assert page.evaluate(drawn) is True
    box.uncheck()
    assert page.evaluate(drawn) is False
    box.check()
    assert page.evaluate(drawn) is True
    swatches = page.locator(".legend .swatch-polygon")
    assert "repeating-linear-gradient" in swatches.first.get_attribute("style")


def test_modules_keep_their_own_scope_and_run_once(tmp_path):
    (tmp_path / "a.js").write_text(
        'import { x, y as z } from "./b.js";\nimport { x as w } from "./c.js";\nconst own = x + z + w;\n'
    )
    (tmp_path / "b.js").write_text(
        'import { x as c } from "./c.js";\nconst own = c;\nexport const x = own;\nexport function y() {}\n'
    )
    (tmp_path / "c.js").write_text("export const x = 1;\n")
    made = bundle(tmp_path, "a")
    assert made.index("module_c =") < made.index("module_b =") < made.index("module_a =")
    assert "const { x, y: z } = module_b;" in made
    assert "return { x, y };" in made
    assert made.count("module_c = ") == 1
    assert "import" not in made


def test_a_module_that_is_missing_is_named(tmp_path):
    (tmp_path / "a.js").write_text('import { x } from "./gone.js";\n')
    with pytest.raises(NotFound, match=r"gone\.js"):
        bundle(tmp_path, "a")
