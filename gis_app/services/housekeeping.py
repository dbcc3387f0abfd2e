"""What a running server does by itself: jobs that are due, each run by one worker, whichever comes first."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from gis_app.domain.notices import Alert
from gis_app.services import (
    absences,
    alert_watch,
    audit,
    hotspot_runs,
    import_jobs,
    kept_questions,
    notices,
    patrol_tracks,
    pictures,
    ratings,
    retention,
)
from gis_app.services.audit import Ledger
from gis_app.services.child_process import begin, stream
from gis_app.services.health import AUDIT_VERIFICATION
from gis_app.services.questions import QuestionDesk
from gis_app.storage import escalation, hazard_cells, job_runs, sessions
from gis_app.storage import patrol_tracks as storage_tracks
from gis_app.storage.engine import scoped, system_scope
from gis_app.storage.file_store import FileStore
from gis_app.storage.import_files import ImportFiles

LOOKS_EVERY = timedelta(minutes=5)
"""How often each worker looks whether a job is due."""
FIRST_LOOK_AFTER = timedelta(minutes=1)
TRIED_AGAIN_AFTER = timedelta(hours=1)
"""A job that failed, or whose worker was killed, is due again then; no job takes longer."""
_PROCESS = "gis_app.services.job_process"
_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class House:
    """What the jobs work with.

    Parameters
    ----------
    ledger
        Database, audit and clock.
    track_days
        How long raw tracks are kept.
    srid
        Projected CRS for areas and lengths.
    files, imports
        Where pictures lie, and files that are being imported; None where there are none.
    questions
        What answers kept questions; None where there are none.
    """

    ledger: Ledger
    track_days: int
    srid: int
    files: FileStore | None = None
    questions: QuestionDesk | None = None
    imports: ImportFiles | None = None


@dataclass(frozen=True)
class Job:
    """Something to be done every so often.

    Parameters
    ----------
    run
        Returns what came of it, to be kept as JSON.
    is_long
        Whether there is so much to do now that a process of its own shall do it, which holds up no request.
    """

    name: str
    every: timedelta
    run: Callable[[House], Mapping[str, int]]
    is_long: Callable[[House], bool] = lambda house: False


def _forget_ended(house: House) -> Mapping[str, int]:
    with scoped(house.ledger.engine, system_scope()) as connection:
        return {"rows": sessions.forget_ended(connection, now=house.ledger.now())}


def _forget_tracks(house: House) -> Mapping[str, int]:
    # A demo city lives on the day it was built for: tracks that nobody walked are nobody's, however old.
    if not retention.due(house.ledger, days=house.track_days).has_real:
        return {}
    gone = retention.forget(house.ledger, days=house.track_days, srid=house.srid)
    return {"fixes": gone.fix_count, "lines": gone.line_count}


def _verify_audit(house: House) -> Mapping[str, int]:
    report = audit.verify(house.ledger)
    if report.faults:
        first = report.faults[0]
        _log.error("audit_tampered", faults=len(report.faults), first=first.kind.value, sequence=first.sequence)
    return {"entries": report.entry_count, "faults": len(report.faults)}


def _escalate(house: House) -> Mapping[str, int]:
    """Tell of cases that turned red since the last look, and of deadlines of the supervised list that passed."""
    now = house.ledger.now()
    with house.ledger.writing(system_scope("clock")) as work:
        turned = escalation.escalate_overdue(work.connection, now=now)
        late = escalation.overdue_listings(work.connection, now=now)
        for path, count in Counter(row["scope_path"] for row in turned).items():
            work.note("hazard.escalate", "hazards", scope_path=path, count=count)
        hazard_cells.note_changes(work.connection, {row["scope_path"] for row in turned})
        for path, count in Counter(row["scope_path"] for row in late).items():
            work.note("hazard.listing_overdue", "hazards", scope_path=path, count=count)
        work.notices += notices.of_alert(Alert.ESCALATED, turned, at=now)
        work.notices += notices.of_alert(Alert.LISTING_OVERDUE, late, at=now)
    return {"hazards": len(turned), "listings": len(late)}


def _look_for_alerts(house: House) -> Mapping[str, int]:
    """Let the rules of alerts look for what passed its limit or is missing."""
    return alert_watch.look_at_time(house.ledger)


def _refresh_tracks(house: House) -> Mapping[str, int]:
    """Make tracks anew that got fixes, and the coverage of their nights."""
    return patrol_tracks.refresh(house.ledger.engine, now=house.ledger.now(), srid=house.srid)


def _are_tracks_behind(house: House) -> bool:
    with scoped(house.ledger.engine, system_scope()) as connection:
        return storage_tracks.are_behind(connection)


def _notice_absences(house: House) -> Mapping[str, int]:
    return absences.notice(house.ledger)


def _sweep_pictures(house: House) -> Mapping[str, int]:
    return {"files": pictures.sweep(house.ledger, house.files) if house.files else 0}


def _sweep_imports(house: House) -> Mapping[str, int]:
    return {"imports": import_jobs.sweep(house.ledger, house.imports) if house.imports else 0}


def _forget_notices(house: House) -> Mapping[str, int]:
    return {"notices": notices.forget_old(house.ledger)}


def _rate_villages(house: House) -> Mapping[str, int]:
    return {"villages": ratings.store(house.ledger.engine, now=house.ledger.now())}


def _map_hotspots(house: House) -> Mapping[str, int]:
    made = hotspot_runs.refresh(house.ledger.engine, now=house.ledger.now(), srid=house.srid)
    return {"maps": sum(made.values())}


def _ask_questions(house: House) -> Mapping[str, int]:
    return {"questions": kept_questions.ask_due(house.questions, house.ledger.now()) if house.questions else 0}


JOBS = (
    Job("escalation", timedelta(minutes=10), _escalate),
    Job("alerts", timedelta(minutes=4), _look_for_alerts),
    Job("tracks", timedelta(minutes=4), _refresh_tracks, is_long=_are_tracks_behind),
    Job("absences", timedelta(minutes=10), _notice_absences),
    Job("forget_ended_log_ins", timedelta(hours=1), _forget_ended),
    Job("sweep_pictures", timedelta(days=1), _sweep_pictures),
    Job("sweep_imports", timedelta(days=1), _sweep_imports),
    Job("forget_notices", timedelta(days=1), _forget_notices),
    Job("retention", timedelta(days=1), _forget_tracks),
    Job(AUDIT_VERIFICATION, timedelta(days=1), _verify_audit),
    Job("ratings", timedelta(days=1), _rate_villages),
    Job("questions", timedelta(minutes=15), _ask_questions),
    # The longest one last: a first night takes minutes.
    Job("hotspots", timedelta(days=1), _map_hotspots, is_long=lambda house: True),
)
"""Every recurring job."""


def run_due(house: House, jobs: Sequence[Job] = JOBS) -> list[str]:
    """Run the jobs that are due and that no other worker has taken; return the names of those that succeeded."""
    return [job.name for job in jobs if _run_if_due(house, job)]


def _run_if_due(house: House, job: Job) -> bool:
    now, engine = house.ledger.now(), house.ledger.engine
    try:
        with scoped(engine, system_scope()) as connection:
            is_ours = job_runs.take(
                connection, job.name, now=now, due_before=now - job.every, until=now + TRIED_AGAIN_AFTER
            )
        if is_ours:
            outcome = _run_apart(house, job, now) if job.is_long(house) else job.run(house)
            with scoped(engine, system_scope()) as connection:
                job_runs.finish(connection, job.name, began_at=now, detail=outcome)
    except Exception as error:
        # Whatever it is, the other jobs are still to be done, and this one again in an hour.
        _log.error("job_failed", job=job.name, exc_info=error)
        return False
    return is_ours


def _run_apart(house: House, job: Job, now: datetime) -> Mapping[str, int]:
    facts = {"job": job.name, "now": now.isoformat(), "track_days": house.track_days, "srid": house.srid}
    with begin(_PROCESS, house.ledger, facts) as process:
        told = stream(process.stdout).read()
    if process.returncode:
        raise ChildProcessError(f"The process of {job.name} ended with {process.returncode}.")
    outcome: Mapping[str, int] = json.loads(told)
    return outcome


def keep(
    house: House,
    is_wanted: Callable[[], bool],
    *,
    jobs: Sequence[Job] = JOBS,
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Look for due jobs every five minutes, as long as it is wanted."""
    next_look = house.ledger.now() + FIRST_LOOK_AFTER
    while is_wanted():
        if house.ledger.now() >= next_look:
            run_due(house, jobs)
            next_look = house.ledger.now() + LOOKS_EVERY
        pause(1.0)


def start(house: House, is_wanted: Callable[[], bool]) -> threading.Thread:
    """Keep house in a thread that ends when it is no longer wanted, and never keeps its process from ending."""
    thread = threading.Thread(target=keep, args=(house, is_wanted), name="housekeeping", daemon=True)
    thread.start()
    return thread
