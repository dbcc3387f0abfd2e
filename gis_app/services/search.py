"""Search by place name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Engine

from gis_app.domain.errors import InvalidInput
from gis_app.domain.rights import Scope
from gis_app.rendering.checked_table import Words
from gis_app.storage import places
from gis_app.storage.engine import scoped

LONGEST_QUERY = 60
_KINDS = {
    "city": Words("市", "City"),
    "township": Words("乡镇（街道）", "Township"),
    "village": Words("村（社区）", "Village"),
    "grid": Words("网格", "Grid"),
    "street": Words("道路", "Street"),
}


def search(
    engine: Engine, scope: Scope, words: str, *, locale: str, kinds: Mapping[str, Words]
) -> list[dict[str, Any]]:
    """Return at most 12 places whose name holds ``words``; ``kinds`` names the kinds of facilities.

    Raises
    ------
    InvalidInput
        If the query is longer than 60 characters or has control characters.
    """
    wanted = words.strip()
    if len(wanted) > LONGEST_QUERY or any(ord(character) < 32 for character in wanted):
        raise InvalidInput("The search text cannot be used.", remedy="Use at most 60 visible characters.")
    if not wanted:
        return []
    with scoped(engine, scope) as connection:
        rows = places.search_places(connection, wanted)
    own, other = ("en", "zh") if locale == "en" else ("zh", "en")
    named = {**kinds, **_KINDS}
    return [
        {
            "name": row[f"name_{own}"] or row[f"name_{other}"],
            "kind": row["kind"],
            "kindTitle": named[row["kind"]].in_locale(locale) if row["kind"] in named else row["kind"],
            "parent": row[f"parent_{own}"] or row[f"parent_{other}"] or "",
            "lon": row["lon"],
            "lat": row["lat"],
            "bounds": [row["west"], row["south"], row["east"], row["north"]] if row["west"] is not None else None,
        }
        for row in rows
    ]
