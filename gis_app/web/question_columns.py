"""The columns of answers in the reader's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from flask_babel import gettext, lazy_gettext

from gis_app.domain.questions import PARTNER, Answer, MeasureKind, Period, Rate
from gis_app.rendering.layer_spec import FieldSpec, LayerSpec
from gis_app.storage.questions.relations import DISTANCE, SECONDS

TITLES: Mapping[str, Any] = MappingProxyType(
    {
        "count": lazy_gettext("Count"),
        DISTANCE: lazy_gettext("Distance (m)"),
        SECONDS: lazy_gettext("Travel time (s)"),
        "area_km2": lazy_gettext("Area (km²)"),
        "street_km": lazy_gettext("Streets (km)"),
        "households": lazy_gettext("Households"),
        Rate.PER_KM2.value: lazy_gettext("per km²"),
        Rate.PER_STREET_KM.value: lazy_gettext("per km of street"),
        Rate.PER_1000_HOUSEHOLDS.value: lazy_gettext("per 1,000 households"),
        f"time/{Period.HOUR}": lazy_gettext("Hour"),
        f"time/{Period.WEEKDAY}": lazy_gettext("Day of the week"),
        f"time/{Period.DAY}": lazy_gettext("Day"),
        f"time/{Period.WEEK}": lazy_gettext("Week"),
        f"time/{Period.MONTH}": lazy_gettext("Month"),
    }
)
FIGURES: Mapping[str, Any] = MappingProxyType(
    {
        MeasureKind.SUM.value: lazy_gettext("Sum of {name}"),
        MeasureKind.MEAN.value: lazy_gettext("Mean of {name}"),
        MeasureKind.MIN.value: lazy_gettext("Least {name}"),
        MeasureKind.MAX.value: lazy_gettext("Greatest {name}"),
    }
)


def columns_json(layers: Sequence[LayerSpec], answer: Answer, locale: str) -> list[dict[str, Any]]:
    """Return name, title, kind and words of the values of each column."""
    return [
        {"name": name, "title": title_of(layers, name, locale), "kind": answer.kinds[name]}
        | {"values": _values(layers, name, locale)}
        for name in answer.columns
    ]


def properties_json(layer: LayerSpec, types: Mapping[str, str], locale: str) -> list[dict[str, Any]]:
    """Return the properties of a layer with their kind, in the reader's words."""
    return [
        {"name": name, "title": title_of([layer], name, locale), "kind": kind, "values": _values([layer], name, locale)}
        for name, kind in types.items()
    ]


def title_of(layers: Sequence[LayerSpec], name: str, locale: str) -> str:
    """Return what a column is called."""
    if name in TITLES:
        return str(TITLES[name])
    if name.startswith(f"{PARTNER}.") and len(layers) > 1:
        own = title_of(layers[1:], name.removeprefix(f"{PARTNER}."), locale)
        return f"{layers[1].title.in_locale(locale)}: {own}"
    kind, _, of = name.partition("_")
    if kind in FIGURES and _field(layers[0], of) is not None:
        return str(FIGURES[kind]).format(name=title_of(layers, of, locale))
    field = _field(layers[0], name)
    if field is None:
        return {"id": str(gettext("Identifier"))}.get(name, name)
    title = field.title.in_locale(locale)
    return f"{title} ({'中文' if name.endswith('_zh') else 'English'})" if field.localized else title


def _values(layers: Sequence[LayerSpec], name: str, locale: str) -> dict[str, str]:
    of_partner = name.startswith(f"{PARTNER}.") and len(layers) > 1
    field = _field(layers[1] if of_partner else layers[0], name.removeprefix(f"{PARTNER}."))
    return {} if field is None else {code: words.in_locale(locale) for code, words in field.values.items()}


def _field(layer: LayerSpec, column: str) -> FieldSpec | None:
    return next((each for each in layer.fields if column in each.columns), None)
