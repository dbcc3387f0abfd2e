"""Accounts and logged-in clients for tests, made through the real services and the real log-in form."""

import contextlib
import re
from dataclasses import replace

import requests
from flask.testing import FlaskClient

from gis_app.domain.errors import Conflict
from gis_app.services import accounts
from gis_app.services.accounts import AccountWish
from gis_app.services.secrets_at_rest import derived
from gis_app.storage.engine import system_scope

PASSWORD = "correct horse battery staple"


class ReadingClient(FlaskClient):
    """Reads and closes every answer and sends along what a page of its log-in would, as a browser does."""

    csrf = ""

    def open(self, *args, **kwargs):
        kwargs = {"buffered": True, **kwargs}
        if kwargs.get("method", "GET") not in ("GET", "HEAD"):
            of_page = {"Origin": "http://localhost", "X-CSRF-Token": self.csrf}
            kwargs["headers"] = {**of_page, **dict(kwargs.get("headers") or {})}
        return super().open(*args, **kwargs)


def account_in(engine, app, area_path, role):
    """Return the login of an account of a role in an area, made when it is not there yet."""
    ledger, code = app.extensions["jingwei"].ledger, area_path.strip("/").rpartition("/")[2]
    login = f"{role.value}-{code}".replace("_", "-")
    ledger = replace(ledger, engine=engine)
    with contextlib.suppress(Conflict):
        accounts.create(ledger, system_scope("test"), AccountWish(login, role, code), password=PASSWORD)
    return login


def logged_in(client, login):
    """Log a client in through the form, as a browser does."""
    answer = client.post("/login", data={"login": login, "password": PASSWORD})
    assert answer.status_code == 303, answer.get_data(as_text=True)
    client.csrf = derived(client.get_cookie("jingwei_session").value, "csrf")
    return client


def token_of(server, login, *, rights=("view_map", "view_aggregates")):
    """Return a new API token of one of a live server's demo accounts, made on its page."""
    with requests.Session() as session:
        session.headers["Origin"] = server.address
        session.post(f"{server.address}/login", data={"login": login, "password": server.passwords[login]}, timeout=30)
        page = session.get(f"{server.address}/account", timeout=30).text
        form = {"csrf": re.search(r'name="csrf" value="([^"]+)"', page)[1], "label": "test", "area": "", "days": "1"}
        form["rights"] = list(rights)
        return re.search(r"jw_[\w-]+", session.post(f"{server.address}/account/tokens", data=form, timeout=30).text)[0]
