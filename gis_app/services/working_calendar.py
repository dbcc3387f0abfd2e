"""The working calendar of the installation, read once."""

from __future__ import annotations

import csv
from functools import cache

from gis_app import paths
from gis_app.domain.working_calendar import WorkingCalendar, read_calendar


@cache
def working_calendar() -> WorkingCalendar:
    """Return the calendar of ``data/working_calendar.csv``."""
    with (paths.data() / "working_calendar.csv").open(encoding="utf-8", newline="") as file:
        return read_calendar(csv.DictReader(file))
