"""A home for a cluster of the test's own, and ways to act on it from other processes."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from gis_app.storage import cluster as embedded


@pytest.fixture
def home():
    """A short folder below /tmp; its cluster is stopped and it is removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="jw-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    embedded.stop(folder)
    shutil.rmtree(folder)


@pytest.fixture
def as_another_user():
    """Run a function in a child process as the user nobody, and return what it returns as text."""
    if os.geteuid() != 0:
        pytest.skip("needs root to act as another user")

    def run(function) -> str:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
                answer = str(function())
            except BaseException as error:
                answer = f"{type(error).__name__}: {error}"
            os.write(writing, answer.encode())
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as pipe:
            answer = pipe.read()
        os.waitpid(child, 0)
        return answer

    return run


@pytest.fixture
def small_disk(home):
    """Mount a disk of a given size in the home."""
    mounted = []

    def mount(megabytes):
        folder = home / "disk"
        folder.mkdir(exist_ok=True)
        options = f"{'remount,' if mounted else ''}size={megabytes}m,mode=0755"
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        if subprocess.run(command, check=False, capture_output=True).returncode != 0:
            pytest.skip("mounting is not allowed here")
        mounted.append(folder)
        return folder

    yield mount
    if mounted:
        embedded.stop(mounted[0])
        subprocess.run(["umount", str(mounted[0])], check=True)
