"""Tell programs of steps over HTTP: one notice after the other, signed, again until the program takes it.

A program is told at least once and in order: a notice that it took just before the connection broke comes again, with
the same ``id``. What it refuses for good (a status of 400 and above that will not change) is counted and left behind;
anything else is tried again after 5 seconds, then twice as long each time up to an hour, for as long as it takes.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
import structlog
from sqlalchemy import Engine, RowMapping
from sqlalchemy.exc import DBAPIError, TimeoutError

from gis_app.domain.errors import JingweiError
from gis_app.storage import webhooks
from gis_app.storage.engine import scoped, system_scope

SIGNATURE_HEADER = "Jingwei-Signature"
FIRST_WAIT_S, LONGEST_WAIT_S = 5, 3600
TIMEOUTS_S = (3.05, 10.0)
"""To connect, and between two bytes of the answer."""
TAKEN_FOR = timedelta(minutes=2)
AT_ONCE = 20
LOOKS_EVERY_S = 2.0
TRIED_AGAIN = frozenset({408, 409, 423, 425, 429})
"""Statuses below 500 that may be another one later."""
_log = structlog.get_logger(__name__)


def signature(secret: str, body: bytes, *, at: datetime) -> str:
    """Return the header's value: the second of sending, and HMAC-SHA256 over ``second.body``."""
    second = str(int(at.timestamp()))
    signed = hmac.new(secret.encode(), second.encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"t={second},v1={signed}"


def tell_one(engine: Engine, now: Callable[[], datetime]) -> bool:
    """Tell one program what waits for it, if there is one whose turn it is; return whether there was."""
    with scoped(engine, system_scope()) as connection:
        hook = webhooks.take(connection, now=now(), until=now() + TAKEN_FOR)
    if hook is None:
        return False
    upto = hook["told_upto"]
    while True:
        with scoped(engine, system_scope()) as connection:
            waiting = webhooks.next_notices(connection, hook, upto=upto, most=AT_ONCE)
        for notice in waiting:
            upto = notice["id"]
            if not _told(engine, hook, notice, now=now):
                return True
        if not waiting:
            break
    with scoped(engine, system_scope()) as connection:
        webhooks.give_back(connection, hook["id"])
    return True


def start(engine: Engine, now: Callable[[], datetime], is_wanted: Callable[[], bool]) -> threading.Thread:
    """Tell programs in a thread that ends when it is no longer wanted, and never keeps its process from ending."""
    thread = threading.Thread(target=_keep_telling, args=(engine, now, is_wanted), name="webhooks", daemon=True)
    thread.start()
    return thread


def _keep_telling(engine: Engine, now: Callable[[], datetime], is_wanted: Callable[[], bool]) -> None:
    while is_wanted():
        try:
            if tell_one(engine, now):
                continue
        except (DBAPIError, TimeoutError, JingweiError) as error:
            _log.warning("webhooks_waiting", error=str(error).splitlines()[0])
        time.sleep(LOOKS_EVERY_S)


def _told(engine: Engine, hook: RowMapping, notice: RowMapping, *, now: Callable[[], datetime]) -> bool:
    """Send one notice and note what came of it; return whether the next may follow."""
    fault, is_final = _sent(hook, notice, at=now())
    moment = now()
    with scoped(engine, system_scope()) as connection:
        if not fault or is_final:
            until = moment + TAKEN_FOR
            return webhooks.told(connection, hook["id"], upto=notice["id"], now=moment, until=until, fault=fault)
        wait = min(FIRST_WAIT_S * 2 ** min(hook["try_count"], 20), LONGEST_WAIT_S)
        webhooks.failed(connection, hook["id"], next_try_at=moment + timedelta(seconds=wait), fault=fault)
    return False


def _sent(hook: RowMapping, notice: RowMapping, *, at: datetime) -> tuple[str, bool]:
    """Send a notice; return what went wrong, nothing if it was taken, and whether that is final."""
    body = json.dumps(_body(notice), ensure_ascii=False).encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Jingwei",
        SIGNATURE_HEADER: signature(hook["secret"], body, at=at),
    }
    session = requests.Session()
    session.trust_env = False
    try:
        # Streamed and closed unread: an answer without end keeps nobody.
        with session.post(
            hook["url"], data=body, headers=headers, timeout=TIMEOUTS_S, allow_redirects=False, stream=True
        ) as answer:
            status = answer.status_code
    except requests.RequestException as error:
        return type(error).__name__, False
    finally:
        session.close()
    if 200 <= status < 300:
        return "", True
    return f"HTTP {status}", 300 <= status < 500 and status not in TRIED_AGAIN


def _body(notice: RowMapping) -> dict[str, Any]:
    """Return what a program is told: codes, moments and the number; no text that somebody wrote."""
    return {
        "id": notice["id"],
        "kind": notice["kind"],
        "at": notice["at"].astimezone(UTC).isoformat(),
        "hazard": {
            "id": str(notice["hazard_id"]),
            "number": notice["number"],
            "category": notice["category_code"],
            "severity": notice["severity"],
            "stage": notice["stage"],
            "village": notice["village_code"],
            "due_at": notice["due_at"].astimezone(UTC).isoformat() if notice["due_at"] else None,
        },
    }
