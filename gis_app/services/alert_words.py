"""What a page is told of an alert, in both languages, since a stream is told to readers of each."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import RowMapping


def told_alert(row: RowMapping) -> dict[str, Any]:
    """Return an alert as JSON values: rule, place, what it counts, the newest case, where it waits."""
    return {
        "id": str(row["id"]),
        "rule": row["rule"],
        "kind": row["kind"],
        "level": row["level"],
        "parameters": {key: value for key, value in row["parameters"].items() if key != "fence"},
        "state": row["state"],
        "count": row["subject_count"],
        "first_at": _moment(row["first_at"]),
        "last_at": _moment(row["last_at"]),
        "place": _names(row, "place") or _names(row, "village"),
        "desk": {"code": row["desk_code"], **(_names(row, "desk") or {"zh": "", "en": ""})},
        "unit": {"code": row["unit_code"], **(_names(row, "unit") or {})} if row["unit_code"] else None,
        "snoozed_until": _moment(row["snoozed_until"]),
        "escalated": row["escalated_count"],
        "by": row["account"],
        "changed_at": _moment(row["changed_at"]),
        "version": row["version"],
        "lon": row["lon"],
        "lat": row["lat"],
        "newest": {"hazard": str(row["hazard_id"]), **{key: row[key] for key in ("number", "title", "severity")}}
        if row["hazard_id"]
        else None,
    }


def _names(row: RowMapping, prefix: str) -> dict[str, str] | None:
    zh, en = row[f"{prefix}_zh"], row[f"{prefix}_en"]
    return {"zh": zh or en, "en": en or zh} if zh or en else None


def _moment(value: datetime | None) -> str | None:
    return value.astimezone(UTC).isoformat() if value else None
