"""Choices of hotspot methods kept in a folder, one file per digest of what each was made from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gis_app.analysis.rolling_origin import MethodChoice, MethodRecord


@dataclass(frozen=True)
class ChoiceFolder:
    """A folder that keeps choices; made when the first one is kept."""

    folder: Path

    def get(self, key: str, /) -> MethodChoice | None:
        """Return the choice kept under a digest; None if there is none, or its file is damaged."""
        try:
            kept = json.loads(self._file(key).read_text(encoding="utf-8"))
            records = {
                name: MethodRecord(dict(params), np.array(pei, dtype=np.float64), np.array(hits, dtype=np.float64))
                for name, (params, pei, hits) in kept["records"].items()
            }
            events = np.array(kept["window_events"], dtype=np.int64)
            return MethodChoice(kept["name"], dict(kept["params"]), records, events)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            # A choice can always be made again; a damaged file must not stop that.
            return None

    def __setitem__(self, key: str, choice: MethodChoice, /) -> None:
        """Keep a choice; the file appears whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        told = {
            "name": choice.name,
            "params": dict(choice.params),
            "records": {
                name: [dict(record.params), record.pei.tolist(), record.hit_rate.tolist()]
                for name, record in choice.records.items()
            },
            "window_events": choice.window_events.tolist(),
        }
        part = self._file(key).with_suffix(".part")
        part.write_text(json.dumps(told) + "\n", encoding="utf-8")
        part.replace(self._file(key))

    def _file(self, key: str) -> Path:
        return self.folder / f"{key}.json"
