"""Two cache layers, both keyed on what the viewer may see.

*Data*: JSON by (name, definition version, snapshot, viewer's fingerprint, arguments). *Responses*: the final bytes of a
callback by (callback, snapshot, viewer's fingerprint, values). The store holds numbers and bytes only, nothing that is
executed when read. A cache that is away costs one short wait, then nothing is asked of it for five seconds.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

import brotli
import redis
from cachelib import FileSystemCache, RedisCache
from cachelib.serializers import BaseSerializer
from flask import Flask, Response, g, request
from flask_caching import Cache

from services.domain.errors import HireboardError

if TYPE_CHECKING:
    from services.domain.people import Viewer

_LOG = logging.getLogger("hireboard.cache")
REDIS_SECONDS = 0.15
"""How long one question to Redis may take; two at most are asked in a request before the breaker opens."""
BREAKER_SECONDS = 5.0
FILES = 5_000
_CONTENT_VERSION = 1
_COMPRESS_FROM = 1_024
_WHOLE_NUMBER = re.compile(rb"-?[0-9]{1,18}")


class TaggedSerializer(BaseSerializer):
    """Whole numbers and bytes, each behind a one-letter tag. Anything else reads as "not there"."""

    def dumps(self, value: object, protocol: int = 0) -> bytes:
        del protocol
        if isinstance(value, bytes):
            return b"b" + value
        if isinstance(value, int) and not isinstance(value, bool):
            return b"i%d" % value
        raise TypeError(f"the cache takes whole numbers and bytes, not {type(value).__name__}")

    def loads(self, bvalue: bytes | None) -> int | bytes | None:
        if not bvalue:
            return None
        tag, content = bvalue[:1], bvalue[1:]
        if tag == b"b":
            return content
        if tag == b"i" and _WHOLE_NUMBER.fullmatch(content):
            return int(content)
        return None

    def dump(self, value: object, f: IO[bytes], protocol: int = 0) -> None:
        f.write(self.dumps(value, protocol))

    def load(self, f: IO[bytes]) -> int | bytes | None:
        return self.loads(f.read())


class TaggedFiles(FileSystemCache):
    serializer: Any = TaggedSerializer()


class TaggedRedis(RedisCache):
    serializer: Any = TaggedSerializer()


def make_files(_server: Flask, config: Mapping[str, Any], *_unused: object) -> TaggedFiles:
    """Flask-Caching's factory for the shared folder."""
    return TaggedFiles(config["CACHE_DIR"], threshold=FILES, mode=0o600)


def make_redis(_server: Flask, config: Mapping[str, Any], *_unused: object) -> TaggedRedis:
    """Flask-Caching's factory for Redis."""
    client = redis.Redis.from_url(
        config["CACHE_REDIS_URL"], socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS, retry=None
    )
    return TaggedRedis(client, key_prefix="hireboard:")


class CacheStore:
    """Bytes by key, shared by all workers. Never raises: what cannot be read is not there."""

    def __init__(self, server: Flask, *, folder: str, redis_url: str | None) -> None:
        config = {"CACHE_TYPE": "dashapp.caching.make_files", "CACHE_DIR": folder}
        if redis_url is not None:
            config = {"CACHE_TYPE": "dashapp.caching.make_redis", "CACHE_REDIS_URL": redis_url}
        cache = Cache(server, config=config)
        self._backend: Any = server.extensions["cache"][cache]
        self._closed_until = 0.0

    @property
    def is_away(self) -> bool:
        """The last question failed less than five seconds ago."""
        return time.monotonic() < self._closed_until

    def get(self, key: str) -> bytes | None:
        found = self._ask(lambda: self._backend.get(key))
        return found if isinstance(found, bytes) else None

    def set(self, key: str, value: bytes, seconds: int) -> None:
        self._ask(lambda: self._backend.set(key, value, timeout=seconds))

    def _ask(self, question: Callable[[], Any]) -> Any:
        if self.is_away:
            return None
        try:
            return question()
        except (redis.RedisError, OSError) as error:
            self._closed_until = time.monotonic() + BREAKER_SECONDS
            _LOG.warning("cache is away for %s s: %s", BREAKER_SECONDS, type(error).__name__)
            return None


class DataCache:
    """JSON results that depend on nothing but snapshot, definitions, the viewer's rights and the arguments."""

    def __init__(self, store: CacheStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._running: dict[str, threading.Lock] = {}

    def get_or_compute(
        self,
        viewer: Viewer,
        name: str,
        version: str,
        arguments: Any,
        compute: Callable[[], Any],
        *,
        seconds: int = 300,
    ) -> Any:
        """``version`` = snapshot and definition versions. ``arguments`` and the result are plain JSON without NaN.

        TypeError for arguments that are not: a key is never made from how something prints. Threads that ask for the
        same at once wait for one computation.
        """
        key = "d:" + cache_key(name, version, viewer.fingerprint(), arguments)
        found = self._read(key)
        if found is not None:
            return found[0]
        with self._alone(key):
            found = self._read(key)
            if found is not None:
                return found[0]
            result = compute()
            self._store.set(key, json.dumps([result], separators=(",", ":")).encode(), seconds)
            return result

    def _read(self, key: str) -> list[Any] | None:
        raw = self._store.get(key)
        if raw is None:
            return None
        try:
            found = json.loads(raw)
        except ValueError:
            return None
        return found if isinstance(found, list) and len(found) == 1 else None

    @contextmanager
    def _alone(self, key: str) -> Iterator[None]:
        with self._lock:
            lock = self._running.setdefault(key, threading.Lock())
        try:
            with lock:
                yield
        finally:
            with self._lock:
                self._running.pop(key, None)


class ResponseCache:
    """Final bytes of callbacks whose answer depends on their values, the viewer's rights and the snapshot only."""

    def __init__(self, store: CacheStore, snapshot_version: Callable[[], str]) -> None:
        self._store = store
        self._snapshot_version = snapshot_version

    def look_up(self, viewer: Viewer, body: Mapping[str, Any], seconds: int) -> Response | None:
        """The kept answer, or None; then the answer about to be made is kept by ``keep``."""
        try:
            version = self._snapshot_version()
        except HireboardError:
            return None
        values = [body.get("inputs") or [], body.get("state") or []]
        key = "r:" + cache_key(body["output"], version, viewer.fingerprint(), values)
        found = self._store.get(key)
        if found is None:
            g.response_key, g.response_seconds = key, seconds
            return None
        return _answer(found)

    def keep(self, response: Response) -> Response:
        """After the view: keeps a complete answer under the key noted by ``look_up``."""
        key = g.pop("response_key", None)
        if key is not None and response.status_code == 200:  # noqa: PLR2004 - the status code is the name
            plain = response.get_data()
            packed = brotli.compress(plain, quality=5)
            self._store.set(key, len(plain).to_bytes(4, "big") + plain + packed, g.response_seconds)
        return response


def cache_key(name: str, version: str, fingerprint: str, arguments: Any) -> str:
    """Equal parts, equal key; TypeError for a part that is not plain JSON."""
    parts = [_CONTENT_VERSION, name, version, fingerprint, arguments]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def takes_brotli() -> bool:
    return "br" in request.headers.get("Accept-Encoding", "")


def _answer(found: bytes) -> Response | None:
    size = int.from_bytes(found[:4], "big")
    if len(found) < 4 + size:
        return None
    plain, packed = found[4 : 4 + size], found[4 + size :]
    if size >= _COMPRESS_FROM and packed and takes_brotli():
        return Response(packed, mimetype="application/json", headers={"Content-Encoding": "br"})
    return Response(plain, mimetype="application/json")
