"""Smaller answers: static files compressed once and kept, everything else on the way out."""

from __future__ import annotations

import hashlib
import re
import threading
from collections import OrderedDict

import brotli
from flask import Flask, Response, request

from dashapp.caching import takes_brotli
from dashapp.security import CALLBACK_PATH

_SMALLEST = 1_024
_KINDS = frozenset(
    {"text/html", "text/css", "text/javascript", "application/javascript", "application/json", "image/svg+xml"}
)
_STATIC = ("/assets/", "/_dash-component-suites/")
_KEPT_BYTES = 32 * 1024 * 1024
STATIC_QUALITY = 8
DYNAMIC_QUALITY = 4


class CompressedFiles:
    """Static files in compressed form by content; shared by gunicorn's workers when filled before they fork."""

    def __init__(self) -> None:
        self._kept: OrderedDict[bytes, bytes] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def packed(self, content: bytes) -> bytes:
        digest = hashlib.blake2b(content, digest_size=16).digest()
        with self._lock:
            found = self._kept.get(digest)
            if found is not None:
                self._kept.move_to_end(digest)
                return found
        made: bytes = brotli.compress(content, quality=STATIC_QUALITY)
        with self._lock:
            if digest not in self._kept:
                self._kept[digest] = made
                self._size += len(made)
            while self._size > _KEPT_BYTES:
                _, dropped = self._kept.popitem(last=False)
                self._size -= len(dropped)
        return made


def install_compression(server: Flask, files: CompressedFiles) -> None:
    """Brotli for who takes it. The sign-in form is left alone: it holds a secret beside what a visitor typed."""

    @server.after_request
    def _compress(response: Response) -> Response:
        if not _is_worth_it(response):
            return response
        response.vary.add("Accept-Encoding")
        if not takes_brotli():
            return response
        content = _content(response)
        if len(content) < _SMALLEST:
            return response
        is_static = request.path.startswith(_STATIC)
        response.set_data(files.packed(content) if is_static else brotli.compress(content, quality=DYNAMIC_QUALITY))
        response.headers["Content-Encoding"] = "br"
        return response


def warm(server: Flask, index: str) -> None:
    """Compress the static files that ``index`` (the page's HTML) names, before the first visitor comes."""
    client = server.test_client()
    for address in re.findall(r'(?:src|href)="(/(?:assets|_dash-component-suites)/[^"]+)"', index):
        client.get(address.replace("&amp;", "&"), headers={"Accept-Encoding": "br"}).close()


def _content(response: Response) -> bytes:
    """The whole body; a file that was to be streamed is read and closed here."""
    stream = response.response
    response.direct_passthrough = False
    content = response.get_data()
    close = getattr(stream, "close", None)
    if close is not None:
        close()
    return content


def _is_worth_it(response: Response) -> bool:
    may_be = request.method == "GET" or request.path == CALLBACK_PATH
    return (
        response.status_code == 200  # noqa: PLR2004 - the status code is the name
        and response.mimetype in _KINDS
        and "Content-Encoding" not in response.headers
        and may_be
        and not request.path.startswith("/login")
    )
