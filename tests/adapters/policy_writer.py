"""Lives that write to a store of policies until they are killed; the tests start this once.

    stdin   one line a life: `write SEED FILE`, or `race MOMENT FILE` for two lives at once
    stdout  of a writing life: its process id, then the number of every act that is recorded;
            of racing lives: what each was told; `over` once they are dead

Each life is a fork, because to start Python costs more than to be killed.
"""

import os
import sys

from headrace.adapters.stores.policy import PolicyStore
from headrace.decisions.flow.lists import Entry
from headrace.errors import HeadraceError
from headrace.workflows.policy_history import Act, Deed

POLICY = "cards"


def tell(text: object) -> None:
    os.write(1, f"{text}\n".encode())  # a broken pipe ends the life: its test is gone


def write(seed: int, path: str) -> None:
    """A version, its approval, its activation, an entry of a list; again and again."""
    tell(os.getpid())
    store = PolicyStore.opened(path)
    turn = len(store.history(POLICY).versions)
    while True:
        turn += 1
        content = os.urandom(2_000)
        told = {"digest": f"{seed}:{turn}:{content.hex()[:16]}"}
        proposal = Act(POLICY, Deed.PROPOSE, 0, "Ann", told=told)
        done = store.propose(proposal, {"policy.yaml": content}, turn)
        tell(done.number)
        tell(store.record(Act(POLICY, Deed.APPROVE, done.version, "Bob"), turn).number)
        tell(store.record(Act(POLICY, Deed.ACTIVATE, done.version, "Bob"), turn).number)
        entry = Entry("blocked", f"C{turn}", "", turn, None, "", "desk", 0)
        tell(store.add_entries([entry], "desk", turn).number)


def race(moment: int, path: str, version: int, start: int) -> None:
    """Activate a version as soon as the other racer is ready too."""
    store = PolicyStore.opened(path)
    os.read(start, 1)
    act = Act(POLICY, Deed.ACTIVATE, version, f"racer {version}", told={"from": moment})
    try:
        tell(f"act {store.record(act, 1).number} version {version}")
    except HeadraceError as error:
        tell(error)


def main() -> None:
    for line in sys.stdin:
        kind, number, path = line.rstrip("\n").split(" ", 2)
        lives = []
        gate, opener = os.pipe()
        for version in (2,) if kind == "write" else (2, 3):
            life = os.fork()
            if life == 0:
                if kind == "write":
                    write(int(number), path)
                race(int(number), path, version, gate)
                os._exit(0)
            lives.append(life)
        os.write(opener, b"..")
        for life in lives:
            os.waitpid(life, 0)
        os.close(gate)
        os.close(opener)
        tell("over")


if __name__ == "__main__":
    main()
