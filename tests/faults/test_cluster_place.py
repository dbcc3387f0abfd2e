"""The embedded cluster in places that do not suit it: odd paths, other users, full disks, foreign settings."""

import os
import shutil
import stat
import subprocess

import pytest
from sqlalchemy import text

from gis_app.domain.errors import InvalidInput, Unavailable
from gis_app.storage import cluster, cluster_data, cluster_place
from gis_app.storage.cluster_database import ensure_database
from gis_app.storage.engine import make_engine


def asked(url, question):
    engine = make_engine(url, pool_size=1)
    try:
        with engine.connect() as connection:
            return connection.execute(text(question)).scalar_one()
    finally:
        engine.dispose()


@pytest.mark.parametrize("name", ["数据目录" * 9, "a,b", "it's; here | (there) & *", "100%@home"])
def test_a_home_of_any_name_works(home, name):
    odd = home / name
    running = cluster.start(odd)
    try:
        assert asked(ensure_database(running).app_url, "SELECT current_user") == "jingwei_app"
        assert stat.S_IMODE(running.socket_folder.stat().st_mode) == 0o700
    finally:
        cluster.stop(odd)
        shutil.rmtree(running.socket_folder)


@pytest.mark.parametrize("sign", ['"', "$(touch x)", "`", "\\", "\n"])
def test_a_home_whose_name_a_shell_would_read_is_refused(home, sign):
    with pytest.raises(InvalidInput, match="cannot run in a folder of this name"):
        cluster.start(home / f"a{sign}b")
    assert list(home.iterdir()) == []


def test_a_relative_home_is_the_same_as_its_absolute_path(home, monkeypatch):
    monkeypatch.chdir(home)
    relative = cluster.start((home / "here").relative_to(home))
    try:
        assert cluster.status(home / "here") == relative
    finally:
        cluster.stop(home / "here")


def test_a_strict_umask_does_not_shut_the_server_out_of_its_folders(home):
    old = os.umask(0o077)
    try:
        cluster.start(home / "new" / "er")
    finally:
        os.umask(old)
    assert cluster.stop(home / "new" / "er") is True


def test_settings_of_the_callers_shell_reach_neither_server_nor_clients(home, monkeypatch):
    monkeypatch.setenv("PGPORT", "5999")
    monkeypatch.setenv("PROJ_DATA", "/of/a/python/wheel")
    urls = ensure_database(cluster.start(home))
    engine = make_engine(urls.superuser_url, pool_size=1)
    with engine.begin() as connection:
        assert connection.execute(text("SHOW port")).scalar_one() == "5432"
        connection.execute(text("CREATE TEMP TABLE variable (line text)"))
        connection.execute(text("COPY variable FROM PROGRAM 'env'"))  # the server's own, as its children inherit it
        names = {line.split("=")[0] for line in connection.execute(text("SELECT line FROM variable")).scalars()}
    engine.dispose()
    assert "PATH" in names
    assert names.isdisjoint({"PGPORT", "PROJ_DATA", "HOME", "VIRTUAL_ENV"})


def test_settings_are_renewed_at_each_start_and_an_operators_own_win(home):
    running = cluster.start(home)
    cluster.stop(home)
    (home / "jingwei.conf").write_text("max_connections = 7\n")
    running = cluster.start(home)
    admin = running.url("postgres", "postgres")
    assert asked(admin, "SHOW max_connections") == "60"
    engine = make_engine(admin, pool_size=1)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ALTER SYSTEM SET max_connections = 71"))
    engine.dispose()
    cluster.stop(home)
    assert asked(cluster.start(home).url("postgres", "postgres"), "SHOW max_connections") == "71"


def test_no_network_address_is_let_in_even_if_an_operator_opens_one(home):
    admin = cluster.start(home).url("postgres", "postgres")
    assert asked(admin, "SELECT count(*) FROM pg_hba_file_rules WHERE type <> 'local'") == 0
    assert asked(admin, "SELECT count(*) FROM pg_hba_file_rules WHERE type = 'local'") == 1


def test_a_file_in_place_of_the_sockets_folder_is_named(home):
    (home / "run").write_text("in the way")
    with pytest.raises(Unavailable, match=r"/run is not ours"):
        cluster.start(home)
    (home / "run").unlink()


def test_a_data_folder_that_holds_something_else_is_left_alone_and_named(home):
    (home / "pgdata").mkdir()
    (home / "pgdata" / "letter").write_text("mine")
    with pytest.raises(Unavailable, match="holds something that is no database"):
        cluster.start(home)
    assert (home / "pgdata" / "letter").read_text() == "mine"


def test_a_home_that_anybody_may_write_is_refused(home):
    home.chmod(0o1777)
    with pytest.raises(Unavailable, match="is open to other users"):
        cluster.start(home)


def test_an_ordinary_user_runs_the_whole_of_it_as_himself(home, as_another_user):
    os.chown(home, 65534, 65534)

    def run():
        running = cluster.start(home)
        try:
            urls = ensure_database(running)
            owner = (home / "pgdata").stat().st_uid
            return asked(urls.app_url, "SELECT postgis_version()")[:2], owner
        finally:
            cluster.stop(home)

    assert as_another_user(run) == "('3.', 65534)"


def test_data_of_another_user_are_named_to_whoever_comes_later(home, as_another_user):
    cluster.start(home)
    answer = as_another_user(lambda: cluster.status(home))
    assert answer.startswith("Unavailable: The database cannot use ")
    assert f"Run Jingwei as the user who owns {home}" in answer
    assert as_another_user(lambda: cluster.stop(home)).startswith("Unavailable: ")
    assert as_another_user(lambda: cluster.start(home)).startswith(f"Unavailable: The folder {home} cannot be written")
    cluster.stop(home)
    subprocess.run(["chown", "-R", "65534", str(home / "pgdata")], check=True)
    with pytest.raises(Unavailable, match="belong to the user with id 65534"):
        cluster.start(home)


def test_without_postgresql_or_postgis_the_packages_are_named(home, monkeypatch):
    real_glob = cluster_place.Path.glob
    monkeypatch.setattr(cluster_place.Path, "glob", lambda folder, pattern: iter(()))
    with pytest.raises(Unavailable, match="PostgreSQL is not installed") as caught:
        cluster.start(home)
    assert "apt-get install postgresql-15 postgresql-15-postgis-3" in caught.value.remedy
    monkeypatch.setattr(cluster_place.Path, "glob", real_glob)
    monkeypatch.setattr(cluster_place, "OLDEST_VERSION", 99)
    with pytest.raises(Unavailable, match="PostGIS for it") as caught:
        cluster.start(home)
    assert "apt-get install" in caught.value.remedy


@pytest.mark.parametrize("name", ["1st", "Upper", "a-b", "x; DROP DATABASE postgres", "größe", "", "n" * 64])
def test_a_name_that_is_no_database_name_is_refused(cluster, name):
    with pytest.raises(InvalidInput, match="is no name for a database"):
        ensure_database(cluster, name)


def test_a_disk_that_fills_while_the_cluster_is_made_leaves_nothing_half(small_disk, monkeypatch):
    monkeypatch.setattr(cluster_data, "LEAST_FREE_TO_CREATE_MB", 1)
    disk = small_disk(20)
    with pytest.raises(Unavailable) as caught:
        cluster.start(disk)
    assert caught.value.message == f"The disk of {disk} is full."
    assert not (disk / "pgdata").exists()
    small_disk(400)
    assert cluster.start(disk) == cluster.status(disk)


def test_a_disk_that_fills_while_a_database_is_set_up_is_named_and_once_freed_it_goes_on(small_disk):
    disk = small_disk(400)
    running = cluster.start(disk)
    ballast = disk / "ballast"
    free_mb = shutil.disk_usage(disk).free // 2**20
    ballast.write_bytes(bytes((free_mb - 2) * 2**20))
    with pytest.raises(Unavailable) as caught:
        ensure_database(running)
    assert caught.value.message == f"The disk of {disk} is full."
    ballast.unlink()
    urls = ensure_database(cluster.start(disk))
    assert asked(urls.owner_url, "SELECT postgis_version()").startswith("3.")
