"""Files that accounts bring to their workspaces: read whole or not at all, within a quota."""

from __future__ import annotations

import hashlib
import tempfile
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path, PurePosixPath
from typing import Any

import shapely
from sqlalchemy import Connection, RowMapping

from gis_app.domain.errors import Conflict, InvalidInput, Refused, require_one_of
from gis_app.domain.rights import Scope
from gis_app.domain.workspaces import Quota
from gis_app.importers import formats
from gis_app.importers.file_copy import no_room
from gis_app.importers.own_table import SHAPES, OwnTable, read_own
from gis_app.services.audit import Ledger
from gis_app.services.heavy_lane import HeavyLane
from gis_app.services.workspace_layers import missing
from gis_app.services.workspaces import subject_of, title_of
from gis_app.storage import workspaces
from gis_app.storage.engine import lift_time_limit, scoped

_LONGEST_WAIT_S = 30.0
"""A file waits so long for those before it, and holds its memory meanwhile."""


@dataclass(frozen=True)
class Brought:
    """A file as it came, with what its sender says of it; ``""`` to go by the file itself.

    Parameters
    ----------
    id
        Made by the client, once, and sent again when a request is repeated.
    shape
        ``point``, ``line`` or ``polygon``.
    """

    id: uuid.UUID
    title: str
    file_name: str
    content: bytes
    datum: str = ""
    file_format: str = ""
    shape: str = ""

    def hash(self, account: str) -> bytes:
        """Return what tells the same request from another."""
        told = "\n".join((account, self.file_name, self.datum, self.file_format, self.shape))
        return hashlib.sha256(told.encode("utf-8", "surrogatepass") + b"\n" + self.content).digest()


@dataclass(frozen=True)
class WorkspaceIntake:
    """Takes files in; one per server process.

    Parameters
    ----------
    quota
        Of each account.
    lane
        What files wait in: reading one takes half a gigabyte and a processor.
    """

    ledger: Ledger
    quota: Quota = field(default_factory=Quota)
    lane: HeavyLane = field(default_factory=lambda: HeavyLane(_LONGEST_WAIT_S, words="Other files are being read."))

    def bring(self, scope: Scope, brought: Brought) -> tuple[RowMapping, bool]:
        """Store a file as a data set; return it, and whether this request stored it or an earlier one.

        Raises
        ------
        ImportRefused
            If any row has a problem; then nothing is stored.
        InvalidInput, Refused
            If the file, its title, name, datum, format or shape cannot be used, or the account keeps too much.
        Conflict
            If the identifier stands for something else.
        TooMany
            If the files before it take too long.
        Unavailable
            If files cannot be read safely on this machine.
        """
        asked = brought.hash(scope.account)
        name = _file_name(brought.file_name)
        title = title_of(brought.title or PurePosixPath(name).stem)
        shape = _one_of("shape", brought.shape, SHAPES)
        file_format = _one_of("format", brought.file_format, tuple(formats.IMPORTERS))
        self._require_size(brought)
        with scoped(self.ledger.engine, scope) as connection:
            known = workspaces.one(connection, brought.id)
            room = None if known is not None else self._room(connection, scope.account)
        if known is not None or room is None:
            return _same(known, asked), False
        with self.lane.entered(), tempfile.TemporaryDirectory(prefix="jingwei-workspace-") as folder:
            path = Path(folder) / f"file{PurePosixPath(name).suffix.lower()}"
            try:
                path.write_bytes(brought.content)
            except OSError as error:
                raise no_room(error.strerror or str(error)) from None
            # By its own name, so that a suffix that is not known is told as it was sent.
            format_name = formats.format_name(Path(name), file_format)
            table = read_own(
                path,
                file_name=name,
                datum=brought.datum or None,
                most_rows=room,
                shape=next((each for each in SHAPES if each == shape), None),
                file_format=format_name,
            )
        return self._store(scope, replace(brought, file_name=name), table, title=title, asked=asked)

    def _require_size(self, brought: Brought) -> None:
        if not brought.content:
            raise InvalidInput("The file {path} is empty.", remedy="Export the data again.", path=brought.file_name)
        if len(brought.content) > self.quota.file_bytes:
            raise Refused(
                "The file {path} is larger than {limit_mib} MiB.",
                remedy="Split it into smaller files.",
                path=brought.file_name,
                limit_mib=self.quota.file_bytes // 2**20,
            )

    def _room(self, connection: Connection, account: str) -> int:
        """Return how many more features the account may keep."""
        kept = workspaces.kept(connection, account)
        if kept["datasets"] >= self.quota.datasets:
            raise InvalidInput(
                "You keep {count} data sets, which is as many as an account may.",
                remedy="Delete one first.",
                count=kept["datasets"],
            )
        return max(self.quota.features - int(kept["features"]), 0)

    def _store(
        self, scope: Scope, brought: Brought, table: OwnTable, *, title: str, asked: bytes
    ) -> tuple[RowMapping, bool]:
        west, south, east, north = (float(each) for each in shapely.total_bounds(table.geometries))
        values = {
            "id": brought.id,
            "title": title,
            "file_name": brought.file_name,
            "file_sha256": table.file_sha256,
            "file_format": table.file_format,
            "datum": table.datum,
            "shape": table.shape.value,
            "columns": [{"name": c.name, "title": c.title, "kind": c.kind.value} for c in table.columns],
            "feature_count": len(table.rows),
            **{"west": west, "south": south, "east": east, "north": north},
            "is_shared": False,
            "account": scope.account,
            "body_hash": asked,
            "created_at": self.ledger.now(),
            "scope_path": scope.area_path,
        }
        with self.ledger.writing(scope) as work:
            lift_time_limit(work.connection)
            workspaces.wait_for_turn(work.connection, scope.account)
            known = workspaces.one(work.connection, brought.id)
            if known is not None:
                return _same(known, asked), False
            if self._room(work.connection, scope.account) < len(table.rows):
                raise InvalidInput(
                    "The file has more rows than you may keep: {most} are left to you.",
                    remedy="Bring fewer rows, or delete a data set first.",
                    most=self._room(work.connection, scope.account),
                )
            told = _properties(table)
            if not workspaces.add(work.connection, values, rows=table.rows, properties=told, shapes=table.geometries):
                raise _taken()
            detail = {"file": brought.file_name, "sha256": table.file_sha256, "rows": len(table.rows)}
            work.note("workspace.add", subject_of(brought.id), scope_path=scope.area_path, title=title, **detail)
            stored = workspaces.one(work.connection, brought.id)
        if stored is None:
            raise missing()
        return stored, True


def _properties(table: OwnTable) -> list[Mapping[str, Any]]:
    names = list(table.values)
    columns = [[_plain(value) for value in table.values[name]] for name in names]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)] or [{} for _ in table.rows]


def _plain(value: object) -> Any:
    """Return a value as JSON keeps it and the database reads it again as its type."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value.isoformat() if isinstance(value, date) else value


def _same(known: RowMapping | None, asked: bytes) -> RowMapping:
    if known is None or bytes(known["body_hash"]) != asked:
        raise _taken()
    return known


def _taken() -> Conflict:
    return Conflict("This identifier is taken.", remedy="Send the file under a new one.")


def _file_name(text: str) -> str:
    """Return the last part of a name, without what a file system would make of the others."""
    name = text.replace("\\", "/").rsplit("/", 1)[-1].strip()
    if not name.strip(".") or not name.isprintable() or len(name) > 200:
        raise InvalidInput(
            "{name} is {value!r}.", remedy="Say what the file is called.", name="file_name", value=text[:40]
        )
    return name


def _one_of(name: str, value: str, known: Sequence[str]) -> str | None:
    if value:
        require_one_of(name, value, known)
    return value or None
