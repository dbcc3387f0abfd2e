"""Write and run the notebooks of docs/notebooks from their texts, against a running server.

``ADDRESS=http://127.0.0.1:8000 TOKEN=jw_… make notebooks``. The token needs the rights to see the map, hotspots and
coverage and to ask questions of the layers.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).resolve().parent / "notebooks"


def notebook_of(text: str) -> nbformat.NotebookNode:
    """Return a notebook from a text of cells that begin with ``# %%`` or ``# %% [markdown]``."""
    made = nbformat.v4.new_notebook()
    for number, (kind, body) in enumerate(re.findall(r"^# %%( \[markdown\])?\n(.*?)(?=^# %%|\Z)", text, re.M | re.S)):
        words = re.sub(r"^# ?", "", body.strip(), flags=re.M) if kind else body.strip()
        cell = nbformat.v4.new_markdown_cell(words) if kind else nbformat.v4.new_code_cell(words)
        cell["id"] = f"cell-{number}"
        made.cells.append(cell)
    return made


def main() -> None:
    """Write every notebook anew."""
    for path in sorted(HERE.glob("*.py")):
        made = notebook_of(path.read_text(encoding="utf-8"))
        NotebookClient(made, timeout=300, resources={"metadata": {"path": str(HERE)}}).execute()
        for cell in made.cells:
            cell.get("metadata", {}).pop("execution", None)
        made.metadata.pop("widgets", None)
        nbformat.write(made, path.with_suffix(".ipynb"))
        print(f"{path.stem}: {len(made.cells)} cells", file=sys.stderr)


if __name__ == "__main__":
    main()
