"""Every look at a named track is told by the audit: who, which night, which track."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import date

from cachetools import TTLCache

from gis_app.domain.rights import Right, Scope
from gis_app.rendering.layer_spec import LayerSpec
from gis_app.services.audit import Ledger

ONE_LOOK_S = 600.0
"""Tiles of a view come by the dozen: what the same account sees of the same night within ten minutes is one look."""


@dataclass
class Looks:
    """Notes looks; one per server process."""

    ledger: Ledger
    _seen: TTLCache[tuple[str, str, str], bool] = field(
        default_factory=lambda: TTLCache(maxsize=50_000, ttl=ONE_LOOK_S), init=False
    )
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def note(self, scope: Scope, layer: LayerSpec, *, night: date | None = None, track: str = "") -> None:
        """Note a look at a layer of named tracks before anything of it is shown; other layers are not noted."""
        if layer.right is not Right.VIEW_NAMED_TRACKS:
            return
        what = track or (night.isoformat() if night else "newest night")
        key = (scope.account, layer.id, what)
        with self._lock:
            if key in self._seen:
                return
        with self.ledger.writing(scope) as work:
            detail = {"track": track} if track else {"night": what}
            work.note("tracks.look", f"layer:{layer.id}", scope_path=scope.area_path, **detail)
        with self._lock:
            self._seen[key] = True
