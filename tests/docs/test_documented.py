"""What a user can set or see is documented: settings, layers, figures, commands, benchmarks."""

import re
from pathlib import Path

import pytest

from gis_app import paths
from gis_app.analysis.kpis import KPIS
from gis_app.cli.commands import jingwei
from gis_app.rendering.layer_spec import load_layers

ROOT = paths.layers().parent
DOCS = ROOT / "docs"
SETTINGS = re.findall(r"# (JINGWEI_[A-Z_]+|DATABASE_URL)", (ROOT / "gis_app" / "settings.py").read_text())


def text_of(name):
    return (DOCS / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_stands_in_the_operating_guide(name):
    assert f"`{name}`" in text_of("operating.md")


def test_the_settings_are_found():
    assert len(SETTINGS) >= 9


@pytest.mark.parametrize("layer", load_layers(paths.layers()), ids=lambda layer: layer.id)
def test_every_layer_stands_in_the_guide_to_layers(layer):
    assert f"`{layer.id}`" in text_of("layers.md")


@pytest.mark.parametrize("name", KPIS)
def test_every_figure_stands_in_the_glossary_with_its_formula(name):
    assert re.search(rf"^\| {name.removesuffix('_hazards')}", text_of("glossary.md"), re.MULTILINE), name


@pytest.mark.parametrize("name", sorted(jingwei.commands))
def test_every_command_stands_in_the_operating_guide(name):
    assert f"jingwei {name}" in text_of("operating.md")


@pytest.mark.parametrize("path", sorted((ROOT / "benchmarks").glob("*.py")), ids=lambda path: path.stem)
def test_every_benchmark_says_what_it_is_and_how_to_run_it(path):
    assert path.read_text(encoding="utf-8").startswith('"""')


def test_links_of_the_readme_lead_to_files():
    links = re.findall(r"\]\(([^)#]+)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert len(links) > 5
    missing = [link for link in links if "://" not in link and not Path(ROOT / link).exists()]
    assert missing == []
