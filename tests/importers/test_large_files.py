"""Large tables, which are read by blocks: row for row what Python's reader reads, and checked as other files are."""

from __future__ import annotations

import io
import random
from pathlib import Path

import pytest
from pandas.testing import assert_frame_equal

from gis_app.domain.errors import Refused
from gis_app.importers import delimited, encodings, sandbox
from gis_app.importers.confinement import Limits
from gis_app.importers.delimited import read_by_blocks, read_by_rows
from gis_app.importers.file_copy import private_copy
from gis_app.importers.frame import check
from gis_app.importers.kinds import KINDS, ImportKind
from gis_app.importers.records import FileFacts, PackedBatch, Shape, Wanted
from gis_app.importers.text_values import read_texts
from gis_app.importers.values import BadValue, Reading, read_value
from gis_app.importers.vocabulary import words

HEADER = "external_id,category_code,severity,discovered_by,title,discovered_at,lon,lat"
POINTS = Wanted(Shape.POINT, packs=True)
GOOD = "H-{0},fire,一般,hotline,消防通道堵塞 {0},2026-03-0{1} 10:20:30,120.61{0:04d},27.8{1}"
BAD = {
    "unknown word": "H-{0},fyre,一般,hotline,标题,2026-03-01 10:20:30,120.61,27.81",
    "missing value": "H-{0},fire,,hotline,标题,2026-03-01 10:20:30,120.61,27.81",
    "missing title": "H-{0},fire,general,hotline,  ,2026-03-01 10:20:30,120.61,27.81",
    "control character": "H-{0},fire,general,hotline,a\x07b,2026-03-01 10:20:30,120.61,27.81",
    "direction mark": "H-{0},fire,general,hotline,a\u202eb,2026-03-01 10:20:30,120.61,27.81",
    "long text": "H-{0},fire,general,hotline,{2},2026-03-01 10:20:30,120.61,27.81",
    "no hour": "H-{0},fire,general,hotline,标题,2026-03-01,120.61,27.81",
    "no such day": "H-{0},fire,general,hotline,标题,2026-02-30 10:00:00,120.61,27.81",
    "future": "H-{0},fire,general,hotline,标题,2027-02-03 10:00:00,120.61,27.81",
    "long ago": "H-{0},fire,general,hotline,标题,1989-12-31 10:00:00,120.61,27.81",
    "swapped": "H-{0},fire,general,hotline,标题,2026-03-01 10:20:30,27.81,120.61",
    "outside": "H-{0},fire,general,hotline,标题,2026-03-01 10:20:30,110.61,27.81",
    "nowhere": "H-{0},fire,general,hotline,标题,2026-03-01 10:20:30,1e9,27.81",
    "not a number": "H-{0},fire,general,hotline,标题,2026-03-01 10:20:30,120°,27.81",
    "not finite": "H-{0},fire,general,hotline,标题,2026-03-01 10:20:30,nan,27.81",
    "no place": "H-{0},fire,general,hotline,标题,2026-03-01 10:20:30,,27.81",
    "repeated": "H-1,fire,general,hotline,标题,2026-03-01 10:20:30,120.61,27.81",
    "short row": "H-{0},fire,general",
    "long row": "H-{0},fire,general,hotline,标题,2026-03-01 10:20:30,120.61,27.81,more",
}
ODD = {
    "quoted": 'H-{0},fire,一般,hotline,"标题, ""甲""",2026-03-01 10:20:30,120.61,27.81',
    "quoted over lines": 'H-{0},fire,一般,hotline,"标题\n第二行",2026-03-01 10:20:30,120.61,27.81',
    "mark inside": 'H-{0},fire,一般,hotline,5" pipe,2026-03-01 10:20:30,120.61,27.81',
    "guarded": "H-{0},fire,一般,hotline,'=SUM(A1),2026-03-01 10:20:30,120.61,27.81",
    "blanks": " H-{0} ,fire, 一般 ,hotline,\u3000标题 ,2026-03-01T10:20:30Z, 120.61 ,27.81",
    "leap day": "H-{0},fire,一般,hotline,标题,2024-02-29 10:20,120.61,27.81",
    "clock set back": "H-{0},fire,一般,hotline,标题,1991-09-15 01:30:00,120.61,27.81",
    "fraction": "H-{0},fire,一般,hotline,标题,2026/3/1 10:20:30.123456789,1.2061e2,+27.81",
    "no number": ",fire,一般,hotline,标题,2026-03-01 10:20:30,120.61,27.81",
    "blank line": "",
}


def mixed(rows, share_bad, seed=3):
    chance = random.Random(seed)
    lines = [HEADER]
    for row in range(rows):
        odd = list((BAD | ODD).values())[row // 7 % len(BAD | ODD)] if chance.random() < share_bad else GOOD
        lines.append(odd.format(row, 1 + row % 9, "长" * 201))
    return "\n".join(lines) + "\n"


def cells(batches):
    """Return all rows with their cells, places and faults, whatever batches they came in."""
    found = []
    for batch in batches:
        batch = batch.chosen(range(len(batch.rows))) if isinstance(batch, PackedBatch) else batch
        faults = {each.position: (each.header, each.fault) for each in batch.faults}
        for at, row in enumerate(batch.rows):
            values = {name: column[at] for name, column in batch.columns.items()}
            found.append((row, values, batch.xy[0][at], batch.xy[1][at], faults.get(at)))
    return found


def read_both(content, block_bytes):
    found = []
    for read in (lambda *given: read_by_blocks(*given, block_bytes=block_bytes), read_by_rows):
        source, facts = io.BytesIO(content), FileFacts()
        facts.encoding = encodings.detect(source)
        batches = []
        try:
            batches += read(source, POINTS, facts)
            end = facts
        except Refused as refused:
            end = str(refused)
        found.append((cells(batches) if end is facts else [], end, batches))
    return found


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_blocks_hold_what_the_rows_hold(encoding, line_end):
    content = mixed(400, 0.2).replace("\u202e", "").replace("\n", line_end).encode(encoding)

    by_blocks, by_rows = read_both(content, 1500)

    assert by_blocks[:2] == by_rows[:2]
    assert len(by_blocks[0]) > 380


@pytest.mark.parametrize("name", list(BAD | ODD))
@pytest.mark.parametrize("block_bytes", [1, 90, 4000])
def test_each_odd_row_is_read_alike_wherever_blocks_end(name, block_bytes):
    lines = [GOOD.format(row, 1 + row % 9) for row in range(6)]
    lines[3:3] = [(BAD | ODD)[name].format(7, 8, "长" * 201)]

    by_blocks, by_rows = read_both("\n".join([HEADER, *lines]).encode(), block_bytes)

    assert by_blocks[:2] == by_rows[:2]


@pytest.mark.parametrize(
    "tail", ['x,"never closed\n', 'x,"closed"then more,1,2\n', '"x"\n"', "x\0y,1,120.6,27.8\n", "\n\n", '"', "a"]
)
def test_broken_ends_are_refused_or_read_alike(tail):
    head = "external_id,title,lon,lat\n" + "".join(f"H-{row},甲,120.6,27.8\n" for row in range(50))

    by_blocks, by_rows = read_both((head + tail).encode(), 300)

    assert by_blocks[:2] == by_rows[:2]


def test_regular_rows_come_packed():
    content = (HEADER + "\n" + "".join(GOOD.format(row, 1 + row % 9) + "\r\n" for row in range(100))).encode()

    (_, _, batches), _ = read_both(content, 1 << 20)

    (packed,) = batches
    assert isinstance(packed, PackedBatch)
    assert packed.rows == range(2, 102)
    assert packed.columns["title"][99].as_py() == "消防通道堵塞 99"
    assert packed.xy[:, 99].tolist() == [120.610099, 27.81]


@pytest.mark.parametrize(
    "column", [each for kind in KINDS.values() for each in kind.columns], ids=lambda each: each.name
)
def test_a_column_of_texts_is_read_as_its_cells_are(column, city):
    import pyarrow as pa

    reading = Reading({"category_code": words(city.categories)}, now=city.now)
    tried = ["", " ", "fire", "一般", "12", " 12 ", "1.5", "1e5", "-1", "1_0", "是", "n", "a b", "a/b", "x" * 65,
             "x" * 201, "2026-03-01 10:20:30", "2026-03-01T10:20:30Z", "2026-03-01", "2026-02-29 00:00",
             "2024-02-29 00:00:00",
             "1989-12-31 23:59:59", "2026-11-24 08:00:00", "2026-11-24 08:00:01", "1991-09-15 01:30:00",
             "2026-13-01 00:00",
             "2026-03-01 10:20:30.1234567", "2026-03-01 10:20:30+08:00", "a\x07", "a\x85", "\u200b", "99999999999",
             "0" * 15, "1e400", "nan", "H-1", "9.9E+5", "\ufeffa", "甲乙", "0.1", "123456789.123456789"]  # fmt: skip
    for cells_tried in (tried, tried * 30, tried[17:18] * 5, [f"{at}.5" for at in range(1200)]):
        values, faults = read_texts(pa.array(cells_tried), column, reading)
        expected, wrong = [], {}
        for at, cell in enumerate(cells_tried):
            try:
                expected.append(read_value(cell, column, reading))
            except BadValue as bad:
                expected.append(None)
                wrong[at] = (bad.problem, bad.params)
        got = [None if value != value else value for value in values.tolist()]
        assert got == [each.replace(tzinfo=None) if hasattr(each, "hour") else each for each in expected]
        assert {at: (bad.problem, bad.params) for at, bad in faults} == wrong


def test_a_large_file_with_rows_of_every_kind_is_checked_as_one_that_is_read_by_rows(tmp_path, city, monkeypatch):
    path = tmp_path / "mixed.csv"
    path.write_text(mixed(16_000, 0.05), encoding="utf-8")
    assert path.stat().st_size > delimited.LARGE_BYTES
    by_blocks = check(path, ImportKind.HAZARDS, datum="gcj02", city=city)
    monkeypatch.setattr("gis_app.importers.frame.Wanted", lambda shape, places, packs: Wanted(shape, places))

    by_rows = check(path, ImportKind.HAZARDS, datum="gcj02", city=city)

    assert len(by_rows.bad_rows) > 400
    assert by_blocks.bad_rows == by_rows.bad_rows
    assert (len(by_blocks.problems), by_blocks.further_count) == (len(by_rows.problems), by_rows.further_count)
    assert sorted(map(str, by_blocks.problems)) == sorted(map(str, by_rows.problems))
    assert by_blocks.headers == by_rows.headers
    assert_frame_equal(by_blocks.good.frame, by_rows.good.frame)


LYING = """
import os, signal
import numpy as np, pyarrow as pa
from gis_app.importers import reading_child
from gis_app.importers.formats import ImportFormat
from gis_app.importers.records import PackedBatch
from gis_app.importers.wire import encode_packed

def reader(source, wanted, facts):
    batch = PackedBatch(2, {"title": pa.array(["a", "bc"])}, np.array([[1.0, 2.0], [3.0, 4.0]]))
    %s

os._exit(reading_child.main({"csv": ImportFormat(reader, (), 1)}))
"""


@pytest.fixture
def lying(tmp_path):
    """Run a reader whose body is given, and return what it gives."""
    import sys

    def run(body, wanted=POINTS, **limits):
        script, source = tmp_path / "reader.py", tmp_path / "file.csv"
        script.write_text(LYING % body)
        source.write_text("hostile")
        copy, _ = private_copy(source, 1000)
        with copy:
            command = (sys.executable, "-I", str(script))
            return list(
                sandbox.read_batches(copy, "csv", wanted, facts=FileFacts(), limits=Limits(**limits), command=command)
            )

    return run


def test_packed_rows_cross_the_border_whole(lying):
    first, second = lying("yield batch\n    yield batch")

    assert first.columns["title"].to_pylist() == second.columns["title"].to_pylist() == ["a", "bc"]
    assert second.xy.tolist() == [[1.0, 2.0], [3.0, 4.0]]


@pytest.mark.parametrize(
    "body",
    [
        "yield batch\n    os._exit(7)",
        "facts.has_places = False\n    yield batch",
        "facts.serial_days = True\n    yield batch",
        "for part in encode_packed(batch)[:-2]: os.write(1, part)\n    os._exit(0)\n    yield",
        "l, *rest = encode_packed(batch)\n    l = l.replace(b'[\"title\",3]', b'[\"title\",4]')\n"
        "    for part in (l, *rest): os.write(1, part)\n    return\n    yield",
        "l, xy, ends, data, end = encode_packed(batch)\n    ends = np.array([0, 9, 3], dtype='<i4')\n"
        "    for part in (l, xy, ends, data, end): os.write(1, part)\n    return\n    yield",
        "l, xy, ends, data, end = encode_packed(batch)\n"
        "    for part in (l, xy, ends, b'\\xff\\xfe\\xfd', end): os.write(1, part)\n    return\n    yield",
        "os.write(1, b'{\"packed\": {\"first\": 1, \"count\": 99999999999, \"sizes\": [], \"faults\": []}}\\n')\n"
        "    return\n    yield",
    ],
)  # fmt: skip
def test_packed_rows_that_a_reader_makes_up_are_not_believed(lying, body):
    with pytest.raises(Refused, match="broke down"):
        lying(body)


def test_packed_rows_that_nobody_asked_for_are_not_taken(lying):
    with pytest.raises(Refused, match="broke down"):
        lying("yield batch", Wanted(Shape.POINT))


def test_a_reader_that_stops_in_the_middle_is_stopped_at_the_limit(lying):
    body = "yield batch\n    signal.pause() if hasattr(signal, 'pause') else None\n    while True: pass"
    with pytest.raises(Refused, match=r"or 90\.0 s of time and was stopped"):
        lying(body, cpu_seconds=1)


def children():
    """Return the processes begun by this one that were not waited for."""
    return {int(each) for path in Path("/proc/self/task").glob("*/children") for each in path.read_text().split()}


def test_a_reader_ends_when_its_rows_are_no_longer_wanted(tmp_path):
    path = tmp_path / "hazards.csv"
    path.write_text(HEADER + "\n" + "".join(GOOD.format(row, 1) + "\n" for row in range(60_000)))
    with path.open("rb") as source:
        before = children()
        batches = sandbox.read_batches(source, "csv", POINTS, facts=FileFacts())
        next(batches)
        assert len(children() - before) == 1
        batches.close()
    assert children() == before
