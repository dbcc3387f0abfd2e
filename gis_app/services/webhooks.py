"""Programs that are told of steps over HTTP: added, paused, removed; ``webhook_calls`` tells them."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from sqlalchemy import Engine, RowMapping

from gis_app.domain.errors import InvalidInput, NotFound
from gis_app.domain.rights import Scope
from gis_app.services.audit import Ledger
from gis_app.storage import accounts, webhooks
from gis_app.storage.engine import scoped


@dataclass(frozen=True)
class NewWebhook:
    """What to make: a name for people, the address of the program, and the area it is told of."""

    name: str
    url: str
    area_code: str


def listed(engine: Engine, scope: Scope) -> Sequence[RowMapping]:
    """Return the webhooks of the caller's area."""
    with scoped(engine, scope) as connection:
        return webhooks.all_webhooks(connection)


def add(ledger: Ledger, scope: Scope, wish: NewWebhook) -> str:
    """Add a webhook and return the secret it is signed with; the only moment it is told.

    Raises
    ------
    InvalidInput
        If the name or address is not usable, or the area is not the caller's.
    """
    name = wish.name.strip()
    if not 1 <= len(name) <= 60:
        raise InvalidInput("A webhook needs a name.", remedy="Use 1 to 60 characters.")
    url = _checked(wish.url.strip())
    secret = secrets.token_urlsafe(32)
    with ledger.writing(scope) as work:
        area = accounts.area_of_code(work.connection, wish.area_code)
        if area is None:
            raise InvalidInput(
                "There is no city, township or village with the code {code!r}.",
                remedy="Use a code of your own area, such as 330381001.",
                code=wish.area_code[:40],
            )
        made = webhooks.add(
            work.connection, name=name, url=url, secret=secret, now=ledger.now(), scope_path=area.scope_path
        )
        work.note("webhook.add", f"webhook:{made}", scope_path=area.scope_path, name=name, host=urlsplit(url).netloc)
    return secret


def remove(ledger: Ledger, scope: Scope, webhook_id: int) -> None:
    """Remove a webhook.

    Raises
    ------
    NotFound
        If there is none in the caller's area.
    """
    with ledger.writing(scope) as work:
        gone = webhooks.remove(work.connection, webhook_id)
        if gone is None:
            raise _missing()
        work.note("webhook.remove", f"webhook:{webhook_id}", scope_path=gone["scope_path"], name=gone["name"])


def switch(ledger: Ledger, scope: Scope, webhook_id: int, *, active: bool) -> None:
    """Pause a webhook, or resume it: then it is told of what happened meanwhile.

    Raises
    ------
    NotFound
        If there is none in the caller's area.
    """
    with ledger.writing(scope) as work:
        known = webhooks.switch(work.connection, webhook_id, active=active)
        if known is None:
            raise _missing()
        action = "webhook.resume" if active else "webhook.pause"
        work.note(action, f"webhook:{webhook_id}", scope_path=known["scope_path"], name=known["name"])


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        port_is_usable = parts.port is None or parts.port > 0
    except ValueError:
        parts, port_is_usable = urlsplit(""), False
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or not port_is_usable
        or parts.username is not None
        or len(url) > 500
        or not url.isascii()
        or not url.isprintable()
        or " " in url
    ):
        raise InvalidInput(
            "{url!r} is no address of a program.",
            remedy="Write it as https://host/path, without a name or password.",
            url=url[:80],
        )
    return url


def _missing() -> NotFound:
    return NotFound("There is no such webhook.", remedy="Reload the page.")
