"""Values of layer fields as words in the reader's language."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from gis_app.domain.periods import CITY_TIME
from gis_app.rendering.layer_spec import FieldSpec

YES_NO = {"zh": ("是", "否"), "en": ("Yes", "No")}
NO_DATA = {"zh": "无数据", "en": "No data"}


def words_of(field: FieldSpec, value: Any, *, locale: str) -> str:
    """Return a value as plain text; None and empty are "no data" in the reader's language."""
    if value is None or value == "":
        return NO_DATA[locale]
    if field.kind == "enum":
        known = field.values.get(str(value))
        return known.in_locale(locale) if known else str(value)
    if field.kind == "boolean":
        return YES_NO[locale][0 if value else 1]
    if field.kind == "moment" and isinstance(value, datetime):
        return moment_words(value)
    if field.kind == "date" and isinstance(value, date):
        return value.isoformat()
    if field.kind == "percent":
        return f"{value * 100:.{field.decimals}f} %"
    if field.kind in ("number", "integer"):
        unit = f" {field.unit.in_locale(locale)}" if field.unit else ""
        return f"{value * field.factor:,.{field.decimals}f}{unit}"
    return str(value)


def moment_words(moment: datetime) -> str:
    """Return an instant in the city's time, to the minute."""
    return moment.astimezone(CITY_TIME).strftime("%Y-%m-%d %H:%M")
