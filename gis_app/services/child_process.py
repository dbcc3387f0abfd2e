"""Processes begun by a server's worker: they get a line of JSON, and end themselves when whoever began them is gone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from gis_app.services.audit import HeadsFile, Ledger
from gis_app.storage.engine import make_engine, role_of

GONE = 3
"""Exit code: whoever began it is gone, or the work is no longer its own."""


def begin(module: str, ledger: Ledger, task: Mapping[str, Any]) -> subprocess.Popen[str]:
    """Run a module of ours with a task, and what it needs to make a ledger like ours; its output is a pipe."""
    process = subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", module], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    given = {
        "url": ledger.engine.url.render_as_string(hide_password=False),
        "role": role_of(ledger.engine),
        "heads": str(ledger.heads.path),
        **task,
    }
    pipe = stream(process.stdin)
    pipe.write(json.dumps(given) + "\n")
    pipe.flush()
    return process


def stream(pipe: IO[str] | None) -> IO[str]:
    """Return a pipe that was asked for."""
    if pipe is None:
        raise ValueError("The process was begun without pipes.")
    return pipe


def read_task() -> dict[str, Any]:
    """Return, in the process begun, its task; from now on it ends when its standard input does."""
    task: dict[str, Any] = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, name="parent_watch", daemon=True).start()
    return task


def ledger_of(task: Mapping[str, Any]) -> Ledger:
    """Return a ledger like that of whoever began this process."""
    return Ledger(make_engine(task["url"], pool_size=2, role=task["role"]), HeadsFile(Path(task["heads"])))


def _end_with_parent() -> None:
    # Not through sys.stdin, which the interpreter could not close at its own end.
    while os.read(0, 4096):
        pass
    os._exit(GONE)
