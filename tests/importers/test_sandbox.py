"""What a reader that has been taken over by a hostile file can do: nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

from gis_app.domain.errors import Refused, Unavailable
from gis_app.importers import sandbox
from gis_app.importers.confinement import Limits
from gis_app.importers.file_copy import private_copy
from gis_app.importers.records import FileFacts, Shape

TAKEN_OVER = """
import os, socket, threading
from gis_app.importers import reading_child
from gis_app.importers.formats import ImportFormat
from gis_app.importers.records import Record

def outcome(attempt):
    try:
        return f"done: {attempt()}"
    except BaseException as error:
        return type(error).__name__

def reader(source, wanted, facts):
    %s

os._exit(reading_child.main({"csv": ImportFormat(reader, (), 1)}))
"""


@pytest.fixture
def taken_over(tmp_path):
    """Run a reader whose body is given, as the sandbox would, and return its records."""

    def run(body, **limits):
        script, source = tmp_path / "reader.py", tmp_path / "file.csv"
        script.write_text(TAKEN_OVER % body)
        source.write_text("hostile")
        copy, _ = private_copy(source, 1000)
        with copy:
            rows = sandbox.read_rows(
                copy,
                "csv",
                shape=Shape.POINT,
                facts=FileFacts(),
                limits=Limits(**limits),
                command=(sys.executable, "-I", str(script)),
            )
            return list(rows)

    return run


@pytest.mark.parametrize(
    "attempt",
    [
        "open({canary!r}).read()",
        "os.listdir({folder!r})",
        "os.open({canary!r}, os.O_WRONLY)",
        "os.unlink({canary!r})",
        "socket.socket()",
        "socket.socket(socket.AF_UNIX)",
        "socket.socketpair()",
        "os.fork()",
        "os.execv('/bin/true', ['true'])",
        "os.kill(os.getppid(), 0)",
    ],
)
def test_a_taken_over_reader_reaches_no_file_socket_or_process(taken_over, tmp_path, attempt):
    canary = tmp_path / "canary"
    canary.write_text("secret of the server")
    canary.chmod(0o666)
    command = attempt.format(canary=str(canary), folder=str(tmp_path))

    (record,) = taken_over(f"yield Record(1, {{'got': outcome(lambda: {command})}}, xy=(1.0, 2.0))")

    assert record.values["got"] == "PermissionError"
    assert canary.read_text() == "secret of the server"


def test_the_same_attempts_succeed_without_the_sandbox(tmp_path):
    # The proof above means something only if what is tried works outside.
    canary = tmp_path / "canary"
    canary.write_text("secret of the server")
    attempt = f"import socket; socket.socket(); print(open({str(canary)!r}).read())"

    told = subprocess.run([sys.executable, "-I", "-c", attempt], capture_output=True, text=True, check=True)

    assert told.stdout.strip() == "secret of the server"


def test_a_taken_over_reader_inherits_no_secret_and_no_open_file(taken_over, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://secret")

    (record,) = taken_over(
        "yield Record(1, {'names': sorted(os.environ), 'fd': outcome(lambda: os.read(3, 1))}, xy=(1.0, 2.0))"
    )

    assert "DATABASE_URL" not in record.values["names"]
    assert record.values["fd"] == "OSError"


ONE_LAYER = """
import socket
from gis_app.importers import confinement

def works(attempt):
    try:
        attempt()
    except OSError:
        return False
    return True

confinement._libc.prctl(confinement._PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
held = confinement.%s()
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
print(held, works(lambda: open("/etc/passwd").close()), works(lambda: udp.connect(("127.0.0.1", 9))))
"""


@pytest.mark.parametrize("layer, opens, connects", [("_close_files", False, True), ("_leave_network", True, False)])
def test_each_further_layer_holds_by_itself(layer, opens, connects):
    attempt = ONE_LAYER % layer

    told = subprocess.run([sys.executable, "-c", attempt], capture_output=True, text=True, check=True).stdout.split()

    if told[0] == "False":
        pytest.skip("this kernel does not offer the layer; seccomp alone is tested above")
    assert told == ["True", str(opens), str(connects)]


def test_a_reader_that_works_too_long_is_stopped(taken_over):
    with pytest.raises(Refused, match="took more than 1 s of work"):
        taken_over("while True: pass\n    yield", cpu_seconds=1)


def test_a_reader_that_sleeps_is_stopped(taken_over):
    with pytest.raises(Refused, match=r"or 1\.5 s of time and was stopped"):
        taken_over("lock = threading.Lock(); lock.acquire(); lock.acquire()\n    yield", wall_seconds=1.5)


def test_a_reader_that_takes_memory_is_stopped(taken_over):
    with pytest.raises(Refused, match="needs more than 512 MiB of memory"):
        taken_over("hoard = [bytearray(1 << 20) for _ in range(2000)]\n    yield")


def test_a_reader_that_writes_without_end_is_stopped(taken_over):
    with pytest.raises(Unavailable, match="the rows read need more than is free, or than 1 MB"):
        taken_over("while True: yield Record(1, {}, xy=(1.0, 2.0))", output_bytes=1_000_000)


def test_a_file_of_more_rows_than_allowed_is_refused(taken_over):
    body = "for row in range(4): yield Record(row, {}, xy=(1.0, 2.0))"

    assert len(taken_over(body, rows=4)) == 4
    with pytest.raises(Refused, match="more than 3 rows"):
        taken_over(body, rows=3)


def test_a_reader_that_dies_is_told_of(taken_over):
    with pytest.raises(Refused, match=r"broke down over the file \(code 7\)"):
        taken_over("os._exit(7)\n    yield")


@pytest.mark.parametrize(
    "line",
    [
        b"not json\n",
        b'[1, {}, ["a", "b"], null, null]\n',
        b'[1, {}, null, "00", null]\n',
        b'[1, {}, null, null, ["{x.__class__}", "", {"x": 1}]]\n',
        b'{"refused": {"template": "{x!r:>999999999}", "remedy": "", "params": {"x": "1"}}}\n',
        b'{"facts": {}}\n',
        b'{"facts": 1}\n',
        b"",
    ],
)
def test_lines_a_taken_over_reader_makes_up_are_not_believed(taken_over, line):
    with pytest.raises(Refused, match="broke down"):
        taken_over(f"os.write(1, {line!r}); os._exit(0)\n    yield")


def test_a_machine_without_any_confinement_reads_nothing():
    attempt = (
        "from gis_app.importers import confinement as c\nc._close_files = c._filter_system_calls = lambda: False\n"
        "try:\n    c.confine(c.Limits())\nexcept c.Unavailable as error:\n    print(error)\n"
    )

    told = subprocess.run([sys.executable, "-c", attempt], capture_output=True, text=True, check=True).stdout

    assert "cannot be read safely on this machine" in told


def test_a_temporary_folder_that_is_gone_is_told_of(tmp_path, monkeypatch):
    file = tmp_path / "file.csv"
    file.write_text("lon,lat")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))

    with pytest.raises(Unavailable, match="gone does not take what the import needs") as caught:
        private_copy(file, 100)
    assert "TMPDIR" in caught.value.remedy


def test_a_large_file_is_refused_before_it_is_read(tmp_path):
    file = tmp_path / "file.csv"
    file.write_bytes(bytes(3 * 1024 * 1024))

    with pytest.raises(Refused, match="larger than 2 MiB"):
        private_copy(file, 2 * 1024 * 1024)
