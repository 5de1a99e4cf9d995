"""Takes alerts into a store and says each one that is taken; killed or raced by tests.

python case_writer.py STORE NAME FIRST COUNT
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from case_sample import alert
from headrace.adapters.stores.case import CaseStore


def main() -> None:
    path, name, first, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    store = CaseStore.opened(path)
    for number in range(first, first + count):
        taken = store.take([alert(f"{name}-{number}", customer=f"C{number % 7}")], number)
        if not taken.known:
            sys.stdout.write(f"{name}-{number}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
