"""Every dirty file comes to its end as written beside it; hostile ones read nothing and stay within their limits."""

from __future__ import annotations

import re
import resource

import pytest

from gis_app.domain.errors import InvalidInput
from gis_app.importers.frame import check
from gis_app.importers.kinds import ImportKind
from tests.importers.dirty_files import CANARY, corpus

MOST_WORK_S = 11.5
"""Ten seconds, and the last one in which a process is ended."""


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dirty")
    canary = folder / "canary"
    canary.write_text(f"name,kind,lon,lat\n{CANARY},x,120.64,27.78\n")
    return {file.name: file for file in corpus(folder, canary)}


def outcome_of(file, tmp_path, city):
    """Return the number of good rows and everything that was said."""
    path = tmp_path / file.name
    path.write_bytes(file.content)
    try:
        checked = check(path, ImportKind(file.kind), datum=file.datum, city=city)
    except InvalidInput as refused:
        return 0, refused.message
    said = [problem.problem for problem in checked.problems]
    return len(checked.good.frame), "\n".join(said) + checked.good.frame.to_string() * bool(file.is_hostile)


def is_as_written(file, rows, said):
    return rows == file.rows and (re.search(file.says, said) is not None if file.says else said == "" or file.rows)


def test_there_are_at_least_sixty_files_and_thirty_hostile_ones(files):
    assert len(files) >= 100
    assert sum(file.is_hostile for file in files.values()) >= 30


def test_every_untidy_file_comes_to_its_end_as_written(files, tmp_path, city):
    wrong = []
    for file in (file for file in files.values() if not file.is_hostile):
        rows, said = outcome_of(file, tmp_path, city)
        if not is_as_written(file, rows, said):
            wrong.append((file.name, rows, said[:300]))

    assert wrong == []


def test_every_hostile_file_is_refused_reads_nothing_and_keeps_to_its_limits(files, tmp_path, city):
    wrong, readers = [], resource.RUSAGE_CHILDREN
    for file in (file for file in files.values() if file.is_hostile):
        before = resource.getrusage(readers)
        rows, said = outcome_of(file, tmp_path, city)
        after = resource.getrusage(readers)
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        # Memory is bounded by the system itself (see test_sandbox); the sum of work is what can be measured here.
        if not is_as_written(file, rows, said) or CANARY in said or seconds > MOST_WORK_S:
            wrong.append((file.name, rows, said[:300], seconds))

    assert wrong == []
