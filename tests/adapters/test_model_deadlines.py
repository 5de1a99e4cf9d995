"""Models with deadlines: what is late or fails has no answer, and nobody waits for it twice."""

import threading
import time

import numpy as np
import pytest

from headrace.adapters.live.model_deadlines import Deadlines
from headrace.decisions.flow.policy import ModelStep

X = np.array([[1.0], [2.0]])


class Model:
    """Answers when it is let."""

    names = ("a",)

    def __init__(self):
        self.let, self.asked = threading.Event(), 0

    def probability(self, x):
        self.asked += 1
        assert self.let.wait(10)
        return x[:, 0] / 10

    def digest(self):
        return "m"


class Broken(Model):
    def probability(self, x):
        raise ValueError("no such column")


def test_a_model_in_time_answers():
    model = Model()
    model.let.set()
    with Deadlines() as ask:
        answer = ask(ModelStep(name="m", within_ms=5_000), model, X)
        assert answer.tolist() == [0.1, 0.2]
        assert ask(ModelStep(name="m"), model, X).tolist() == [0.1, 0.2]  # no deadline: in place
        assert (ask.late, ask.failed) == ({}, {})


def test_a_late_model_has_no_answer_and_is_not_asked_again_meanwhile():
    model, step = Model(), ModelStep(name="m", within_ms=10)
    with Deadlines() as ask:
        assert ask(step, model, X) is None
        assert ask(step, model, X) is None
        assert (ask.late, model.asked) == ({"m": 2}, 1)
        model.let.set()
        for _ in range(500):  # the overdue answer comes, and with it the next may be asked
            if ask(ModelStep(name="m", within_ms=1_000), model, X) is not None:
                break
            time.sleep(0.01)
        assert model.asked == 2


@pytest.mark.parametrize("within_ms", [None, 5_000])
def test_a_model_that_fails_has_no_answer_and_somebody_is_told(within_ms):
    told = []
    with Deadlines(lambda name, error: told.append((name, str(error)))) as ask:
        assert ask(ModelStep(name="m", within_ms=within_ms), Broken(), X) is None
        assert ask.failed == {"m": 1}
    assert told == [("m", "no such column")]
