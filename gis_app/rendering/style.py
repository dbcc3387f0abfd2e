"""How a layer is drawn: colours, classes, widths and radii, read from its file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field

from gis_app.rendering.checked_table import CheckedTable, Words

PAINT_KINDS = ("single", "categories", "steps", "label")


@dataclass(frozen=True)
class Stop:
    """One class of a paint: a value, or all numbers from ``least`` up."""

    color: str
    label: Words
    value: str | None = None
    least: float | None = None
    hatched: bool = False


@dataclass(frozen=True)
class Paint:
    """How a layer is drawn, for both renderers; sizes in pixels.

    ``color`` is that of values outside all stops; without it they are not drawn. ``radii`` give points another radius
    by the value of ``radius_field``, so that one colour can say one thing and the size another.
    """

    kind: str
    field: str | None = None
    color: str | None = None
    outline: str | None = None
    width: float = 1.0
    width_stops: tuple[tuple[float, float], ...] = ()
    radius: float = 4.0
    radius_field: str | None = None
    radii: Mapping[str, float] = dataclass_field(default_factory=dict)
    opacity: float = 1.0
    fill_opacity: float = 0.5
    dash: tuple[float, ...] = ()
    stops: tuple[Stop, ...] = ()

    def stop_of(self, value: object) -> Stop | None:
        """Return the class of a value, None where it is outside all of them."""
        if self.kind == "steps":
            if not isinstance(value, int | float):
                return None
            reached = [stop for stop in self.stops if stop.least is not None and stop.least <= value]
            return reached[-1] if reached else None
        return next((stop for stop in self.stops if stop.value == value), None)

    def color_of(self, value: object) -> str | None:
        """Return the colour of a value, None where it is not drawn."""
        stop = self.stop_of(value)
        return stop.color if stop else self.color


def read_paint(table: CheckedTable) -> Paint:
    """Read the ``paint`` table of a layer file.

    Raises
    ------
    InvalidInput
        If a key is unknown, missing or wrong; names file and key.
    """
    kind = table.choice("kind", PAINT_KINDS)
    stops = tuple(_stop(each) for each in table.tables("stops"))
    _check_stops(table, kind, stops)
    if kind != "single" and "field" not in table.values:
        raise table.wrong("field", "is missing.", "Name the column the classes or labels come from.")
    if kind in ("single", "label") and "color" not in table.values:
        raise table.wrong("color", "is missing.", "Give the layer its colour.")
    paint = Paint(
        kind=kind,
        field=table.name("field", None),
        color=table.color("color", Paint.color),
        outline=table.color("outline", None),
        width=float(table.take("width", (int, float), Paint.width)),
        width_stops=_width_stops(table),
        radius=float(table.take("radius", (int, float), Paint.radius)),
        radius_field=table.name("radius_field", None),
        radii=_radii(table),
        opacity=float(table.take("opacity", (int, float), Paint.opacity)),
        fill_opacity=float(table.take("fill_opacity", (int, float), Paint.fill_opacity)),
        dash=tuple(float(each) for each in table.items("dash", (int, float))),
        stops=stops,
    )
    table.done()
    return paint


def _width_stops(table: CheckedTable) -> tuple[tuple[float, float], ...]:
    pairs = table.items("width_stops", list)
    if any(len(pair) != 2 or not all(isinstance(each, int | float) for each in pair) for pair in pairs):
        raise table.wrong("width_stops", "is no list of pairs.", "Write [[zoom, width], ...].")
    if [pair[0] for pair in pairs] != sorted(pair[0] for pair in pairs):
        raise table.wrong("width_stops", "does not go up.", "Begin with the least zoom.")
    return tuple((float(zoom), float(width)) for zoom, width in pairs)


def _radii(table: CheckedTable) -> dict[str, float]:
    inner = CheckedTable(table.take("radii", dict, {}), table.file, f"{table.path}radii.")
    return {value: float(inner.take(value, (int, float))) for value in list(inner.values)}


def _check_stops(table: CheckedTable, kind: str, stops: tuple[Stop, ...]) -> None:
    if kind in ("categories", "steps") and not stops:
        raise table.wrong("stops", "is missing.", "List the classes with their colours.")
    if kind == "categories" and any(stop.value is None for stop in stops):
        raise table.wrong("stops", "has a class without value.", "Give each class of categories its value.")
    least = [stop.least for stop in stops if stop.least is not None]
    if kind == "steps" and (len(least) < len(stops) or least != sorted(set(least))):
        raise table.wrong("stops", "do not go up.", "Give each step its least, smallest first.")


def _stop(table: CheckedTable) -> Stop:
    stop = Stop(
        color=table.color("color"),
        label=table.words("label"),
        value=table.take("value", str, None),
        least=table.take("least", (int, float), None),
        hatched=table.take("hatched", bool, False),
    )
    if (stop.value is None) == (stop.least is None):
        raise table.wrong("value", "and least: exactly one is needed.", "Give a value for categories, least for steps.")
    table.done()
    return stop
