"""What pyproject.toml asks for stands in the lock files, in a version it allows."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.mark.parametrize(
    ("lock", "asked"),
    [
        ("requirements.lock", PROJECT["dependencies"]),
        ("requirements-dev.lock", PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"]),
    ],
)
def test_the_lock_pins_every_package_that_the_project_asks_for(lock, asked):
    pins = dict(re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)", (ROOT / lock).read_text(), re.MULTILINE))
    pinned = {canonicalize_name(name): version for name, version in pins.items()}
    wanting = []
    for requirement in map(Requirement, asked):
        version = pinned.get(canonicalize_name(requirement.name))
        if version is None or not requirement.specifier.contains(version, prereleases=True):
            wanting.append(f"{requirement} (locked: {version})")
    assert wanting == []


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_the_lock_keeps_extras_because_pip_does_not_take_a_bare_pin_for_them(lock):
    kept = dict(re.findall(r"^([A-Za-z0-9._-]+)\[([^]]*)\]==", (ROOT / lock).read_text(), re.MULTILINE))
    asked = {r.name: ",".join(sorted(r.extras)) for r in map(Requirement, PROJECT["dependencies"]) if r.extras}
    assert asked.items() <= kept.items()
