"""Serves the map with gunicorn, from this process, until it is told to stop."""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import socket
from collections.abc import Callable
from typing import Any

from gunicorn.app.base import BaseApplication

from gis_app.domain.errors import Conflict, InvalidInput
from gis_app.services import alert_watch, database_watch, housekeeping, import_queue, retention, webhook_calls
from gis_app.services.database import Database
from gis_app.services.loop_data import begin_loop
from gis_app.settings import Settings
from gis_app.storage.engine import long_job

Tell = Callable[[str], None]
APPLICATION = "gis_app.web"
"""Named and not imported: a server loads its application by name, so services need not know the web."""
LOOPBACK_HOSTS = ("127.0.0.1", "::1", "localhost")


def reserve_address(host: str, port: int) -> socket.socket:
    """Return a socket bound to the address, not listening yet: whoever connects meanwhile is turned away at once.

    Parameters
    ----------
    host
        Name or address of this machine's side.
    port
        0 takes any free one.

    Raises
    ------
    Conflict
        If something else listens there.
    InvalidInput
        If the host is not an address of this machine, or the port may not be used.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        _refuse_if_answered(host, port)
    except OSError as error:
        raise _refusal(error, host, port) from error
    return listener


def _refuse_if_answered(host: str, port: int) -> None:
    """Two bound sockets may share a port until one listens, so ask whether somebody does."""
    if port == 0:
        return
    with contextlib.suppress(ConnectionRefusedError, TimeoutError), socket.create_connection((host, port), timeout=0.5):
        raise OSError(98, "Address already in use")


def _refusal(error: OSError, host: str, port: int) -> InvalidInput | Conflict:
    if isinstance(error, PermissionError):
        return InvalidInput(
            "Port {port} may only be used by the system's administrator.",
            remedy="Choose a port from 1024 to 65535 with --port.",
            port=port,
        )
    if error.errno == 98:
        return Conflict(
            "Port {port} of {host} is taken by another program.",
            remedy="Stop that program, or choose another port with --port.",
            port=port,
            host=host,
        )
    return InvalidInput(
        "{host} is not an address of this machine: {reason}.",
        remedy="Use --host 127.0.0.1 for this machine only, or 0.0.0.0 for all its addresses.",
        host=host,
        reason=error.strerror,
    )


def serve(settings: Settings, database: Database, listener: socket.socket, *, tell: Tell) -> None:
    """Serve until SIGINT or SIGTERM, on a socket of ``reserve_address``.

    Raises
    ------
    JingweiError
        If the application cannot be made, such as when browser assets are missing; if a setting is not usable.
    """
    retention.checked_days(settings.track_days)
    # Made here once, so that its errors are told here; the engine connects first in the workers, after the fork.
    engine = database.make_app_engine(settings.connections)
    # What is imported and made here stays until the end: looking through it for garbage would only delay the start, and
    # later copy pages that the workers share.
    gc.disable()
    application = importlib.import_module(APPLICATION).create_app(settings, engine)
    gc.freeze()
    gc.enable()
    with long_job(database.app) as connection:
        # A city from before there was a loop gets its units and rules now.
        begin_loop(connection)
    database.disconnect()
    host, port = listener.getsockname()[:2]
    if host not in LOOPBACK_HOSTS and not settings.proxies:
        tell(f"Warning: passwords go to {host} unencrypted. Put a proxy with https in front and set JINGWEI_PROXIES=1.")
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    options = _options(settings, listener) | {
        "when_ready": lambda arbiter: tell(f"Jingwei is ready: {address} (Ctrl-C ends it)"),
        "post_worker_init": lambda worker: _begin_work(worker, application, settings),
    }
    main_process = os.getpid()
    try:
        _Server(application, options).run()
    except SystemExit as end:
        # A worker ends here too, as a fork of this process: what the caller still has to close is not the worker's.
        if os.getpid() != main_process:
            os._exit(end.code if isinstance(end.code, int) else 0)


def _begin_work(worker: Any, application: Any, settings: Settings) -> None:
    """Let a worker keep house and tell programs, and end with it what would keep it from ending: open streams too."""
    application.extensions["jingwei_closing"] = lambda: not worker.alive
    state = application.extensions["jingwei"]
    ledger = state.ledger
    house = housekeeping.House(
        ledger, settings.track_days, settings.metric_srid, state.pictures, state.questions, state.imports
    )
    housekeeping.start(house, lambda: worker.alive)
    queue = import_queue.ImportQueue(ledger, state.imports, settings.metric_srid)
    import_queue.start(queue, lambda: worker.alive)
    if not settings.database_url:
        database_watch.start(settings.home, lambda: worker.alive)
    webhook_calls.start(ledger.engine, ledger.now, lambda: worker.alive)
    alert_watch.start(ledger, state.waker, lambda: worker.alive)


def _options(settings: Settings, listener: socket.socket) -> dict[str, Any]:
    return {
        # Handed over: gunicorn closes it, so the caller must not.
        "bind": f"fd://{listener.detach()}",
        "workers": settings.workers,
        "worker_class": "gthread",
        "threads": settings.threads,
        "preload_app": True,
        "loglevel": "warning",
        "graceful_timeout": 5,
        # Idle connections take no thread; closed too soon, the next request of a browser meets a closed door.
        "keepalive": 60,
        "control_socket_disable": True,
    }


class _Server(BaseApplication):  # type: ignore[misc]
    """Gunicorn with options from us instead of from its command line."""

    def __init__(self, application: Any, options: dict[str, Any]) -> None:
        self._application, self._options = application, options
        super().__init__()

    def load_config(self) -> None:
        """Take the options."""
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Return the WSGI application."""
        return self._application
