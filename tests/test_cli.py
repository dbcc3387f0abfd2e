"""The command as a user types it: a process of its own, the embedded database, and what it says of bad input."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.request
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from gis_app import __version__
from gis_app.cli import commands
from gis_app.storage import cluster as embedded
from gis_app.storage.cluster_database import ensure_database
from gis_app.storage.engine import make_engine

JINGWEI = Path(sys.executable).with_name("jingwei")
SAMPLES = Path(__file__).parent / "importers" / "samples"
HEADER = "external_id,category_code,severity,stage,discovered_by,title,discovered_at,lon,lat\n"


def environment(home, **more):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JINGWEI_", "LC_", "DATABASE"))}
    return kept | {"JINGWEI_HOME": str(home), "LANG": "C.UTF-8"} | more


def jingwei(home, *arguments, **more):
    """Run a command to its end; no output may hold a stack trace."""
    done = subprocess.run(
        [JINGWEI, *map(str, arguments)],
        env=environment(home, **more),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture(scope="module")
def home():
    """A home with a running database and the city of the sample files."""
    folder = Path(tempfile.mkdtemp(prefix="jw-", dir="/tmp"))
    folder.chmod(0o755)
    assert jingwei(folder, "db", "start").returncode == 0
    assert jingwei(folder, "import", "villages", SAMPLES / "villages.geojson", "--datum", "wgs84").returncode == 0
    yield folder
    embedded.stop(folder)
    shutil.rmtree(folder)


@pytest.fixture
def bare_home():
    folder = Path(tempfile.mkdtemp(prefix="jw-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    embedded.stop(folder)
    shutil.rmtree(folder)


@pytest.fixture
def hazards(tmp_path):
    def write(*lines):
        path = tmp_path / "hazards.csv"
        path.write_text(HEADER + "".join(f"{line}\n" for line in lines), encoding="utf-8")
        return path

    return write


def hazard(number, severity="general", lon=120.63):
    return f"{number},fire,{severity},filed,hotline,堵塞,2026-11-20 08:00:00,{lon},27.78"


def test_help_lists_every_command_without_importing_the_analyses():
    code = """if True:
        import sys
        from gis_app.cli.commands import jingwei
        jingwei(["--help"], standalone_mode=False)
        print("pandas" in sys.modules)"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    listed = done.stdout.partition("Commands:\n")[2].partition("\n  version")[0]
    assert [line.split()[0] for line in listed.splitlines()] == sorted(commands.jingwei.commands.keys() - {"version"})
    assert done.stdout.endswith("\nFalse\n")


@pytest.mark.parametrize(
    "command",
    [
        *("demo", "serve", "analyse", "import", "export map", "db start", "db stop", "db status", "db migrate"),
        *("account create", "account list", "account change", "account disable", "account enable", "account password"),
        *("audit verify", "audit list"),
    ],
)
def test_every_command_has_help(command):
    done = CliRunner().invoke(commands.jingwei, [*command.split(), "--help"], prog_name="jingwei")
    assert done.exit_code == 0
    assert done.output.startswith(f"Usage: jingwei {command} ")


def test_version_prints_the_version(bare_home):
    assert jingwei(bare_home, "version").stdout == f"jingwei {__version__}\n"


def test_status_of_no_database_says_so_with_code_1_and_starts_none(bare_home):
    done = jingwei(bare_home, "db", "status")
    assert (done.returncode, done.stdout) == (1, "The database is not running.\n")
    assert list(bare_home.iterdir()) == []


def test_starting_a_database_that_runs_already_is_fine(home):
    done = jingwei(home, "db", "start")
    assert (done.returncode, done.stdout) == (0, f"The database in {home} is running already.\n")


def test_status_names_tables_and_city(home):
    done = jingwei(home, "db", "status")
    assert done.returncode == 0
    assert re.search(r"^tables +(\w+) \(this program: \1\)$", done.stdout, re.MULTILINE)
    assert re.search(r"^city +瑞安市 Rui'an$", done.stdout, re.MULTILINE)
    assert "synthetic" not in done.stdout


def test_a_command_that_started_the_database_stops_it_again(bare_home):
    done = jingwei(bare_home, "db", "migrate")
    assert (done.returncode, done.stdout) == (0, "The tables are up to date.\n")
    assert embedded.status(bare_home) is None


def test_stopping_twice_says_the_second_time_that_nothing_ran(bare_home):
    jingwei(bare_home, "db", "start")
    assert jingwei(bare_home, "db", "stop").stdout == f"The database in {bare_home} is stopped.\n"
    assert jingwei(bare_home, "db", "stop").stdout == f"The database in {bare_home} was not running.\n"


def test_ones_own_database_is_neither_started_nor_stopped(bare_home):
    done = jingwei(bare_home, "db", "stop", DATABASE_URL="postgresql://nobody@localhost/none")
    assert done.returncode == 1
    assert done.stderr == (
        "Error: DATABASE_URL names a database of your own, which Jingwei does not start or stop.\n"
        "Remedy: Start and stop it yourself, or unset DATABASE_URL.\n"
    )


def test_a_database_url_that_does_not_answer_is_named(bare_home):
    done = jingwei(bare_home, "db", "migrate", DATABASE_URL="postgresql://nobody@127.0.0.1:9/none?connect_timeout=2")
    assert done.returncode == 1
    assert done.stderr.startswith("Error: The database of DATABASE_URL does not answer: ")
    assert done.stderr.endswith("Remedy: Mend DATABASE_URL or start that database; unset it to use the embedded one.\n")


def test_a_folder_that_cannot_be_written_is_named_with_the_setting_to_change():
    done = jingwei("/proc/jingwei", "db", "start")
    assert done.returncode == 1
    assert re.fullmatch(
        r"Error: The folder /proc/jingwei cannot be written: .+\nRemedy: .*JINGWEI_HOME.*\n", done.stderr
    )


def test_a_number_in_the_environment_that_is_none_is_named(bare_home):
    done = jingwei(bare_home, "serve", JINGWEI_PORT="eight")
    assert done.returncode == 1
    assert done.stderr == "Error: JINGWEI_PORT is 'eight', not a whole number.\nRemedy: Set it to digits or unset it.\n"


def test_a_good_file_is_imported_and_the_same_again_is_not(home, hazards):
    path = hazards(hazard("A"), hazard("B"))
    first = jingwei(home, "import", "hazards", path, "--datum", "wgs84")
    assert (first.returncode, first.stdout) == (0, "hazards.csv: 2 added, 0 changed, 0 as they were.\n")
    again = jingwei(home, "import", "hazards", path, "--datum", "wgs84")
    assert (again.returncode, again.stdout) == (0, "hazards.csv was imported before; nothing was changed.\n")


def test_a_file_that_is_not_there_is_named(home):
    done = jingwei(home, "import", "hazards", "/nowhere/hazards.csv", "--datum", "wgs84")
    assert done.returncode == 1
    assert done.stderr.startswith("Error: There is no file ")
    assert "/nowhere/hazards.csv" in done.stderr


def test_a_format_that_is_not_known_is_refused_with_the_known_ones(home, tmp_path):
    path = tmp_path / "hazards.xls"
    path.write_text("x")
    done = jingwei(home, "import", "hazards", path, "--datum", "wgs84")
    assert done.returncode == 1
    assert done.stderr == (
        "Error: The format of hazards.xls is not one that can be imported.\n"
        "Remedy: Bring the data as one of: geojson, geojsonseq, csv, xlsx, shapefile, gpkg, flatgeobuf, geoparquet, "
        "kml, gpx, osm, photo.\n"
    )


def test_a_file_whose_contents_are_of_another_format_is_refused(home, tmp_path):
    path = tmp_path / "villages.geojson"
    path.write_text("code,name\n1,2\n")
    done = jingwei(home, "import", "villages", path, "--datum", "wgs84")
    assert done.returncode == 1
    assert done.stderr.startswith("Error: The file is not GeoJSON")


def test_a_file_without_a_datum_is_refused_with_the_option_to_give(home, hazards):
    done = jingwei(home, "import", "hazards", hazards(hazard("Z")))
    assert done.returncode == 1
    assert done.stderr.startswith("Error: The datum of hazards.csv is not declared, ")
    assert "--datum" in done.stderr.splitlines()[1]


def test_bad_rows_are_a_table_of_row_field_problem_and_remedy(home, hazards):
    path = hazards(hazard("P"), hazard("Q", severity="urgent"), hazard("R", lon="x"))
    done = jingwei(home, "import", "hazards", path, "--datum", "wgs84")
    lines = done.stderr.splitlines()
    assert done.returncode == 1
    assert lines[0] == "Error: Nothing was imported from hazards.csv; problems found: 2."
    assert lines[1].split() == ["Row", "Field", "Problem", "Remedy"]
    assert re.match(r"3 +severity +The value 'urgent' is not known\. +Use one of: low \(低\), general", lines[2])
    assert lines[3].startswith("4 ")
    assert lines[-1] == "Remedy: Mend the rows listed and import the file again."


def test_of_many_bad_rows_the_first_fifty_are_listed_and_the_rest_counted(home, hazards):
    path = hazards(*(hazard(f"P{number}", severity="urgent") for number in range(1100)))
    lines = jingwei(home, "import", "hazards", path, "--datum", "wgs84").stderr.splitlines()
    assert lines[0] == "Error: Nothing was imported from hazards.csv; problems found: 1100."
    assert [int(line.split()[0]) for line in lines[2:-2]] == list(range(2, 52))
    assert lines[-2] == "... and 1050 more."


def test_hazards_before_there_is_a_city_are_refused_in_the_terminals_language(bare_home, hazards):
    arguments = ("import", "hazards", hazards(hazard("A")), "--datum", "wgs84")
    chinese = jingwei(bare_home, *arguments, LANG="zh_CN.UTF-8")
    english = jingwei(bare_home, *arguments)
    assert (chinese.returncode, english.returncode) == (1, 1)
    assert "数据库中还没有城市数据。" in chinese.stderr
    assert "Error: There is no city in the database yet." in english.stderr


def test_a_taken_port_is_named_before_anything_is_started(bare_home):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = jingwei(bare_home, "serve", "--port", port)
    assert done.returncode == 1
    assert done.stderr == (
        f"Error: Port {port} of 127.0.0.1 is taken by another program.\n"
        "Remedy: Stop that program, or choose another port with --port.\n"
    )
    assert list(bare_home.iterdir()) == []


def test_a_host_of_another_machine_is_refused(bare_home):
    done = jingwei(bare_home, "serve", "--host", "192.0.2.1", "--port", "0")
    assert done.returncode == 1
    assert done.stderr.startswith("Error: 192.0.2.1 is not an address of this machine: ")


class Server:
    """A running `jingwei serve`; what it says is read by a thread."""

    def __init__(self, home, *options):
        self.process = subprocess.Popen(
            [JINGWEI, "serve", "--port", "0", *options],
            env=environment(home, JINGWEI_WORKERS="1"),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines = []
        self._ready = threading.Event()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            if "Jingwei is ready" in line:
                self._ready.set()
        self._ready.set()

    def address(self):
        assert self._ready.wait(300)
        return re.search(r"Jingwei is ready: (http://\S+)", "\n".join(self.lines)).group(1)

    def end(self, number):
        self.process.send_signal(number)
        code = self.process.wait(300)
        self._reader.join()
        self.process.stdout.close()
        return code


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_server_answers_once_it_is_ready_and_ends_cleanly_with_its_database(bare_home, number):
    jingwei(bare_home, "import", "villages", SAMPLES / "villages.geojson", "--datum", "wgs84")
    server = Server(bare_home)
    try:
        with urllib.request.urlopen(server.address() + "/api/health", timeout=20) as answer:  # noqa: S310
            assert answer.status == 200
        assert embedded.status(bare_home) is not None
    finally:
        code = server.end(number)
    assert code == 0
    assert embedded.status(bare_home) is None
    assert "Traceback" not in "\n".join(server.lines)


def test_a_server_leaves_a_database_running_that_it_did_not_start(home):
    server = Server(home)
    try:
        server.address()
    finally:
        server.end(signal.SIGTERM)
    assert embedded.status(home) is not None


def test_a_server_for_all_addresses_warns_that_passwords_go_unencrypted(home):
    server = Server(home, "--host", "0.0.0.0")  # noqa: S104
    try:
        server.address()
    finally:
        server.end(signal.SIGTERM)
    assert (
        "Warning: passwords go to 0.0.0.0 unencrypted. Put a proxy with https in front and set JINGWEI_PROXIES=1."
        in server.lines
    )


def test_a_folder_that_a_map_cannot_be_written_to_is_named(home):
    done = jingwei(home, "export", "map", "--layers", "villages", "/proc/out.html")
    assert done.returncode == 1
    assert "/proc" in done.stderr.splitlines()[0]
    assert "\nRemedy: " in done.stderr


def test_a_layer_that_does_not_exist_is_named(home, tmp_path):
    done = jingwei(home, "export", "map", "--layers", "moon", tmp_path / "out.html")
    assert done.returncode == 1
    assert "moon" in done.stderr.splitlines()[0]
    assert not (tmp_path / "out.html").exists()


def test_an_account_is_made_listed_changed_and_disabled(home):
    made = jingwei(home, "account", "create", "Desk-1", "--role", "dispatcher", "--area", "330381")
    assert made.returncode == 0, made.stderr
    assert re.search(r"^Password, shown this once: ([a-z2-9]{4}-){3}[a-z2-9]{4}$", made.stdout, re.MULTILINE)
    again = jingwei(home, "account", "create", "desk-1", "--role", "handler", "--area", "330381")
    assert (again.returncode, again.stdout) == (1, "")
    assert "The login desk-1 is taken." in again.stderr
    assert jingwei(home, "account", "change", "desk-1", "--role", "analyst").returncode == 0
    assert jingwei(home, "account", "disable", "desk-1").stdout == "The account desk-1 is disabled.\n"
    assert re.search(r"^desk-1 +analyst +330381 +disabled +- +Rui'an$", jingwei(home, "account", "list").stdout)
    missing = jingwei(home, "account", "disable", "nobody", JINGWEI_LOCALE="zh")
    assert (missing.returncode, "没有这个账号。" in missing.stderr) == (1, True)
    wrong = jingwei(home, "account", "create", "desk-2", "--role", "handler", "--area", "999")
    assert "There is no city, township or village with the code '999'." in wrong.stderr


def test_the_audit_is_whole_until_somebody_changes_it(home):
    jingwei(home, "account", "create", "desk-3", "--role", "handler", "--area", "330381")
    whole = jingwei(home, "audit", "verify")
    assert (whole.returncode, whole.stdout.splitlines()[-1]) == (0, "The audit is whole.")
    assert "account.create" in jingwei(home, "audit", "list", "--action", "account.create").stdout
    engine = make_engine(ensure_database(embedded.start(home)).superuser_url, pool_size=1)
    with engine.begin() as connection:
        connection.execute(text("SET session_replication_role = replica"))
        connection.execute(text("UPDATE audit_entry SET subject = 'account:nobody' WHERE sequence = 1"))
    engine.dispose()
    broken = jingwei(home, "audit", "verify")
    assert broken.returncode == 1
    assert broken.stderr == "Entry 1 was changed.\nThe audit was tampered with: 1 faults.\n"
