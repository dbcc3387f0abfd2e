"""A server in a process of its own, and a token for it: what benchmarks over HTTP begin with."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import signal
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path

import requests
from sqlalchemy import text

from gis_app.domain.rights import RIGHTS_OF, Right, Role, Scope
from gis_app.services import accounts, api_tokens
from gis_app.services.accounts import AccountWish
from gis_app.services.api_tokens import TokenWish
from gis_app.services.audit import HeadsFile, Ledger
from gis_app.storage.engine import make_engine, system_scope


@contextlib.contextmanager
def running_server(command: list, environment: dict[str, str], probe: str) -> Iterator[int]:
    """Run a server for the block, which begins once an address of it answers; yields its process."""
    process = subprocess.Popen(
        command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(300):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(probe, timeout=5).read()
                break
            time.sleep(0.2)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def city_token(url: str, rights: frozenset[Right]) -> str:
    """Return a token with some rights of an analyst who sees the whole city."""
    engine = make_engine(url, pool_size=1)
    ledger = Ledger(engine, HeadsFile(Path(tempfile.mkdtemp()) / "heads.log"), lambda: datetime.now(UTC))
    login = f"benchmark-{secrets.token_hex(4)}"
    with engine.connect() as connection:
        city = connection.execute(text("SELECT code FROM area WHERE level = 'city' AND valid_to IS NULL")).scalar_one()
    accounts.create(ledger, system_scope("benchmark"), AccountWish(login, Role.ANALYST, city), local=False)
    scope = Scope(account=login, area_path=f"/{city}/", rights=RIGHTS_OF[Role.ANALYST])
    made = api_tokens.create(ledger, scope, TokenWish("benchmark", rights, 1))
    engine.dispose()
    return made.secret


def logged_in(address: str, login: str, password: str) -> requests.Session:
    """Return the session of an account, its token against forged requests among its headers."""
    session = requests.Session()
    session.headers["Origin"] = address
    form = {"login": login, "password": password}
    while (answer := session.post(f"{address}/login", data=form)).status_code == HTTPStatus.TOO_MANY_REQUESTS:
        time.sleep(2)
    answer.raise_for_status()
    page = session.get(f"{address}/account").text
    session.headers["X-CSRF-Token"] = re.search(r'name="csrf" value="([^"]+)"', page)[1]
    return session


def demo_session(address: str, home: Path, login: str) -> requests.Session:
    """Return the session of one of the demo city's accounts."""
    return logged_in(address, login, json.loads((home / "demo-accounts.json").read_text())[login])
