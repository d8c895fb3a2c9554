"""ClickHouse for the suite: its engine inside a process (chdb), behind as much of its HTTP interface as a client needs.

``python -m tests.clickhouse_over_http PORT FOLDER``. Queries, statements and inserts, settings and bound parameters in
the address. One question at a time.
"""

from __future__ import annotations

import gzip
import re
import sys
import tempfile
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import lz4.frame
from chdb.session import Session

INSERT = re.compile(
    r"\s*INSERT INTO (?P<table>\S+)\s*(?P<columns>\([^)]*\))?\s*FORMAT (?P<format>\w+)[ ]*\n?", re.IGNORECASE
)
FORMAT = re.compile(r"\s+FORMAT\s+(\w+)\s*$", re.IGNORECASE)
NOT_SETTINGS = {
    *("query", "database", "query_id", "session_id", "session_timeout", "user", "password", "role"),
    *("enable_http_compression", "compress", "decompress", "default_format", "wait_end_of_query", "buffer_size"),
    *("send_progress_in_http_headers", "http_headers_progress_interval_ms", "client_protocol_version"),
}
UNPACKED: dict[str, Callable[[bytes], bytes]] = {
    "identity": bytes,
    "gzip": gzip.decompress,
    "lz4": lz4.frame.decompress,
}
STATEMENT_BYTES = 20_000
CODE = re.compile(r"Code: (\d+)")


class Engine:
    """The one session of the process. What a question set before is put back for the next one."""

    def __init__(self, folder: str) -> None:
        self._session = Session(folder)
        self._lock = threading.Lock()
        self._set: set[str] = set()

    def answer(self, address: dict[str, str], body: bytes) -> tuple[bytes, str]:
        """Bytes and their format."""
        with self._lock:
            self._prepare(address)
            text = address.get("query") or ""
            # rows follow the statement, in the body or beside an address that holds it
            inserted = INSERT.match(text) or INSERT.match(body[:STATEMENT_BYTES].decode("latin-1"))
            if inserted:
                rows = body if INSERT.match(text) else body[inserted.end() :]
                return self._insert(inserted, rows), "TabSeparated"
            text = "\n".join(filter(None, (text, body.decode()))).rstrip().rstrip(";")
            asked = FORMAT.search(text)
            kind = asked.group(1) if asked else address.get("default_format", "TabSeparated")
            return self._run(FORMAT.sub("", text), kind), kind

    def _prepare(self, address: dict[str, str]) -> None:
        self._run(f"USE {address.get('database') or 'default'}")
        settings = {name: value for name, value in address.items() if name not in NOT_SETTINGS}
        for name in self._set - settings.keys():
            if not name.startswith("param_"):
                self._run(f"SET {name} = DEFAULT")
        for name, value in settings.items():
            self._run(f"SET {name} = {_quoted(value)}")
        self._set = set(settings)

    def _insert(self, inserted: re.Match[str], rows: bytes) -> bytes:
        with tempfile.NamedTemporaryFile() as file:
            file.write(rows)
            file.flush()
            columns = (inserted["columns"] or "").strip("()")
            source = f"SELECT {columns or '*'} FROM file('{file.name}', '{inserted['format']}')"
            return self._run(f"INSERT INTO {inserted['table']} {inserted['columns'] or ''} {source}")

    def _run(self, text: str, kind: str = "TabSeparated") -> bytes:
        return bytes(self._session.query(text, kind).bytes() or b"")


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    engine: Engine

    def do_GET(self) -> None:
        self._answer(b"Ok.\n" if urlsplit(self.path).path == "/ping" else None)

    def do_POST(self) -> None:
        self._answer(None)

    def _answer(self, known: bytes | None) -> None:
        body = self._body()
        status, kind, extra = 200, "TabSeparated", {}
        try:
            if known is None:
                known, kind = self.engine.answer(
                    dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True)), body
                )
        except Exception as error:  # noqa: BLE001 - whatever the engine says is for the client
            status, known = 500, str(error).encode()
            code = CODE.search(str(error))
            extra = {"X-ClickHouse-Exception-Code": code.group(1) if code else "1"}
        self.send_response(status)
        self.send_header("Content-Length", str(len(known)))
        self.send_header("X-ClickHouse-Format", kind)
        self.send_header("X-ClickHouse-Timezone", "UTC")
        for name, value in extra.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(known)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b"".join(iter(self._chunk, b""))
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        return UNPACKED[self.headers.get("Content-Encoding") or "identity"](body)

    def _chunk(self) -> bytes:
        size = int(self.rfile.readline().split(b";")[0], 16)
        chunk = self.rfile.read(size)
        self.rfile.readline()
        return chunk

    def log_message(self, *words: object) -> None:
        del words


def main(port: int, folder: Path) -> None:
    """Until the process is ended."""
    Handler.engine = Engine(str(folder))
    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
