"""Forgets raw tracks after their time: fixes and cleaned lines go; lengths, counts and coverage stay."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from gis_app.domain.errors import InvalidInput
from gis_app.domain.periods import night_end, night_of
from gis_app.services.audit import Ledger, Writing
from gis_app.storage import retention
from gis_app.storage.engine import scoped, system_scope
from gis_app.storage.retention import TrackCount

LEAST_DAYS = 7
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Limit:
    """The first night whose tracks are kept, and the moment it begins (UTC)."""

    first_night: date
    begins_at: datetime


def checked_days(days: int) -> int:
    """Return how many days tracks are kept.

    Raises
    ------
    InvalidInput
        If they are fewer than 7: disputes about a night come up within a week.
    """
    if days < LEAST_DAYS:
        raise InvalidInput(
            "JINGWEI_TRACK_DAYS is {days}; tracks are kept for at least {least} days.",
            remedy="Set it to {least} or more, or unset it.",
            days=days,
            least=LEAST_DAYS,
        )
    return days


def limit_of(now: datetime, *, days: int) -> Limit:
    """Return the limit: every fix older than so many days lies before it, and nights are kept or forgotten whole."""
    oldest = now - timedelta(days=days)
    first_night = night_of(oldest - timedelta.resolution) + _DAY
    return Limit(first_night, night_end(first_night - _DAY))


def due(ledger: Ledger, *, days: int) -> TrackCount:
    """Return what a run would forget now; nothing is changed.

    Raises
    ------
    InvalidInput
        If tracks are to be kept for fewer than 7 days.
    """
    limit = limit_of(ledger.now(), days=checked_days(days))
    with scoped(ledger.engine, system_scope()) as connection:
        retention.begin(connection)
        return retention.count_tracks(connection, before=limit.begins_at, first_night=limit.first_night)


def forget(
    ledger: Ledger,
    *,
    days: int,
    srid: int,
    account: str = "system",
    progress: Callable[[TrackCount], None] = lambda forgotten: None,
) -> TrackCount:
    """Forget the raw tracks older than so many days and return how many there were.

    Whole months first, then one night after another, each in a transaction with its entry in the audit: a run that was
    cut off leaves nothing half done, and the next one goes on. Coverage is computed before, if it was not yet.

    Parameters
    ----------
    srid
        Projected CRS of the coverage.
    account
        Who asks, for the audit.
    progress
        Told what was forgotten so far.

    Raises
    ------
    InvalidInput
        If tracks are to be kept for fewer than 7 days.
    """
    limit = limit_of(ledger.now(), days=checked_days(days))
    if not due(ledger, days=days):
        return TrackCount(0, 0)
    _keep_coverage(ledger, limit, srid)
    forgotten = _forget_months(ledger, limit, account)
    progress(forgotten)
    while night := _forget_oldest_night(ledger, limit, account):
        forgotten += night
        progress(forgotten)
    return forgotten


def _keep_coverage(ledger: Ledger, limit: Limit, srid: int) -> None:
    with scoped(ledger.engine, system_scope()) as connection:
        is_measured = retention.is_measured(connection, first_night=limit.first_night)
    if not is_measured:
        # Loaded here alone: a server asks every day whether anything is due, and hardly ever computes.
        from gis_app.services import analyses

        analyses.run_all(ledger.engine, now=ledger.now(), srid=srid, kinds=analyses.ANALYSIS_GROUPS["coverage"])
    _keep_work(ledger, srid)


def _keep_work(ledger: Ledger, srid: int) -> None:
    """Compute streets walked, grids swept and plans followed of nights that were not yet: both know which these are."""
    from gis_app.services import plan_following, street_walks

    street_walks.update(ledger.engine, now=ledger.now(), srid=srid)
    plan_following.update(ledger.engine, now=ledger.now(), srid=srid)


def _forget_months(ledger: Ledger, limit: Limit, account: str) -> TrackCount:
    # The database itself refuses to drop a month that ended within its last 7 days; such a rest goes night by night.
    day = min(limit.first_night.replace(day=1), (ledger.now() - (LEAST_DAYS + 1) * _DAY).date())
    with _writing(ledger, account) as work:
        gone = retention.forget_months(work.connection, day)
        _note(work, gone, before=day)
    return gone


def _forget_oldest_night(ledger: Ledger, limit: Limit, account: str) -> TrackCount:
    with _writing(ledger, account) as work:
        night = retention.oldest_night(work.connection, before=limit.begins_at, first_night=limit.first_night)
        if night is None:
            return TrackCount(0, 0)
        gone = retention.forget_tracks(work.connection, before=night_end(night), first_night=night + _DAY)
        _note(work, gone, before=night + _DAY)
    return gone


@contextmanager
def _writing(ledger: Ledger, account: str) -> Iterator[Writing]:
    with ledger.writing(system_scope(account)) as work:
        retention.begin(work.connection)
        retention.take_turn(work.connection)
        yield work


def _note(work: Writing, gone: TrackCount, *, before: date) -> None:
    if gone:
        facts = {"before": before.isoformat(), "fixes": gone.fix_count, "lines": gone.line_count}
        work.note("tracks.forget", "tracks:raw", scope_path=retention.city_path(work.connection), **facts)
