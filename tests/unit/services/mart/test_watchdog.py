"""The watchdog interrupts what takes too long, and nothing else."""

from __future__ import annotations

import threading

from services.mart.watchdog import Watchdog


def test_what_ends_in_time_is_left_alone():
    watchdog, interrupted = Watchdog(), threading.Event()
    for _ in range(50):
        with watchdog.limit(30, interrupted.set):
            pass
    assert not interrupted.wait(0.05)


def test_what_takes_too_long_is_interrupted_once():
    watchdog, interruptions = Watchdog(), []
    done = threading.Event()

    def interrupt() -> None:
        interruptions.append(1)
        done.set()

    with watchdog.limit(0.05, interrupt):
        assert done.wait(5)
    assert interruptions == [1]


def test_a_short_limit_is_kept_while_a_long_one_is_being_watched():
    watchdog = Watchdog()
    long, short = threading.Event(), threading.Event()
    with watchdog.limit(60, long.set), watchdog.limit(0.05, short.set):
        assert short.wait(5)
    assert not long.is_set()


def test_one_thread_watches_everything():
    watchdog = Watchdog()
    before = threading.active_count()
    for _ in range(20):
        with watchdog.limit(30, threading.Event().set):
            assert threading.active_count() == before + 1
