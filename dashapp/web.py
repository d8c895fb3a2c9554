"""The web server process: gunicorn with threads, the application loaded once before the workers fork."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gunicorn.app.base import BaseApplication

from dashapp.factory import create_server

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from dashapp.config import Settings
    from services.container import Services

WEB_PROCESSES = 2
THREADS = 8


class WebServer(BaseApplication):
    """gunicorn, configured here instead of by a file."""

    def __init__(self, server: Flask, options: dict[str, Any]) -> None:
        self._server = server
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return self._server


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT."""
    server = create_server(settings)
    _let_go(server)
    WebServer(server, {**gunicorn_options(settings), "worker_exit": _close(server)}).run()


def gunicorn_options(settings: Settings) -> dict[str, Any]:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return {
        "bind": f"{host}:{settings.port}",
        "worker_class": "gthread",
        "workers": WEB_PROCESSES,
        "threads": THREADS,
        "preload_app": True,
        "timeout": 60,
        "graceful_timeout": 10,
        "keepalive": 5,
        "max_requests": 0,
        "limit_request_line": 8190,
        "limit_request_fields": 60,
        "proc_name": "hireboard web",
        "accesslog": None,
        "errorlog": "-",
        "loglevel": "warning",
        "forwarded_allow_ips": "127.0.0.1,::1",
    }


def _close(server: Flask) -> Callable[[object, object], None]:
    """DuckDB's threads must end before the interpreter does: left alone, they abort the process at its exit."""

    def worker_exit(_arbiter: object, _worker: object) -> None:
        services: Services = server.extensions["hireboard.services"]
        services.mart.close()
        services.store.dispose()

    return worker_exit


def _let_go(server: Flask) -> None:
    """No connection may cross the fork."""
    server.extensions["hireboard.services"].store.dispose()
