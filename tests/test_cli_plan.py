"""`jingwei plan` as a user types it."""

import json
import re
import shlex
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from gis_app.cli.commands import jingwei
from gis_app.planning.plain_instance import read_plain_instance, refuse_unless_sound

JINGWEI = Path(sys.executable).with_name("jingwei")
GUIDE = (Path(__file__).parents[1] / "docs" / "planning.md").read_text(encoding="utf-8")
# From (0, 0) to (10, 0) within 12: by way of (5, -4.5) it would be 13.5, by way of the three others it is 10.5.
INSTANCE = "n 6\nm 1\ntmax 12\n0 0 0\n5 1 10\n5 -4.5 50\n3 0 5\n7 0 5\n10 0 0\n"


@pytest.fixture
def instance_file(tmp_path):
    file = tmp_path / "small.txt"
    file.write_text(INSTANCE)
    return file


def run(*arguments, **environment):
    return CliRunner().invoke(jingwei, ["plan", *map(str, arguments)], env={"JINGWEI_LOCALE": "en"} | environment)


def test_a_plain_instance_is_solved_by_the_command(instance_file, tmp_path):
    out = tmp_path / "routes.json"
    done = subprocess.run(
        [JINGWEI, "plan", "--top", instance_file, "--seconds", "0.3", "--out", out],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(out.read_text()) == [[1, 4, 2, 5, 6]]
    # 3, then sqrt(5) twice, then 3.
    assert done.stdout == f"{out}: score 20 on 1 routes, the longest 10.472 of 12\n"
    assert done.stderr == ""


def test_steps_and_seed_give_the_same_file_every_time(instance_file, tmp_path):
    outs = [tmp_path / "once.json", tmp_path / "again.json"]
    for out in outs:
        assert run("--top", instance_file, "--steps", 200, "--seed", 3, "--out", out).exit_code == 0
    assert outs[0].read_bytes() == outs[1].read_bytes()


def test_points_are_numbered_from_one(instance_file, tmp_path):
    out = tmp_path / "routes.json"
    run("--top", instance_file, "--steps", 200, "--out", out)
    zero_based = [[point - 1 for point in route] for route in json.loads(out.read_text())]
    refuse_unless_sound(read_plain_instance(INSTANCE), zero_based)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"n 2\nm 1\ntmax 3\n0 0 0\n1 x 0\n", "Line 5: x, y and score were expected"),
        (b"n 2\nm 1\ntmax 3\n0 0 0\n", "The file says n 2, but 1 points follow."),
        (b"\xff\xfe\x00", "is not a text in UTF-8"),
    ],
)
def test_a_bad_file_is_refused_with_its_line_and_a_remedy(content, said, tmp_path):
    file = tmp_path / "bad.txt"
    file.write_bytes(content)
    done = run("--top", file, "--out", tmp_path / "routes.json")
    assert done.exit_code == 1
    assert said in done.stderr
    assert "Remedy: " in done.stderr
    assert not (tmp_path / "routes.json").exists()


def test_a_bad_file_is_refused_in_chinese(tmp_path):
    file = tmp_path / "bad.txt"
    file.write_text("n 2\n")
    done = run("--top", file, "--out", tmp_path / "routes.json", JINGWEI_LOCALE="zh")
    assert "第 2 行：应为 m 及其数值。" in done.stderr


def test_an_out_that_cannot_be_written_is_said(instance_file, tmp_path):
    done = run("--top", instance_file, "--steps", 10, "--out", tmp_path / "nowhere" / "routes.json")
    assert done.exit_code == 1
    assert "nowhere" in done.stderr


def block(kind, after):
    """Return the fenced block of a kind in the guide that comes first after some words."""
    return re.search(rf"```{kind}\n(.*?)```", GUIDE[GUIDE.index(after) :], re.DOTALL)[1]


@pytest.fixture
def example(tmp_path, monkeypatch):
    """The files of the guide's example, in the working folder."""
    monkeypatch.chdir(tmp_path)
    for name, kind in (("teams.csv", "csv"), ("stops.csv", "csv"), ("streets.geojson", "json")):
        Path(name).write_text(block(kind, f"`{name}`:"), encoding="utf-8")
    return ["--teams", "teams.csv", "--stops", "stops.csv", "--streets", "streets.geojson", "--datum", "wgs84"]


def test_the_example_of_the_guide_prints_and_writes_what_the_guide_says(example):
    command = shlex.split(block("sh", "## An example"))
    assert command[:2] == ["jingwei", "plan"]
    done = subprocess.run([JINGWEI, *command[1:]], capture_output=True, text=True, check=True)
    assert done.stdout == block("text", "prints")
    plan = json.loads(Path("plan.json").read_text())
    rows = [
        f"| {route['team']} | {visit['stop']} | {visit['begins_at'][11:19]} | {visit['leaves_at'][11:19]} |"
        for route in plan["routes"]
        for visit in route["visits"]
    ]
    assert "\n".join(rows) in GUIDE
    (out,) = plan["left_out"]
    assert (out["stop"], out["instead_of"], out["added_s"], out["lost"]) == ("bridge", ["pier"], 722.3, 3.0)
    assert '`"instead_of": ["pier"], "added_s": 722.3, "lost": 3.0`' in GUIDE


def test_the_plain_instance_of_the_guide_has_the_answer_it_says(tmp_path):
    file, out = tmp_path / "plain.txt", tmp_path / "routes.json"
    file.write_text(block("text", "## Plain team-orienteering instances"))
    assert run("--top", file, "--steps", 500, "--out", out).exit_code == 0
    assert f"`{json.loads(out.read_text())}`" in GUIDE


def test_gpx_and_geojson_hold_ways_and_visits_on_the_map(example):
    done = run(*example, "--steps", 500, "--out", "plan.gpx", "--out", "plan.geojson")
    assert done.exit_code == 0, done.output
    gpx = ElementTree.parse("plan.gpx").getroot()  # noqa: S314 - our own file
    space = {"g": "http://www.topografix.com/GPX/1/1"}
    assert [name.text for name in gpx.findall("g:trk/g:name", space)] == ["Volunteers", "Police"]
    stops = {name.text for name in gpx.findall("g:rte/g:rtept/g:name", space)}
    features = json.loads(Path("plan.geojson").read_text())["features"]
    visits = [feature for feature in features if feature["properties"]["kind"] == "visit"]
    assert {visit["properties"]["stop"] for visit in visits} == stops
    assert "shop" in stops
    for feature in features:
        places = feature["geometry"]["coordinates"]
        for lon, lat in places if feature["geometry"]["type"] == "LineString" else [places]:
            assert 120.649 < lon < 120.657
            assert 27.779 < lat < 27.784
    way = next(f for f in features if f["properties"] == f["properties"] | {"kind": "route", "team": "Volunteers"})
    assert way["geometry"]["coordinates"][0] == way["geometry"]["coordinates"][-1] == [120.65, 27.78]


def test_a_closed_street_is_not_gone_along(example):
    assert run(*example, "--steps", 500, "--closed", "east,middle", "--out", "plan.geojson").exit_code == 0
    south, north = 27.78, 27.783
    for feature in json.loads(Path("plan.geojson").read_text())["features"]:
        if feature["properties"]["kind"] == "route":
            # Stops that lie between are left by the way they are reached, so without them nothing leads across.
            way = [place for place in feature["geometry"]["coordinates"] if place[1] in (south, north)]
            across = {a[0] for a, b in pairwise(way) if a[1] != b[1]}
            assert across <= {120.65}


def test_a_varied_plan_says_so_and_loses_no_more_than_stated(example):
    done = run(*example, "--steps", 500, "--night", 3, "--loss", 20, "--out", "plan.json")
    assert done.exit_code == 0
    plan = json.loads(Path("plan.json").read_text())
    assert plan["night"] == 3
    assert plan["best_value"] >= plan["value"] >= 0.8 * plan["best_value"]


def test_what_cannot_be_kept_is_said(example):
    stops = (
        Path("stops.csv").read_text().replace("pier,120.6560,27.7815,10,East,,", "pier,120.6560,27.7815,300,East,,yes")
    )
    Path("stops.csv").write_text(stops)
    done = run(*example, "--steps", 200, "--minimum", "West=3", "--out", "plan.json")
    assert done.exit_code == 0
    assert "Required but out of reach: pier" in done.stderr


def test_streets_that_cannot_be_reached_are_said(example):
    streets = json.loads(Path("streets.geojson").read_text())
    line = {"type": "LineString", "coordinates": [[120.66, 27.78], [120.661, 27.78]]}
    streets["features"].append({"type": "Feature", "properties": {"kind": "residential"}, "geometry": line})
    Path("streets.geojson").write_text(json.dumps(streets))
    done = run(*example, "--steps", 100, "--out", "plan.json")
    assert "foot: 1 parts of the streets (1 streets, 0.1 km) cannot be reached." in done.stderr


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("teams.csv", "2026-11-23T21:00", "nine", "teams.csv, row 2: ends_at is 'nine'."),
        ("teams.csv", "2026-11-23T21:00", "2026-11-23T19:00", "Team Volunteers: its shift ends before it starts"),
        ("teams.csv", "ebike", "horse", "Team Police: mode horse is not known."),
        ("teams.csv", "code,lon", "name,lon", "teams.csv has no column code."),
        ("teams.csv", "120.6560", "", "teams.csv, row 3: lon is ''."),
        ("stops.csv", "120.6530,27.7831", "120.6530,abc", "stops.csv, row 2: lat is 'abc'."),
        ("stops.csv", "120.6530,27.7831", "120.6530,28.7831", "market lies"),
        ("stops.csv", "20:00-20:30", "8pm", "stops.csv, row 2: windows is '8pm'."),
        ("stops.csv", ",yes,", ",perhaps,", "stops.csv, row 4: required is 'perhaps'."),
        ("stops.csv", "school,", "market,", "The stop market occurs 2 times."),
        ("stops.csv", "8,2,0", "-8,2,0", "Stop market: a part of its prize is below 0"),
        ("streets.geojson", '"LineString"', '"Point"', "streets.geojson, feature 1: a LineString with a kind"),
        ("streets.geojson", '"features"', '"things"', "is not a GeoJSON collection"),
        ("streets.geojson", '"kind"', '"sort"', "feature 1: a LineString with a kind"),
    ],
)
def test_bad_rows_are_refused_by_name(example, file, old, new, said):
    Path(file).write_text(Path(file).read_text().replace(old, new, 1))
    done = run(*example, "--steps", 10, "--out", "plan.json")
    assert done.exit_code == 1
    assert said in done.stderr
    assert "Remedy: " in done.stderr
    assert not Path("plan.json").exists()


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        (["--closed", "nowhere"], "Closed street nowhere is not known."),
        (["--minimum", "East"], "--minimum is 'East'."),
        (["--minimum", "North=1"], "Village North: fewer candidates (0) than stops asked for at least (1)."),
        (["--datum", "mars"], "The datum 'mars' is not known."),
        (["--out", "plan.pdf"], "These files do not make a plan."),
        (["--top", "teams.csv"], "These files do not make a plan."),
    ],
)
def test_options_that_do_not_fit_are_refused(example, extra, said):
    done = run(*example, "--steps", 10, "--out", "plan.json", *extra)
    assert done.exit_code == 1
    assert said in done.stderr


def test_the_datum_has_to_be_declared(example):
    done = run(*example[:-2], "--steps", 10, "--out", "plan.json")
    assert "The datum of teams.csv is not declared" in done.stderr
