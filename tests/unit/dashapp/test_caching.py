"""P4, A32: keys from rights, nothing executable in the store. F11, F12: a cache that is away is no error."""

from __future__ import annotations

import io
import json
import os
import pickle
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from dashapp.caching import CacheStore, DataCache, TaggedFiles, TaggedSerializer, cache_key
from services.domain.people import ColumnClass, Role, Scope, Viewer
from tests.services_for_tests import ThrowAwayRedis

EVA = Viewer(1, "eva@x.example", "Eva", roles=frozenset({Role.EXECUTIVE}), scope=Scope(everything=True))
TWIN = Viewer(2, "twin@x.example", "Twin", roles=frozenset({Role.EXECUTIVE}), scope=Scope(everything=True))
HANA = Viewer(
    3,
    "hana@x.example",
    "Hana",
    roles=frozenset({Role.HRBP}),
    scope=Scope(regions=("EMEA",), department_ids=None),
    classes=frozenset({ColumnClass.GENERAL, ColumnClass.COMPENSATION}),
)


@pytest.fixture
def store(tmp_path: Path) -> CacheStore:
    return CacheStore(Flask("cache"), folder=str(tmp_path / "cache"), redis_url=None)


class Canary:
    def __reduce__(self) -> Any:
        return os.system, ("touch CANARY",)


@pytest.mark.parametrize("value", [b"", b"bytes", b"\x80\x04K\x01.", 0, 17, -3])
def test_numbers_and_bytes_come_back(value: int | bytes) -> None:
    serializer = TaggedSerializer()
    assert serializer.loads(serializer.dumps(value)) == value
    stream = io.BytesIO()
    serializer.dump(value, stream)
    stream.seek(0)
    assert serializer.load(stream) == value


@pytest.mark.parametrize("value", ["text", None, 1.5, [1], {"a": 1}, True])
def test_nothing_else_is_taken(value: object) -> None:
    with pytest.raises(TypeError, match="whole numbers and bytes"):
        TaggedSerializer().dumps(value)


@pytest.mark.parametrize("raw", [None, b"", b"x", b"ione", b"i", b"i--1", pickle.dumps(17), pickle.dumps(Canary())])
def test_a32_what_somebody_else_wrote_is_not_there(raw: bytes | None) -> None:
    assert TaggedSerializer().loads(raw) is None


def test_a32_a_poisoned_file_is_never_executed(
    tmp_path: Path, store: CacheStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store.set("key", b"value", 60)
    (file,) = [path for path in (tmp_path / "cache").iterdir() if b"bvalue" in path.read_bytes()]
    header = file.read_bytes()[:4]
    file.write_bytes(header + pickle.dumps(Canary()))
    assert store.get("key") is None
    assert not (tmp_path / "CANARY").exists()
    assert TaggedFiles(str(tmp_path / "cache")).get("key") is None


def test_equal_rights_share_and_others_do_not(store: CacheStore) -> None:
    cache = DataCache(store)
    made: list[str] = []

    def ask(viewer: Viewer, version: str = "s1", arguments: Any = None) -> Any:
        def compute() -> Any:
            made.append(viewer.name)
            return {"for": viewer.name}

        return cache.get_or_compute(viewer, "overview", version, arguments, compute)

    assert ask(EVA) == ask(TWIN) == {"for": "Eva"}
    assert ask(HANA) == {"for": "Hana"}
    assert ask(EVA, "s2") == {"for": "Eva"}
    assert ask(EVA, arguments={"department": ["Sales"]}) == {"for": "Eva"}
    assert made == ["Eva", "Hana", "Eva", "Eva"]


def test_an_empty_result_is_kept_too(store: CacheStore) -> None:
    cache = DataCache(store)
    made: list[int] = []
    for _ in range(2):
        assert cache.get_or_compute(EVA, "n", "1", [], lambda: made.append(1)) is None
    assert made == [1]


def test_a_key_is_never_made_from_how_something_prints() -> None:
    with pytest.raises(TypeError):
        cache_key("n", "1", "f", [object()])
    assert cache_key("n", "1", "f", {"b": 1, "a": 2}) == cache_key("n", "1", "f", {"a": 2, "b": 1})
    parts = [("n", "1", "f", []), ("m", "1", "f", []), ("n", "2", "f", []), ("n", "1", "g", []), ("n", "1", "f", [0])]
    assert len({cache_key(*part) for part in parts}) == len(parts)


@pytest.mark.parametrize("raw", [b"{}", b"[1,2]", b"not json", b"\xff", b"17"])
def test_a_broken_entry_is_computed_again(store: CacheStore, raw: bytes) -> None:
    key = "d:" + cache_key("n", "1", EVA.fingerprint(), [])
    store.set(key, raw, 60)
    assert DataCache(store).get_or_compute(EVA, "n", "1", [], lambda: "fresh") == "fresh"


def test_threads_that_ask_for_the_same_wait_for_one_computation(store: CacheStore) -> None:
    cache = DataCache(store)
    made: list[int] = []
    results: list[Any] = []

    def compute() -> str:
        made.append(1)
        time.sleep(0.1)
        return "once"

    def ask() -> None:
        results.append(cache.get_or_compute(EVA, "slow", "1", [], compute))

    threads = [threading.Thread(target=ask) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (made, results) == ([1], ["once"] * 5)


def test_a_failed_computation_is_not_kept(store: CacheStore) -> None:
    cache = DataCache(store)

    def fail() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        cache.get_or_compute(EVA, "n", "1", [], fail)
    assert cache.get_or_compute(EVA, "n", "1", [], lambda: "well") == "well"


# --- Redis -----------------------------------------------------------------------------------------------------------


def redis_store(url: str) -> CacheStore:
    return CacheStore(Flask("cache"), folder="", redis_url=url)


def test_redis_holds_tagged_bytes_under_our_prefix(redis_url: str) -> None:
    import redis

    store = redis_store(redis_url)
    store.set("key", b"value", 60)
    assert store.get("key") == b"value"
    client = redis.Redis.from_url(redis_url)
    assert client.get("hireboard:key") == b"bvalue"
    client.set("hireboard:key", pickle.dumps(Canary()))
    assert store.get("key") is None
    client.close()


def test_f11_f12_a_redis_that_hangs_costs_a_moment_and_then_nothing(
    redis_server: ThrowAwayRedis, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = redis_store(redis_url)
    store.set("key", b"value", 60)
    process = _process_of(redis_server)
    os.kill(process, signal.SIGSTOP)
    try:
        started = time.monotonic()
        assert store.get("key") is None
        assert time.monotonic() - started < 0.4
        assert store.is_away
        started = time.monotonic()
        for _ in range(100):
            assert store.get("key") is None
            store.set("key", b"other", 60)
        assert time.monotonic() - started < 0.05
    finally:
        os.kill(process, signal.SIGCONT)
    monkeypatch.setattr("dashapp.caching.time.monotonic", lambda: started + 6)
    assert store.get("key") == b"value"


def test_f11_no_redis_at_all_is_no_error() -> None:
    store = redis_store("redis://127.0.0.1:1/0")
    cache = DataCache(store)
    assert cache.get_or_compute(EVA, "n", "1", [], lambda: "computed") == "computed"


def _process_of(server: ThrowAwayRedis) -> int:
    process = next(value for value in vars(server).values() if hasattr(value, "pid"))
    return int(process.pid)


def test_the_folder_is_readable_by_us_only(tmp_path: Path, store: CacheStore) -> None:
    store.set("key", b"value", 60)
    for file in (tmp_path / "cache").iterdir():
        assert file.stat().st_mode & 0o077 == 0


def test_stored_json_is_one_value_in_a_list(store: CacheStore) -> None:
    DataCache(store).get_or_compute(EVA, "n", "1", [], lambda: {"a": 1})
    raw = store.get("d:" + cache_key("n", "1", EVA.fingerprint(), []))
    assert raw is not None
    assert json.loads(raw) == [{"a": 1}]
