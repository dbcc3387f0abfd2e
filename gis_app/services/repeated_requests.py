"""Requests that come again under the identifier they gave: the same is answered as before, another is refused."""

from __future__ import annotations

import hashlib
import json

from sqlalchemy import RowMapping

from gis_app.domain.errors import Conflict
from gis_app.services.gate import Caller


def body_hash(caller: Caller, wanted: object) -> bytes:
    """Return the SHA-256 of what an account asked for, field by field."""
    facts = {name: str(value) for name, value in vars(wanted).items()} | {"account": caller.scope.account}
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).digest()


def same_request(known: RowMapping, asked: bytes, taken: Conflict) -> RowMapping:
    """Return the row that is kept under an identifier, if the same was asked for as now.

    Raises
    ------
    Conflict
        ``taken``, if the identifier stands for something else.
    """
    if known["body_hash"] is None or bytes(known["body_hash"]) != asked:
        raise taken
    return known
