"""docs/import.md names every kind, column, header, word, format and datum there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from gis_app.importers.datums import KNOWN
from gis_app.importers.formats import IMPORTERS
from gis_app.importers.kinds import KINDS, ImportKind

PAGE = (Path(__file__).parents[2] / "docs" / "import.md").read_text(encoding="utf-8")


def section(kind):
    return PAGE.split(f"### {kind}\n")[1].split("\n### ")[0]


def test_every_format_and_datum_is_documented():
    assert [name for name in (*IMPORTERS, *KNOWN) if f"`{name}`" not in PAGE] == []


@pytest.mark.parametrize("kind", ImportKind)
def test_every_column_header_and_word_is_documented(kind):
    text = section(kind)
    names = [f"| `{column.name}` | {', '.join(column.aliases)} |" for column in KINDS[kind].columns]
    words = [word for column in KINDS[kind].columns for word in column.words or ()]

    assert [name for name in (*names, *words) if name not in text] == []


@pytest.mark.parametrize("kind", ImportKind)
def test_every_required_column_is_marked(kind):
    lines = section(kind).splitlines()
    marked = {line.split("`")[1] for line in lines if line.startswith("| `") and "**required**" in line}

    assert marked == {column.name for column in KINDS[kind].columns if column.required}
