"""`jingwei plan` as a user types it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from gis_app.cli.commands import jingwei
from gis_app.planning.plain_instance import read_plain_instance, refuse_unless_sound

JINGWEI = Path(sys.executable).with_name("jingwei")
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
