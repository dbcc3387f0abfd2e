"""The corpus of dirty files: what offices and attackers send, each with what has to come of it."""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from tests.importers import made_files as made

CANARY = "canary-of-the-server-7f3a"
HEAD = "编号,类别,等级,来源,标题,发现时间,经度,纬度\n"
ROW = "RA-1,fire,一般,热线,通道堵塞,2026-11-20 08:15,120.64,27.78\n"
SPOT = "name,kind,lon,lat\n"
GPX = '<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1">{}</gpx>'
SQUARE = [[120.6, 27.7], [120.7, 27.7], [120.7, 27.8], [120.6, 27.8], [120.6, 27.7]]
VILLAGE = {"code": "330381001001", "name_zh": "东村", "township_code": "330381001"}


@dataclass(frozen=True)
class Dirty:
    """A file, what it is sent as, and what comes of it.

    ``says`` is part of the refusal, or of the first problem; empty where ``rows`` are read without one.
    """

    name: str
    content: bytes
    kind: str = "facilities"
    rows: int = 0
    says: str = ""
    datum: str | None = "wgs84"
    is_hostile: bool = False


def hazard(**changes):
    """Return a CSV of one hazard, some of its cells changed."""
    names, cells = HEAD.strip().split(","), ROW.strip().split(",")
    row = {**dict(zip(names, cells, strict=True)), **changes}
    return (HEAD + ",".join(row.values()) + "\n").encode()


def features(*pairs, **members):
    """Return a FeatureCollection of (properties, geometry)."""
    rows = [{"type": "Feature", "properties": values, "geometry": shape} for values, shape in pairs]
    return json.dumps({"type": "FeatureCollection", "features": rows, **members}).encode()


def village(kind, coordinates):
    """Return a FeatureCollection of one village."""
    return features((VILLAGE, {"type": kind, "coordinates": coordinates}))


def bomb(name, size=270_000_000, **options):
    """Return a zip with one member of zeros."""
    made_zip = io.BytesIO()
    with (
        zipfile.ZipFile(made_zip, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open(name, "w", force_zip64=True) as member,
    ):
        for _ in range(size // 1_000_000):
            member.write(bytes(1_000_000))
    return made_zip.getvalue()


def lying_bomb():
    """Return a zip whose directory says that a member of 3 MB has 100 bytes."""
    content = bytearray(bomb("a.shp", 3_000_000))
    for mark, place in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        at = content.find(mark)
        content[at + place : at + place + 4] = struct.pack("<I", 100)
    return bytes(content)


def link_zip():
    """Return a zip with a symbolic link to a file of the server."""
    made_zip = io.BytesIO()
    with zipfile.ZipFile(made_zip, "w") as archive:
        member = zipfile.ZipInfo("a.shp")
        member.external_attr = 0o120777 << 16
        archive.writestr(member, "/etc/passwd")
    return made_zip.getvalue()


def encrypted_zip():
    """Return a zip whose members say that they are encrypted."""
    content = bytearray(made.zipped({"a.shp": b"x", "a.shx": b"x", "a.dbf": b"x"}, packing=zipfile.ZIP_STORED))
    at = -1
    while (at := content.find(b"PK\x01\x02", at + 1)) >= 0:
        content[at + 8] |= 1
    return bytes(content)


def parquet(table, geo=None):
    """Return a Parquet file."""
    out = io.BytesIO()
    pq.write_table(table.replace_schema_metadata({"geo": json.dumps(geo)} if geo else {}), out, compression="zstd")
    return out.getvalue()


def parquet_bomb():
    """Return a Parquet file of few bytes and 6 GB of text: one long value, repeated."""
    geo = {"primary_column": "g", "columns": {"g": {"encoding": "WKB"}}}
    value = pa.DictionaryArray.from_arrays(pa.array([0] * 60_000, pa.int32()), pa.array(["x" * 100_000]))
    return parquet(pa.table({"g": [shapely.to_wkb(shapely.Point(120.6, 27.7))] * 60_000, "t": value}), geo)


def png_of(width, height):
    """Return the head of a PNG that says it is as large as that."""

    def part(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", zlib.compress(b"")) + part(b"IEND", b"")


def edited_sheet(old, new):
    """Return a workbook with its sheet's XML changed."""
    members = zipfile.ZipFile(io.BytesIO(made.workbook([["name", "kind", "lon", "lat"], ["a", "x", 120.64, 27.78]])))
    parts = {name: members.read(name) for name in members.namelist()}
    parts["xl/worksheets/sheet1.xml"] = parts["xl/worksheets/sheet1.xml"].replace(old, new)
    return made.zipped(parts)


def laughs(root, name):
    """Return XML whose entities unfold without end."""
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return f'<!DOCTYPE x [<!ENTITY l0 "lol">{entities}]><{root}><{name}>&l9;</{name}></{root}>'.encode()


def external(root, canary):
    """Return XML that asks for a file of the server."""
    return f'<!DOCTYPE x [<!ENTITY e SYSTEM "file://{canary}">]><{root}><name>&e;</name></{root}>'.encode()


def vrt(canary):
    """Return a GDAL virtual file that names a file of the server."""
    return (
        '<OGRVRTDataSource><OGRVRTLayer name="a"><SrcDataSource relativeToVRT="0">CSV:'
        f"{canary}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"
    ).encode()


def corpus(tmp_path, canary):
    """Return the files; ``canary`` is a file of the server that hostile ones ask for."""
    columns, places = made.FACILITIES, made.points()
    shapefile = made.shapefile(tmp_path, columns, places)
    parts = made.shapefile_parts(tmp_path, columns, places)
    geopackage = made.vector("GPKG", columns, places, suffix="gpkg")
    flatgeobuf = made.vector("FlatGeobuf", columns, places, suffix="fgb")
    geoparquet = made.geoparquet(columns, places)
    placemark = ({"名称": "a", "类型": "x"}, made.kml_point(120.64, 27.78))
    three = {suffix: parts[suffix] for suffix in (".shp", ".shx", ".dbf")}
    csv_good = HEAD + ROW
    return [
        # Untidy, and read as they are.
        Dirty("bom.csv", csv_good.encode("utf-8-sig"), "hazards", 1),
        Dirty("gbk.csv", csv_good.encode("gbk"), "hazards", 1),
        Dirty("utf16.csv", csv_good.encode("utf-16"), "hazards", 1),
        Dirty("tabs.tsv", csv_good.replace(",", "\t").encode(), "hazards", 1),
        Dirty("semicolons.csv", csv_good.replace(",", ";").encode(), "hazards", 1),
        Dirty("crlf-and-blank-lines.csv", csv_good.replace("\n", "\r\n\r\n").encode(), "hazards", 1),
        Dirty("wide-headers.csv", csv_good.replace("经度,纬度", "ＬＯＮ, Ｌat ").encode(), "hazards", 1),
        Dirty("break-in-a-cell.csv", hazard(标题='"通道\n堵塞"'), "hazards", 1),
        Dirty("chinese-time.csv", hazard(发现时间="2026年11月20日 8时15分"), "hazards", 1),
        Dirty("slashed-time.csv", hazard(发现时间="2026/11/20 8:15"), "hazards", 1),
        Dirty("markup.csv", hazard(标题="<img src=x onerror=alert(1)> ${7*7}"), "hazards", 1),
        Dirty("bom.geojson", b"\xef\xbb\xbf" + features((VILLAGE, {"type": "Polygon", "coordinates": [SQUARE]})),
              "villages", 1),
        Dirty("nan-property.geojson", features(({"name": "a", "kind": "x", "n": float("nan")},
                                                {"type": "Point", "coordinates": [120.64, 27.78, 3]})), rows=1),
        Dirty("one-of-many.geojson", features(({"name": "a", "kind": "x"},
                                               {"type": "MultiPoint", "coordinates": [[120.64, 27.78]]})), rows=1),
        Dirty("gbk-without-cpg.zip", shapefile, rows=2, datum=None),
        Dirty("capitals.zip", made.zipped({f"A{s.upper()}": c for s, c in parts.items()}), rows=2, datum=None),
        Dirty("mac.zip", made.zipped({**{f"x/a{s}": c for s, c in parts.items()}, "__MACOSX/x/._a.shp": b"x"}),
              rows=2, datum=None),
        Dirty("lying-cpg.zip", made.zipped({**{f"a{s}": c for s, c in parts.items()}, "a.cpg": b"UTF-8"}), rows=2,
              datum=None),
        Dirty("two-headers.xlsx", made.workbook([["name", "kind", "位置", None], [None, None, "经度", "纬度"],
                                                 ["a", "x", 120.64, 27.78]], merged=[(0, 2, 0, 3)]), rows=1),
        Dirty("vast-dimension.xlsx", edited_sheet(b'<dimension ref="A1:D2"', b'<dimension ref="A1:XFD1048576"'),
              rows=1),
        Dirty("link.kml", made.kml(placemark).replace(
            b"<Document>", b"<Document><NetworkLink><Link><href>http://127.0.0.1:9/</href></Link></NetworkLink>"),
            rows=1, datum=None, is_hostile=True),
        Dirty("icon-of-the-server.kmz", made.zipped({"doc.kml": made.kml(placemark), "icon.png": b"x"}), rows=1,
              datum=None),
        # Rows that are wrong, named one by one.
        Dirty("swapped.csv", hazard(经度="27.78", 纬度="120.64"), "hazards", says="seem to be swapped"),
        Dirty("elsewhere.csv", hazard(经度="116.4", 纬度="39.9"), "hazards", says="lies outside the city"),
        Dirty("nowhere.csv", hazard(经度="0", 纬度="0"), "hazards", says="lies outside the city"),
        Dirty("no-place.csv", hazard(经度=""), "hazards", says="A coordinate is missing"),
        Dirty("degrees.csv", hazard(经度="120°38′"), "hazards", says="are not numbers"),
        Dirty("nan.csv", hazard(经度="nan"), "hazards", says="not a finite number"),
        Dirty("inf.csv", hazard(纬度="inf"), "hazards", says="not a finite number"),
        Dirty("python-number.csv", hazard(经度="1_2_0.64"), "hazards", says="are not numbers"),
        Dirty("decimal-comma.csv", (HEAD + ROW.replace("120.64", "120,64")).encode(), "hazards", says="9 fields"),
        Dirty("twice.csv", (HEAD + ROW + ROW).encode(), "hazards", rows=1, says="occurs already in row 2"),
        Dirty("rounded-code.csv", b"device,time,lon,lat\n3.30381E+11,2026-11-20 08:15,120.64,27.78\n", "tracks",
              says="was rounded by a spreadsheet"),
        Dirty("no-hour.csv", hazard(发现时间="2026-11-20"), "hazards", says="has a day but no hour"),
        Dirty("no-such-day.csv", hazard(发现时间="2026-02-30 08:00"), "hazards", says="is not a time"),
        Dirty("future.csv", hazard(发现时间="2099-01-01 08:00"), "hazards", says="or in the future"),
        Dirty("long-ago.csv", hazard(发现时间="1900-01-01 08:00"), "hazards", says="is before 1990"),
        Dirty("unknown-word.csv", hazard(等级="紧急"), "hazards", says="is not known"),
        Dirty("empty-title.csv", hazard(标题=""), "hazards", says="The value is missing"),
        Dirty("long-title.csv", hazard(标题="长" * 201), "hazards", says="201 characters"),
        Dirty("bell.csv", hazard(标题="a\x07b"), "hazards", says=r"U\+0007"),
        Dirty("turned.csv", hazard(标题="a\u202eb"), "hazards", says=r"U\+202E"),
        Dirty("bow-tie.geojson", village("Polygon", [[SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3], SQUARE[0]]]),
              "villages", says="not valid: Self-intersection"),
        Dirty("open-ring.geojson", village("Polygon", [SQUARE[:4]]), "villages", says="not closed"),
        Dirty("spike.geojson", village("Polygon", [[SQUARE[0], SQUARE[1], SQUARE[0], SQUARE[0]]]), "villages",
              says="not valid"),
        Dirty("collection.geojson", village("GeometryCollection", []), "villages", says="is not read"),
        Dirty("hollow.geojson", village("MultiPolygon", []), "villages", says="is empty"),
        Dirty("too-fine.geojson", village("Polygon", [[[120.6, 27.7]] * 20_001]), "villages", says="20001 vertices"),
        Dirty("line-as-village.geojson", village("LineString", SQUARE), "villages", says="is LineString"),
        Dirty("bad.wkt.csv", b"kind,wkt\nprimary,LINESTRING (1 2\n", "streets", says="WKT cannot be read"),
        Dirty("cut-character.zip", made.zipped({f"a{s}": c.replace("乙".encode("gbk"), b"\xd2 ") for s, c in
                                                three.items()}), rows=1, says="in the middle of a character"),
        Dirty("nodes-missing.osm", made.osm_xml(ways={1: ([1, 99], {"highway": "primary"})}), "streets",
              says="are not in the file", datum=None),
        Dirty("no-position.jpg", made.photo(lon=None), says="does not say where", datum=None),
        # Files that are not what they say, or damaged.
        Dirty("empty.csv", b"", says="is empty"),
        Dirty("header-only.csv", SPOT.encode(), says="holds no facilities"),
        Dirty("big5.csv", "名稱,類型,經度,緯度\n樓道,學校,120.6,27.7\n".encode("big5"), says="encoding"),
        Dirty("damaged.csv", (SPOT + "消防,x,1,2\n").encode().replace("防".encode(), b"\xe9\x98"),
              says="neither UTF-8 nor GB18030"),
        Dirty("unmarked-utf16.csv", (SPOT + "a,x,1,2\n").encode("utf-16-le"), says="UTF-16"),
        Dirty("unclosed.csv", (SPOT + '"a,x,1,2\n').encode(), says="cannot be read at line"),
        Dirty("same-name.csv", b"name,NAME,lon,lat\na,b,1,2\n", says="these names twice"),
        Dirty("picture.geojson", made.photo(form="PNG"), says="is not GeoJSON"),
        Dirty("pdf.xlsx", b"%PDF-1.7 x", says="not a readable zip"),
        Dirty("no-dbf.zip", made.zipped({"a.shp": parts[".shp"], "a.shx": parts[".shx"]}), says="lacks its parts .dbf"),
        Dirty("two.zip", made.zipped({f"{n}{s}": c for n in "ab" for s, c in parts.items()}),
              says="holds 2 shapefiles"),
        Dirty("text.shp.zip", made.zipped({"a.shp": b"x", "a.shx": b"x", "a.dbf": b"x"}), says="not a shapefile"),
        Dirty("cut.zip", shapefile[:-200], says="not a readable zip"),
        Dirty("cut-shp.zip", made.zipped({f"a{s}": c[:110] if s == ".shp" else c for s, c in parts.items()}),
              says="cannot be read|no geometry|damaged", datum="wgs84"),
        Dirty("text.gpkg", b"not a database", says="is not GeoPackage"),
        Dirty("cut.gpkg", geopackage[:4096], says="cannot be read"),
        Dirty("cut.fgb", flatgeobuf[: len(flatgeobuf) // 2], says="holds no facilities|cannot be read"),
        Dirty("cut.parquet", geoparquet[:-30], says="is not GeoParquet"),
        Dirty("plain.parquet", parquet(pa.table({"a": [1]})), says="no geo metadata"),
        Dirty("no.kmz", made.zipped({"readme.txt": b"x"}), says="holds no KML"),
        Dirty("wrong-root.kml", b"<gpx/>", says="begins with <gpx>"),
        Dirty("cut.osm.pbf", made.osm_pbf()[:-9], "streets", says="is damaged", datum=None),
        # Hostile.
        Dirty("vrt.gpx", vrt(canary), "tracks", says="begins with <OGRVRTDataSource>", is_hostile=True),
        Dirty("vrt.gpkg", vrt(canary), says="is not GeoPackage", is_hostile=True),
        Dirty("vrt.kml", vrt(canary), says="begins with <OGRVRTDataSource>", is_hostile=True),
        Dirty("vrt-as-shp.zip", made.zipped({"a.shp": vrt(canary), "a.shx": b"x", "a.dbf": b"x"}),
              says="not a shapefile", is_hostile=True),
        Dirty("xxe.gpx", external("gpx", canary), "tracks", says="DOCTYPE", is_hostile=True),
        Dirty("xxe.kml", external("kml", canary), says="DOCTYPE", is_hostile=True),
        Dirty("xxe.osm", external("osm", canary), "streets", says="DOCTYPE", is_hostile=True),
        Dirty("laughs.kml", laughs("kml", "name"), says="DOCTYPE", is_hostile=True),
        Dirty("laughs.osm", laughs("osm", "node"), "streets", says="DOCTYPE", is_hostile=True),
        Dirty("bomb.zip", bomb("a.shp"), says="256|holds|inflates", is_hostile=True),
        Dirty("steep.zip", bomb("a.shp", 20_000_000), says="inflates", is_hostile=True),
        Dirty("lying.zip", lying_bomb(), says="holds|cannot be read|lacks", is_hostile=True),
        Dirty("bomb.xlsx", bomb("xl/worksheets/sheet1.xml", 20_000_000), says="inflates", is_hostile=True),
        Dirty("bomb.kmz", bomb("doc.kml", 20_000_000), says="inflates", is_hostile=True),
        Dirty("climbing.zip", made.zipped({"../../etc/a.shp": b"x"}), says="leads out of it", is_hostile=True),
        Dirty("absolute.zip", made.zipped({"/etc/a.shp": b"x"}), says="leads out of it", is_hostile=True),
        Dirty("climbing.kmz", made.zipped({"..\\..\\a.kml": b"x"}), says="leads out of it", is_hostile=True),
        Dirty("link.zip", link_zip(), says="leads out of it", is_hostile=True),
        Dirty("encrypted.zip", encrypted_zip(), says="is encrypted", is_hostile=True),
        Dirty("many.zip", made.zipped({f"{n}.txt": b"" for n in range(300)}), says="300 members", is_hostile=True),
        Dirty("deep.geojson", b'{"type": "FeatureCollection", "features": [' + b"[" * 200_000, "villages",
              says="nested too deep", is_hostile=True),
        Dirty("deep.kml", b"<kml>" + b"<a>" * 100_000, says="nested too deep", is_hostile=True),
        Dirty("hoard.geojson", b'{"type": "FeatureCollection", "features": [[' + b"[]," * 14_000_000 + b"[]]]}",
              "villages", says="more than 512 MiB|took more", is_hostile=True),
        Dirty("wide.geojson", features(({f"p{n}": n for n in range(201)}, None)), says="201 properties",
              is_hostile=True),
        Dirty("huge-numbers.geojson", features(({"name": "a", "kind": "x"},
              {"type": "Point", "coordinates": [10**400, 1]})), says="not a finite number", is_hostile=True),
        Dirty("bomb.parquet", parquet_bomb(), says="memory|took more", is_hostile=True),
        Dirty("far-cell.xlsx", edited_sheet(b'r="D2"', b'r="XFD1048576"'),
              says="memory|not a readable|took more|broke down|no columns|header", is_hostile=True),
        Dirty("doctype.xlsx", edited_sheet(b"<worksheet", b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
                                                         b"<worksheet"), says="", rows=1, is_hostile=True),
        Dirty("endless-blob.osm.pbf", made.pbf_blob(b"OSMHeader", made.field(4, b"OsmSchema-V0.6"))
              + made.pbf_blob(b"OSMData", bytes(40_000_000), raw_size=100), "streets", says="inflates beyond",
              datum=None, is_hostile=True),
        Dirty("future.osm.pbf", made.osm_pbf(features=(b"HistoricalInformation",)), "streets", says="is not read",
              datum=None, is_hostile=True),
        Dirty("many-refs.osm", made.osm_xml(ways={1: ([1, 2] * 2_100_000, {"highway": "primary"})}), "streets",
              says="more than 4000000 references|took more", datum=None, is_hostile=True),
        Dirty("vast.png", png_of(60_000, 60_000), says="no picture|does not say", datum=None, is_hostile=True),
        Dirty("svg.jpg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", says="no picture", datum=None, is_hostile=True),
    ]  # fmt: skip
