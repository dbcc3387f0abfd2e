"""Files of every format, made by code: what a county office sends, in order or not."""

from __future__ import annotations

import io
import json
import zipfile
import zlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import shapely
import xlsxwriter
from PIL import Image
from PIL.ExifTags import GPS, IFD, Base
from pyproj import CRS, Transformer

PLACES = [(120.64, 27.78), (120.65, 27.79)]
NAMES = ["消防站甲", "消防站乙"]
KIND = ["school", "clinic"]


def vector(driver, columns, geometries, crs="EPSG:4326", *, suffix, **options):
    """Return a file that GDAL writes in memory."""
    made = io.BytesIO()
    wkb = np.array([None if shape is None else shapely.to_wkb(shape) for shape in geometries], dtype=object)
    first = next(shape for shape in geometries if shape is not None)
    fields = [np.array(values, dtype=object if isinstance(values[0], str) else None) for values in columns.values()]
    pyogrio.raw.write(
        made, wkb, fields, list(columns), driver=driver, crs=crs, layer="data", geometry_type=first.geom_type, **options
    )
    return made.getvalue()


def shapefile_parts(tmp_path, columns, geometries, crs="EPSG:4326", *, encoding="GBK"):
    """Return the parts of a shapefile by suffix."""
    wkb = np.array([None if shape is None else shapely.to_wkb(shape) for shape in geometries], dtype=object)
    first = next(shape for shape in geometries if shape is not None)
    fields = [np.array(values, dtype=object if isinstance(values[0], str) else None) for values in columns.values()]
    path = tmp_path / "made.shp"
    pyogrio.raw.write(
        str(path), wkb, fields, list(columns), driver="ESRI Shapefile", geometry_type=first.geom_type, crs=crs,
        encoding=encoding,
    )  # fmt: skip
    parts = {part.suffix: part.read_bytes() for part in tmp_path.glob("made.*")}
    for part in tmp_path.glob("made.*"):
        part.unlink()
    return parts


def zipped(members, **options):
    """Return a zip of names and contents."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", options.get("packing", zipfile.ZIP_DEFLATED)) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return made.getvalue()


def shapefile(tmp_path, columns, geometries, crs="EPSG:4326", *, encoding="GBK", without=(".cpg",), extra=None):
    """Return a zipped shapefile as GIS offices send them: GBK text, no .cpg."""
    parts = shapefile_parts(tmp_path, columns, geometries, crs, encoding=encoding)
    kept = {f"数据/设施{suffix}": content for suffix, content in parts.items() if suffix not in without}
    return zipped(kept | (extra or {}))


def geoparquet(columns, geometries, reference="EPSG:4326", **told):
    """Return a GeoParquet file."""
    table = pa.table({**columns, "geometry": [None if g is None else shapely.to_wkb(g) for g in geometries]})
    column = {"encoding": "WKB", "geometry_types": []}
    if reference is not None:
        column["crs"] = json.loads(CRS.from_user_input(reference).to_json())
    geo = {"version": "1.0.0", "primary_column": "geometry", "columns": {"geometry": {**column, **told}}}
    made = io.BytesIO()
    pq.write_table(table.replace_schema_metadata({"geo": json.dumps(geo)}), made)
    return made.getvalue()


def workbook(rows, *, merged=(), days=(), sheet="隐患"):
    """Return an XLSX of rows; ``merged`` are (first row, first column, last row, last column), ``days`` columns."""
    made = io.BytesIO()
    book = xlsxwriter.Workbook(made, {"in_memory": True})
    page = book.add_worksheet(sheet)
    plain, dated = book.add_format(), book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    for at, row in enumerate(rows):
        for column, value in enumerate(row):
            if value is not None:
                page.write(at, column, value, dated if column in days else plain)
    for first_row, first, last_row, last in merged:
        page.merge_range(first_row, first, last_row, last, rows[first_row][first])
    book.close()
    return made.getvalue()


def kml(*placemarks, head=""):
    """Return a KML file of (values, geometry markup)."""
    body = "".join(
        "<Placemark><ExtendedData>"
        + "".join(f'<Data name="{name}"><value>{value}</value></Data>' for name, value in values.items())
        + f"</ExtendedData>{geometry}</Placemark>"
        for values, geometry in placemarks
    )
    text = f'<?xml version="1.0"?>{head}<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{body}</Document></kml>'
    return text.encode()


def kml_point(lon, lat):
    """Return the markup of a point."""
    return f"<Point><coordinates>{lon},{lat},0</coordinates></Point>"


def photo(lon=120.64, lat=27.78, form="JPEG"):
    """Return a picture with a position, none if ``lon`` is None."""
    exif = Image.Exif()
    if lon is not None:
        exif.get_ifd(IFD.GPSInfo).update(
            {GPS.GPSLatitudeRef: "N", GPS.GPSLatitude: _sexagesimal(lat),
             GPS.GPSLongitudeRef: "E", GPS.GPSLongitude: _sexagesimal(lon)}
        )  # fmt: skip
    exif.get_ifd(IFD.Exif).update({Base.DateTimeOriginal: "2026:11:20 21:30:00", Base.OffsetTimeOriginal: "+08:00"})
    made = io.BytesIO()
    Image.new("RGB", (16, 8)).save(made, form, exif=exif)
    return made.getvalue()


def _sexagesimal(degrees):
    whole, rest = divmod(degrees * 3600, 3600)
    minutes, seconds = divmod(rest, 60)
    return (whole, minutes, round(seconds, 4))


OSM_WAYS = {
    # Three ways that meet in node 2: a street, a one-way drawn against its direction, a footpath with an English name.
    11: ([1, 2, 3], {"highway": "tertiary", "name": "东路", "bridge": "viaduct"}),
    12: ([2, 4], {"highway": "residential", "oneway": "-1"}),
    13: ([5, 2], {"highway": "footway", "name": "西路", "name:en": "West Road"}),
    14: ([1, 5], {"highway": "construction"}),
    15: ([1, 4], {"waterway": "river"}),
}
OSM_NODES = {1: (120.60, 27.70), 2: (120.61, 27.70), 3: (120.62, 27.70), 4: (120.61, 27.71), 5: (120.61, 27.69)}


def osm_xml(nodes=None, ways=None):
    """Return an OSM XML file."""
    made = "".join(f'<node id="{n}" lon="{x}" lat="{y}"/>' for n, (x, y) in (nodes or OSM_NODES).items())
    for way, (refs, tags) in (ways or OSM_WAYS).items():
        made += f'<way id="{way}">' + "".join(f'<nd ref="{ref}"/>' for ref in refs)
        made += "".join(f'<tag k="{key}" v="{value}"/>' for key, value in tags.items()) + "</way>"
    return f'<?xml version="1.0"?><osm version="0.6">{made}</osm>'.encode()


def _varint(value):
    value &= (1 << 64) - 1
    made = b""
    while value > 0x7F:
        made += bytes([value & 0x7F | 0x80])
        value >>= 7
    return made + bytes([value])


def _zigzag(value):
    return _varint(value << 1 ^ value >> 63)


def field(number, content):
    """Return a field of a protocol buffer: a number or bytes."""
    if isinstance(content, int):
        return _varint(number << 3) + _varint(content)
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _deltas(values):
    return b"".join(_zigzag(value - before) for value, before in zip(values, [0, *values[:-1]], strict=True))


def pbf_blob(kind, content, *, raw_size=None):
    """Return a blob with its header."""
    blob = field(2, raw_size or len(content)) + field(3, zlib.compress(content))
    header = field(1, kind) + field(3, len(blob))
    return len(header).to_bytes(4, "big") + header + blob


def osm_pbf(nodes=None, ways=None, features=(b"OsmSchema-V0.6", b"DenseNodes")):
    """Return an OSM PBF file with dense nodes."""
    nodes, ways = nodes or OSM_NODES, ways or OSM_WAYS
    strings = [b""]
    for _, tags in ways.values():
        strings += [text.encode() for pair in tags.items() for text in pair]
    place = {text: at for at, text in enumerate(strings)}
    dense = field(1, _deltas(list(nodes)))
    dense += field(8, _deltas([round(y * 1e7) for _, y in nodes.values()]))
    dense += field(9, _deltas([round(x * 1e7) for x, _ in nodes.values()]))
    groups = field(2, field(2, dense))
    for way, (refs, tags) in ways.items():
        keys, values = (b"".join(_varint(place[text.encode()]) for text in part) for part in (tags, tags.values()))
        groups += field(2, field(3, field(1, way) + field(2, keys) + field(3, values) + field(8, _deltas(refs))))
    table = field(1, b"".join(field(1, text) for text in strings))
    head = b"".join(field(4, feature) for feature in features)
    return pbf_blob(b"OSMHeader", head) + pbf_blob(b"OSMData", table + groups)


def points(crs="EPSG:4326"):
    """Return the two places in a reference system."""
    convert = Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform
    return [shapely.Point(convert(*place)) for place in PLACES]


FACILITIES = {"编号": ["F-1", "F-2"], "名称": NAMES, "类型": KIND}
