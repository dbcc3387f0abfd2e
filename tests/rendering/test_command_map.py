"""The command map's page and its words."""

import json
import re
import tomllib

import pytest

from gis_app import paths
from gis_app.rendering import map_page
from gis_app.rendering.command_map import render_command_map
from gis_app.rendering.map_page import safe_json

TABLE = tomllib.loads((map_page._TEMPLATES_FOLDER.parent / "interface_strings.toml").read_text(encoding="utf-8"))
WALL_FIGURES = ("open", "overdue", "new_today", "closed_today", "closing_rate", "coverage", "teams")
HOSTILE = "</script><script>alert(1)</script>{{ 7 * 7 }}{% endraw %}${alert(2)}<img src=x onerror=alert(3)>\u2028&"


def config(locale="zh", **changes):
    return {
        "locale": locale,
        "otherLocaleUrl": "?lang=en",
        "strings": {key: words[locale] for key, words in TABLE.items()},
        "city": {"name": "瑞安市", "area": "", "bounds": [120.17, 27.61, 121.23, 27.99], "synthetic": True},
        "layers": [],
        "member": {"login": "anyang", "csrf": "c5rf", "pages": [{"place": "/account", "name": "我的账号"}]},
        **changes,
    }


def page(**changes):
    return render_command_map(config(**changes), nonce="n0nce", static_url="/static")


def read_back(made):
    found = re.search(r'<script type="application/json" id="jingwei-config"[^>]*>(.*?)</script>', made, re.DOTALL)
    return json.loads(found.group(1))


def test_the_configuration_survives_the_page_whatever_its_texts():
    layers = [{"id": "hazards", "title": HOSTILE}]
    made = page(layers=layers)
    assert read_back(made)["layers"] == layers
    assert "alert(1)" not in re.sub(r'<script type="application/json".*?</script>', "", made, flags=re.DOTALL)


def test_a_hostile_name_of_the_city_is_text_everywhere():
    made = page(city={"name": HOSTILE, "area": HOSTILE, "bounds": [120, 27, 121, 28], "synthetic": False})
    assert "<img" not in made
    assert "<script>alert" not in made
    assert "{{ 7 * 7 }}" in made


def test_safe_json_has_no_character_that_could_end_its_element():
    text = safe_json({"a": HOSTILE})
    assert not set(text) & set("<>&\u2028\u2029")
    assert json.loads(text) == {"a": HOSTILE}


def test_the_page_names_the_map_that_its_script_makes():
    made = page()
    name = re.search(r'data-map="(\w+)"', made).group(1)
    assert f"var {name} = L.map(" in made


def test_leaflet_comes_before_the_libraries_built_on_it():
    scripts = re.findall(r'<script src="([^"]+)"', page())
    assert [script.rsplit("/", 1)[1] for script in scripts[:2]] == ["leaflet.js", "maplibre-gl-csp.js"]


def test_a_synthetic_city_says_so_and_a_real_one_does_not():
    assert "合成演示数据</p>" in page()
    assert "合成演示数据</p>" not in page(
        city={"name": "瑞安市", "area": "", "bounds": [120, 27, 121, 28], "synthetic": False}
    )


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_the_page_speaks_its_language(locale):
    made = render_command_map(config(locale), nonce="n", static_url="/static")
    assert f'<html lang="{locale}">' in made
    assert TABLE["layers"][locale] in made


def words_asked_for():
    """Keys that the template and our scripts name."""
    template = (map_page._TEMPLATES_FOLDER / "command_map.html").read_text(encoding="utf-8")
    scripts = "\n".join(file.read_text(encoding="utf-8") for file in sorted((paths.static() / "js").glob("*.js")))
    python = "".join(file.read_text(encoding="utf-8") for file in map_page._TEMPLATES_FOLDER.parent.glob("*.py"))
    asked = set(re.findall(r"words\.(\w+)", template)) | {f"days_{days}" for days in (7, 30, 90, 365)}
    asked |= set(re.findall(r'"(help_\w+)"', template)) | set(re.findall(r"words\[['\"](\w+)['\"]\]", python))
    asked |= set(re.findall(r'words\("(\w+)"', scripts)) | set(re.findall(r'\? "(kpi_\w+)" : "(?:\w+)"', scripts))
    wall = (map_page._TEMPLATES_FOLDER / "wall.html").read_text(encoding="utf-8")
    asked |= set(re.findall(r"words\.(\w+)", wall)) | set(re.findall(r'"(wall_\w+)"', scripts))
    asked |= {key for key in TABLE if key.startswith("wall_step_")} | {f"wall_{key}" for key in WALL_FIGURES}
    # Formats and coordinate systems of an export are named by what the list of layers offers.
    offered = (paths.static() / "js" / "layer_export.js").read_text(encoding="utf-8")
    if "words(`format_${" in offered:
        asked |= {key for key in TABLE if key.startswith("format_")} | set(re.findall(r'choice\("(\w+)"', offered))
    return asked | set(re.findall(r': "(kpi_\w+)"\)', scripts)) | {"renderer_gl", "renderer_canvas"}


def test_every_word_asked_for_is_in_the_table():
    assert words_asked_for() - set(TABLE) == set()


def test_no_word_of_the_table_is_left_over():
    assert set(TABLE) - words_asked_for() == set()


def test_every_word_has_both_languages_and_the_same_fields():
    for key, words in TABLE.items():
        assert set(words) == {"zh", "en"}, key
        assert set(re.findall(r"\{\w+\}", words["zh"])) == set(re.findall(r"\{\w+\}", words["en"])), key
