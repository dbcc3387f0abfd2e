"""Workspaces: the data sets an account may read, and its own ones renamed, shared with its area, removed."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import Engine, RowMapping

from gis_app.domain.errors import InvalidInput
from gis_app.domain.rights import Scope
from gis_app.services.audit import Ledger
from gis_app.services.workspace_layers import missing
from gis_app.storage import workspaces
from gis_app.storage.engine import lift_time_limit, scoped


def listed(engine: Engine, scope: Scope) -> Sequence[RowMapping]:
    """Return the account's own data sets, then those that others of its area share."""
    with scoped(engine, scope) as connection:
        return workspaces.listed(connection, scope.account)


def kept(engine: Engine, scope: Scope) -> RowMapping:
    """Return how many ``datasets`` and ``features`` the account keeps."""
    with scoped(engine, scope) as connection:
        return workspaces.kept(connection, scope.account)


def one(engine: Engine, scope: Scope, dataset: uuid.UUID) -> RowMapping:
    """Return a data set; raises ``NotFound`` if the account may read none of this identifier."""
    with scoped(engine, scope) as connection:
        found = workspaces.one(connection, dataset)
    if found is None:
        raise missing()
    return found


def change(
    ledger: Ledger, scope: Scope, dataset: uuid.UUID, *, title: str | None = None, shared: bool | None = None
) -> RowMapping:
    """Give the account's own data set another title, share it with its area, or with nobody; None keeps what is.

    Raises
    ------
    InvalidInput
        If the title is empty.
    NotFound
        If the account has none of this identifier.
    """
    with ledger.writing(scope) as work:
        known = workspaces.one(work.connection, dataset)
        if known is None or known["account"] != scope.account:
            raise missing()
        named = known["title"] if title is None else title_of(title)
        is_shared = known["is_shared"] if shared is None else shared
        changed = workspaces.change(work.connection, dataset, scope.account, title=named, shared=is_shared)
        if changed is None:
            raise missing()
        work.note(
            "workspace.change", subject_of(dataset), scope_path=changed["scope_path"], title=named, shared=is_shared
        )
    return changed


def remove(ledger: Ledger, scope: Scope, dataset: uuid.UUID) -> None:
    """Remove the account's own data set with its features; raises ``NotFound`` if it has none of this identifier."""
    with ledger.writing(scope) as work:
        lift_time_limit(work.connection)
        gone = workspaces.remove(work.connection, dataset, scope.account)
        if gone is None:
            raise missing()
        detail = {"title": gone["title"], "sha256": gone["file_sha256"], "rows": gone["feature_count"]}
        work.note("workspace.remove", subject_of(dataset), scope_path=gone["scope_path"], **detail)


def title_of(text: str) -> str:
    """Return a title as it is kept: in one line, without characters that are not seen, 120 at most.

    Raises
    ------
    InvalidInput
        If nothing is left of it.
    """
    title = " ".join("".join(each if each.isprintable() else " " for each in text).split())[:120].strip()
    if not title:
        raise InvalidInput("The title is empty.", remedy="Say what the data set is called.")
    return title


def subject_of(dataset: uuid.UUID) -> str:
    """Return what the audit calls a data set."""
    return f"dataset:{dataset}"
