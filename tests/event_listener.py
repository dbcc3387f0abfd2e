"""A page's ear: follows a server's stream of events as a browser does, and notes every event that it hears."""

import json
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime

import requests


@dataclass
class Listener:
    """One stream; reconnects after whatever happened to it, from the last event it heard."""

    address: str
    session: requests.Session
    after: int | None = None
    heard: list[dict] = field(default_factory=list)
    """Events of hazards, each with ``waited_s``: how long after its commit it was heard, about."""
    connections: int = 0
    resets: int = 0
    _last_id: str = ""
    _is_over: bool = False
    _began: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self):
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()
        return self

    def wait_until_begun(self, timeout_s=30):
        assert self._began.wait(timeout_s)

    def end(self):
        self._is_over = True
        self._thread.join(10)

    def ids(self):
        return [each["event"] for each in self.heard]

    def _follow(self):
        while not self._is_over:
            headers = {"Last-Event-ID": self._last_id} if self._last_id else {}
            query = "" if self.after is None else f"?after={self.after}"
            try:
                with self.session.get(
                    f"{self.address}/api/events{query}", headers=headers, stream=True, timeout=(5, 20)
                ) as answer:
                    if answer.status_code == 200:
                        self.connections += 1
                        self._read(answer)
            except requests.RequestException:
                pass
            time.sleep(0.2)

    def _read(self, answer):
        event_id, name = self._last_id, ""
        for line in answer.iter_lines(chunk_size=None):
            if self._is_over:
                return
            key, _, value = line.decode().partition(": ")
            if key == "id":
                event_id = value
            elif key == "event":
                name = value
            elif key == "data" and name == "hazard":
                told = json.loads(value)
                assert event_id == str(told["event"])
                told["waited_s"] = time.time() - told_at(told)
                self.heard.append(told)
            elif key == "data" and name == "begin":
                self.resets += json.loads(value)["reset"]
                self._began.set()
            elif not line:
                self._last_id, name = event_id, ""


def told_at(event):
    """Return when an event was written, as seconds of the epoch."""
    return datetime.fromisoformat(event["at"]).timestamp()
