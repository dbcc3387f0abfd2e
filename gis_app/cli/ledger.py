"""What commands that change something work with."""

from __future__ import annotations

from gis_app.services.audit import HeadsFile, Ledger
from gis_app.services.database import Database
from gis_app.settings import Settings


def ledger_of(settings: Settings, database: Database) -> Ledger:
    """Return the ledger of the settings' database."""
    return Ledger(database.app, HeadsFile(settings.heads_file))
