"""Map layers: one TOML file each, read into a frozen specification. Every wrong key or value names file and key."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gis_app.domain.errors import InvalidInput
from gis_app.domain.rights import Right
from gis_app.rendering.checked_table import CheckedTable, Words
from gis_app.rendering.style import Paint, read_paint

GROUPS = ("basemap", "areas", "work", "patrols", "analysis")
GEOMETRIES = ("point", "line", "polygon")
FIELD_KINDS = ("text", "enum", "integer", "number", "percent", "moment", "date", "boolean")
DEEPEST_ZOOM = 22


@dataclass(frozen=True)
class FieldSpec:
    """One field of a layer, as shown in tooltips and details.

    ``localized`` means two columns, ``name_zh`` and ``name_en``; ``factor`` multiplies a number before display.
    """

    name: str
    title: Words
    kind: str = "text"
    localized: bool = False
    unit: Words | None = None
    decimals: int = 0
    factor: float = 1.0
    values: Mapping[str, Words] = field(default_factory=dict)

    def column(self, locale: str) -> str:
        """Return the column that holds the field in a language."""
        return f"{self.name}_{'en' if locale == 'en' else 'zh'}" if self.localized else self.name

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column of the field."""
        return (f"{self.name}_zh", f"{self.name}_en") if self.localized else (self.name,)


@dataclass(frozen=True)
class LayerSpec:
    """One layer of the map.

    Parameters
    ----------
    source
        A view or table with columns ``id`` and ``geom`` (EPSG:4326); never SQL.
    time_column, night_column
        Columns that the time window or the chosen night filters.
    zoom_column
        Column with the least zoom a row is drawn at.
    aggregate_below
        Zoom below which points are drawn as counted cells; 0 for never.
    inline
        Whether the browser takes the whole layer at once as GeoJSON, for small ones.
    extent
        West, south, east, north of all its rows, degrees WGS-84, where that is not the city's.
    """

    id: str
    title: Words
    group: str
    order: int
    right: Right
    source: str
    geometry: str
    paint: Paint
    fields: tuple[FieldSpec, ...]
    tooltip: tuple[str, ...] = ()
    identity: str = "integer"
    time_column: str | None = None
    night_column: str | None = None
    zoom_column: str | None = None
    aggregate_below: int = 0
    minzoom: int = 0
    maxzoom: int = 22
    visible: bool = False
    interactive: bool = True
    inline: bool = False
    extent: tuple[float, float, float, float] | None = None

    def field_named(self, name: str) -> FieldSpec:
        """Return a field by name."""
        return next(each for each in self.fields if each.name == name)

    @property
    def tile_columns(self) -> tuple[str, ...]:
        """Columns a tile carries: what is painted or shown on hovering."""
        names = [*self.tooltip, *(each for each in (self.paint.field, self.paint.radius_field) if each)]
        known = {each.name: each.columns for each in self.fields}
        return tuple(dict.fromkeys(column for name in names for column in known.get(name, (name,))))

    @property
    def paint_column(self) -> str | None:
        """Column that decides the colour."""
        return self.paint.field if self.paint.kind in ("categories", "steps") else None

    @property
    def detail_columns(self) -> tuple[str, ...]:
        """Columns of all fields."""
        return tuple(dict.fromkeys(column for each in self.fields for column in each.columns))


def load_layers(folder: Path) -> tuple[LayerSpec, ...]:
    """Read every ``*.toml`` of a folder, in drawing order.

    Raises
    ------
    InvalidInput
        If a file is no TOML, or has an unknown, missing or wrong key; names file and key.
    """
    layers = [_read(path) for path in sorted(folder.glob("*.toml"))]
    return tuple(sorted(layers, key=lambda layer: (layer.order, layer.id)))


def _read(path: Path) -> LayerSpec:
    try:
        table = CheckedTable(tomllib.loads(path.read_text(encoding="utf-8")), path.name)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(
            "Layer file {file} is no TOML: {reason}", remedy="Mend the line it names.", file=path.name, reason=error
        ) from error
    spec = LayerSpec(
        id=table.name("id"),
        title=table.words("title"),
        group=table.choice("group", GROUPS),
        order=table.take("order", int),
        right=Right(table.choice("right", tuple(Right), Right.VIEW_MAP.value)),
        source=table.name("source"),
        geometry=table.choice("geometry", GEOMETRIES),
        paint=read_paint(CheckedTable(table.take("paint", dict), path.name, "paint.")),
        fields=tuple(_field(each) for each in table.tables("fields")),
        tooltip=tuple(table.items("tooltip", str)),
        identity=table.choice("identity", ("integer", "uuid"), "integer"),
        time_column=table.name("time_column", None),
        night_column=table.name("night_column", None),
        zoom_column=table.name("zoom_column", None),
        aggregate_below=table.take("aggregate_below", int, 0),
        minzoom=table.take("minzoom", int, 0),
        maxzoom=table.take("maxzoom", int, 22),
        visible=table.take("visible", bool, False),
        interactive=table.take("interactive", bool, True),
        inline=table.take("inline", bool, False),
    )
    if spec.id != path.stem:
        raise table.wrong("id", f"{spec.id!r} differs from the file's name.", "Make them the same.")
    for name in spec.tooltip:
        if name not in {each.name for each in spec.fields}:
            raise table.wrong("tooltip", f"{name!r} is no field of this layer.", "Name a field listed under fields.")
    if not 0 <= spec.minzoom <= spec.maxzoom <= DEEPEST_ZOOM:
        raise table.wrong("minzoom", f"{spec.minzoom} to {spec.maxzoom} is no range.", "Zooms go from 0 to 22.")
    table.done()
    return spec


def _field(table: CheckedTable) -> FieldSpec:
    values = table.take("values", dict, {})
    spec = FieldSpec(
        name=table.name("name"),
        title=table.words("title"),
        kind=table.choice("kind", FIELD_KINDS, "text"),
        localized=table.take("localized", bool, False),
        unit=table.words("unit", None),
        decimals=table.take("decimals", int, 0),
        factor=float(table.take("factor", (int, float), 1.0)),
        values={
            key: CheckedTable({key: each}, table.file, table.path + "values.").words(key)
            for key, each in values.items()
        },
    )
    table.done()
    return spec
