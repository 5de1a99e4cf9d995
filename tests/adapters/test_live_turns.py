"""Work beside decisions: a piece at a time, and pauses between."""

import threading
import time
from itertools import pairwise

import pytest

from headrace.adapters.live import turns
from headrace.adapters.live.turns import PAUSE_MAX_SECONDS, PAUSES, in_turn


def compute(seconds):
    """Use the processor for so long."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def test_one_works_at_a_time_and_nobody_until_the_pause_is_over():
    never, spans = threading.Event(), []

    def work():
        for _ in range(3):
            with in_turn(never):
                began = time.perf_counter()
                compute(0.004)
                spans.append((began, time.perf_counter()))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(spans) == 9
    spans.sort()
    for (_, ended), (began, _) in pairwise(spans):
        assert began - ended >= 0.9 * PAUSES * 0.004


def test_who_stops_does_not_pause_and_a_failure_lets_others_on():
    stopped = threading.Event()
    stopped.set()
    with pytest.raises(ZeroDivisionError), in_turn(threading.Event()):
        raise ZeroDivisionError
    began = time.thread_time()
    with in_turn(stopped):
        compute(PAUSE_MAX_SECONDS)
    assert time.thread_time() - began >= PAUSE_MAX_SECONDS, "it had its turn"


def test_a_pause_ends_when_the_service_stops(monkeypatch):
    monkeypatch.setattr(turns, "PAUSES", 10_000)
    monkeypatch.setattr(turns, "PAUSE_MAX_SECONDS", 60)
    stopped, ended = threading.Event(), threading.Event()

    def work():
        with in_turn(stopped):
            compute(0.01)
        ended.set()

    threading.Thread(target=work).start()
    assert not ended.wait(0.3), "it pauses"
    stopped.set()
    assert ended.wait(30)
