"""`jingwei hotspots` as a user types it."""

import csv
import json

import numpy as np
import pytest
from click.testing import CliRunner
from pyproj import Transformer

from gis_app.cli.commands import jingwei

TO_DEGREES = Transformer.from_crs("EPSG:32650", "EPSG:4326", always_xy=True)


def rows_of_a_town(count=400, days=200, seed=3):
    chance = np.random.default_rng(seed)
    x, y = 500_000 + chance.normal(0, 800, count), 3_000_000 + chance.normal(0, 800, count)
    lon, lat = TO_DEGREES.transform(x, y)
    start = np.datetime64("2026-04-01T00:00:00")
    times = start + (np.sort(chance.random(count)) * days * 86_400).astype("timedelta64[s]")
    return [f"{time}Z,{a:.7f},{b:.7f}" for time, a, b in zip(times, lon, lat, strict=True)]


@pytest.fixture
def town(tmp_path):
    file = tmp_path / "town.csv"
    file.write_text("\n".join(["time,lon,lat", *rows_of_a_town()]) + "\n")
    return file


def run(file, *arguments, out="scores.csv", crs="EPSG:32650", until="2026-09-01"):
    common = ["hotspots", str(file), "--crs", crs, "--train-until", until, "--out", str(file.with_name(out))]
    return CliRunner().invoke(jingwei, [*common, *map(str, arguments)], env={"JINGWEI_LOCALE": "en"})


def scores_in(file):
    with file.open() as table:
        return [(int(row["cell_i"]), int(row["cell_j"]), float(row["score"])) for row in csv.DictReader(table)]


def test_every_known_cell_gets_a_score_of_its_own(town, tmp_path):
    done = run(town)
    assert done.exit_code == 0, done.output
    scores = scores_in(tmp_path / "scores.csv")
    assert f"{len(scores)} cells" in done.stdout
    assert len({score for _, _, score in scores}) == len(scores)
    hottest = max(scores, key=lambda row: row[2])
    # The town lies around (500,000, 3,000,000): the corner of the cells 1999 and 2000, 11999 and 12000.
    assert abs(hottest[0] - 1999.5) < 4
    assert abs(hottest[1] - 11999.5) < 4


def test_scores_stand_beside_the_baselines_and_foresight(town):
    lines = run(town).stdout.splitlines()
    names = [line.split()[0] for line in lines if "|" in line]
    assert {"count_so_far", "kernel_density_150_m", "kernel_density_300_m", "perfect_foresight"} <= set(names)
    foresight = next(line for line in lines if line.startswith("perfect_foresight"))
    assert foresight.count("1.000") == 4


def test_later_events_have_no_say_in_the_scores(town, tmp_path):
    run(town)
    header, *rows = town.read_text().splitlines()
    kept = [row if row < "2026-09-01" else row.split(",")[0] + ",117.9,27.9" for row in rows]
    other = tmp_path / "other.csv"
    other.write_text("\n".join([header, *reversed(kept)]) + "\n")
    run(other, out="others.csv")
    assert (tmp_path / "scores.csv").read_bytes() == (tmp_path / "others.csv").read_bytes()


@pytest.mark.parametrize("method", ["count_so_far", "gi_star", "kernel_density", "decayed_count"])
def test_a_method_can_be_named(town, tmp_path, method):
    done = run(town, "--method", method)
    assert f"method {method}" in done.stdout
    scores = [score for _, _, score in scores_in(tmp_path / "scores.csv")]
    assert len(set(scores)) == len(scores)


def test_without_later_events_scores_are_written_all_the_same(town, tmp_path):
    done = run(town, until="2027-01-01")
    assert done.exit_code == 0
    assert "No later events in the file" in done.stdout
    assert scores_in(tmp_path / "scores.csv")


def test_a_few_events_give_a_guess_that_says_so(tmp_path):
    file = tmp_path / "few.csv"
    file.write_text("\n".join(["time,lon,lat", *rows_of_a_town(count=12)]) + "\n")
    assert "Too few events to choose by" in run(file).stdout


def test_rows_without_a_place_and_far_off_places_are_left_out_and_counted(town):
    with town.open("a") as table:
        table.write("2026-04-05T00:00:00Z,,\n2026-04-06T00:00:00Z,0,0\n2026-04-06T00:00:00Z,1,0\n,117,27\n")
    said = run(town).stdout
    assert "2 rows without a place were left out." in said
    assert "1 rows without a time were left out." in said
    assert "1 events far from all others were left out" in said


def test_geojson_is_read_too(town, tmp_path):
    features = [
        {
            "type": "Feature",
            "properties": {"time": time},
            "geometry": {"type": "Point", "coordinates": [float(lon), float(lat)]},
        }
        for time, lon, lat in (row.split(",") for row in rows_of_a_town())
    ]
    file = tmp_path / "town.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    run(town)
    assert run(file, out="others.csv").exit_code == 0
    assert (tmp_path / "scores.csv").read_bytes() == (tmp_path / "others.csv").read_bytes()


@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        ("when,lon,lat\n2026-01-01,120,30\n", {}, "There is no column time; there are when, lon, lat."),
        ("time,lon\n2026-01-01,120\n", {}, "There is no column lat"),
        ("time,lon,lat\n2026-01-01,117,27\nyesterday,117,27\n", {}, "Row 3: time is 'yesterday'"),
        ("time,lon,lat\n,117,27\n", {}, "No row of bad.csv has a time"),
        ("time,lon,lat\n2026-01-01,27,117\n", {}, "the two seem to be swapped"),
        ("time,lon,lat\n2026-01-01,-153,0.5\n", {}, "No place of bad.csv lies where EPSG:32650 can"),
        ("time,lon,lat\n2026-01-01,117,270\n", {}, "Row 2: lat is '270', not degrees from -90 to 90"),
        ("time,lon,lat\n2026-01-01,east,27\n", {}, "Row 2: lon is 'east'"),
        ("time,lon,lat\n2026-10-01,117,27\n", {}, "No event of bad.csv lies before 2026-09-01"),
        ("time,lon,lat\n2026-10-01,,\n", {}, "No row of bad.csv has a place"),
        ("", {}, "bad.csv is not a table"),
        ("time,lon,lat\n2026-01-01,117,27\n", {"crs": "EPSG:4326"}, "EPSG:4326 is geographic"),
        ("time,lon,lat\n2026-01-01,117,27\n", {"crs": "EPSG:2263"}, "measured in US survey foot"),
        ("time,lon,lat\n2026-01-01,117,27\n", {"crs": "mars"}, "There is no CRS mars."),
        ("time,lon,lat\n2026-01-01,117,27\n", {"until": "soon"}, "'soon' is not a moment"),
    ],
)
def test_what_cannot_be_learnt_from_is_refused_in_words(tmp_path, content, options, said):
    file = tmp_path / "bad.csv"
    file.write_text(content)
    done = run(file, **options)
    assert done.exit_code == 1
    assert said in done.stderr
    assert "Remedy" in done.stderr
    assert not (tmp_path / "scores.csv").exists()


@pytest.mark.parametrize(
    ("header", "encoding"),
    [
        ("时间,经度,纬度,类别", "gb18030"),
        ("发生时间,经度,纬度,类别", "utf-8-sig"),
        ("Date Time,LNG,Latitude,note", "utf-16"),
    ],
)
def test_tables_in_chinese_and_in_other_encodings_give_the_same_scores(town, tmp_path, header, encoding):
    run(town)
    rows = [f"{row},火灾隐患" for row in town.read_text().splitlines()[1:]]
    other = tmp_path / "other.csv"
    other.write_text("\n".join([header, *rows]) + "\n", encoding=encoding)
    assert run(other, out="others.csv").exit_code == 0
    assert (tmp_path / "scores.csv").read_bytes() == (tmp_path / "others.csv").read_bytes()


def test_a_note_in_an_unknown_encoding_does_not_matter(town, tmp_path):
    run(town)
    header, *rows = town.read_text().splitlines()
    other = tmp_path / "other.csv"
    other.write_text("\n".join([f"{header},note", *(f"{row},café" for row in rows)]) + "\n", encoding="latin-1")
    assert run(other, out="others.csv").exit_code == 0
    assert (tmp_path / "scores.csv").read_bytes() == (tmp_path / "others.csv").read_bytes()


def test_a_column_of_times_can_be_named(town):
    town.write_text(town.read_text().replace("time,", "Reported On,", 1))
    assert run(town).exit_code == 1
    assert run(town, "--time-column", "reported on").exit_code == 0


def test_a_choice_is_kept_in_a_folder_and_a_damaged_one_made_again(town, tmp_path):
    folder = tmp_path / "choices"
    first = run(town, "--cache", folder).stdout
    (kept,) = folder.iterdir()
    content = kept.read_bytes()
    assert run(town, "--cache", folder).stdout == first
    kept.write_text("{")
    assert run(town, "--cache", folder).stdout == first
    assert kept.read_bytes() == content
    run(town, "--cache", folder, until="2026-08-01")
    assert len(list(folder.iterdir())) == 2


def test_a_kept_choice_is_taken_as_it_is(town, tmp_path):
    folder = tmp_path / "choices"
    run(town, "--cache", folder)
    (kept,) = folder.iterdir()
    told = json.loads(kept.read_text())
    kept.write_text(json.dumps(told | {"name": "gi_star", "params": {}}))
    assert "method gi_star" in run(town, "--cache", folder).stdout


def test_a_loss_to_a_baseline_is_said_plainly(tmp_path):
    # All was in one place; then all is in another, where one odd event had been.
    lon, lat = TO_DEGREES.transform([500_100, 502_100], [3_000_100, 3_000_100])
    rows = [f"2026-04-{1 + n % 28:02}T{n % 24:02}:00:00Z,{lon[0]},{lat[0]}" for n in range(100)]
    rows += [f"2026-04-02T00:00:00Z,{lon[1]},{lat[1]}"] * 2
    rows += [f"2026-09-{1 + n:02}T00:00:00Z,{lon[1]},{lat[1]}" for n in range(20)]
    file = tmp_path / "moved.csv"
    file.write_text("\n".join(["time,lon,lat", *rows]) + "\n")
    said = run(file, "--method", "emerging").stdout
    assert "emerging loses to count_so_far on these events at" in said
