"""One account of each kind in the demo city, with passwords made here and kept where only the operator reads."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from gis_app.domain.areas import AreaLevel
from gis_app.domain.rights import Role
from gis_app.services import accounts
from gis_app.services.accounts import AccountWish, Made
from gis_app.services.audit import Ledger
from gis_app.services.secrets_at_rest import generated_password
from gis_app.storage.accounts import areas_of_accounts
from gis_app.storage.engine import scoped, system_scope

FILE_NAME = "demo-accounts.json"
KINDS = (
    ("admin", Role.ADMINISTRATOR, AreaLevel.CITY),
    ("city", Role.SUPERVISOR, AreaLevel.CITY),
    ("township", Role.SUPERVISOR, AreaLevel.TOWNSHIP),
    ("village", Role.SUPERVISOR, AreaLevel.VILLAGE),
    ("dispatcher", Role.DISPATCHER, AreaLevel.CITY),
    ("handler", Role.HANDLER, AreaLevel.TOWNSHIP),
    ("gridworker", Role.GRID_WORKER, AreaLevel.VILLAGE),
    ("analyst", Role.ANALYST, AreaLevel.CITY),
    ("planner", Role.PATROL_PLANNER, AreaLevel.TOWNSHIP),
    ("screen", Role.KIOSK, AreaLevel.CITY),
)
"""Login, role and level of each."""


@dataclass(frozen=True)
class DemoAccount:
    """A demo account and where it works."""

    made: Made
    area_zh: str
    area_en: str


def ensure(ledger: Ledger, home: Path) -> list[DemoAccount]:
    """Return the demo accounts; those that are missing, or whose password was lost, are made now.

    Parameters
    ----------
    home
        The folder with the file of passwords, which its owner alone may read.
    """
    kept, path = _kept(home / FILE_NAME), home / FILE_NAME
    scope = system_scope("command line")
    with scoped(ledger.engine, scope) as connection:
        areas = areas_of_accounts(connection)
    known = {row["login"]: row for row in accounts.listed(ledger.engine, scope)}
    found: list[DemoAccount] = []
    for login, role, level in KINDS:
        area = next((area for area in areas if area["level"] == level), None)
        if area is None:
            continue
        if login not in known:
            kept[login] = generated_password()
            accounts.create(ledger, scope, AccountWish(login, role, area["code"]), password=kept[login])
        elif login not in kept:
            kept[login] = str(accounts.reset_password(ledger, scope, login).password)
        else:
            area = next((one for one in areas if one["code"] == known[login]["area_code"]), area)
        made = Made(login, role.value, area["code"], kept[login])
        found.append(DemoAccount(made, area["name_zh"], area["name_en"] or area["name_zh"]))
    _keep(path, {entry.made.login: str(entry.made.password) for entry in found})
    return found


def _kept(path: Path) -> dict[str, str]:
    try:
        kept = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(login): str(password) for login, password in kept.items()} if isinstance(kept, dict) else {}


def _keep(path: Path, passwords: dict[str, str]) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(passwords, file, ensure_ascii=False, indent=1)
