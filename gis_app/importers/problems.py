"""What is wrong with a file, row by row, and the refusal that carries it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gis_app.domain.errors import InvalidInput

REPORTED_PROBLEMS = 1000


@dataclass(frozen=True)
class RowProblem:
    """One thing wrong in one row.

    ``row`` is the number a person finds the row by: in CSV the record number with the header as row 1 (as a
    spreadsheet shows it), in GeoJSON the number of the feature from 1, in GPX the number of the point from 1.
    The two templates are English sentences with named fields, which are also the keys of their translations.
    """

    row: int
    field: str
    problem_template: str
    remedy_template: str
    params: Mapping[str, object] = dataclasses.field(default_factory=dict)

    @property
    def problem(self) -> str:
        """What is wrong, in English."""
        return self.problem_template.format(**self.params)

    @property
    def remedy(self) -> str:
        """What to do about it, in English."""
        return self.remedy_template.format(**self.params)

    def __str__(self) -> str:
        """One line for a terminal or a log."""
        return f"Row {self.row}, {self.field}: {self.problem} {self.remedy}"


class ImportRefused(InvalidInput):
    """A file of which nothing is imported, because some of its rows cannot be.

    Parameters
    ----------
    problems
        The first ``REPORTED_PROBLEMS`` problems, in row order.
    further_count
        How many more there are.
    """

    code = "import_refused"

    def __init__(self, problems: Sequence[RowProblem], *, further_count: int = 0, file_name: str) -> None:
        self.problems = tuple(problems)
        self.further_count = further_count
        super().__init__(
            "Nothing was imported from {file_name}; problems found: {count}.",
            remedy="Mend the rows listed and import the file again.",
            file_name=file_name,
            count=len(self.problems) + further_count,
        )


class ProblemLog:
    """Collects problems, keeps the first ``REPORTED_PROBLEMS`` and counts the rest."""

    def __init__(self) -> None:
        self._kept: list[RowProblem] = []
        self._further_count = 0
        self._bad_rows: set[int] = set()

    @property
    def bad_rows(self) -> frozenset[int]:
        """Numbers of the rows that have a problem."""
        return frozenset(self._bad_rows)

    def add(self, row: int, field: str, /, problem: str, remedy: str, **params: object) -> None:
        """Note that ``field`` of ``row`` is wrong."""
        self._bad_rows.add(row)
        if len(self._kept) < REPORTED_PROBLEMS:
            self._kept.append(RowProblem(row, field, problem, remedy, params))
        else:
            self._further_count += 1

    def mark_bad(self, rows: Iterable[int]) -> None:
        """Count rows as bad though the one problem they share was noted once."""
        self._bad_rows.update(rows)

    @property
    def problems(self) -> tuple[RowProblem, ...]:
        """The problems kept, in row order."""
        return tuple(sorted(self._kept, key=lambda found: found.row))

    @property
    def further_count(self) -> int:
        """How many problems there are beyond those kept."""
        return self._further_count

    def refuse_if_any(self, file_name: str) -> None:
        """Raise ``ImportRefused`` with all that was noted, or do nothing."""
        if self._kept:
            raise ImportRefused(self.problems, further_count=self._further_count, file_name=file_name)
