"""Three hundred of the seeds of `torn.py`; more run with `python tests/simulation/torn.py`."""

import numpy as np
import pytest
import torn


@pytest.mark.parametrize("first", range(0, 300, 30))
def test_live_is_replay_to_the_bit_whatever_the_disk_forgot(first):
    assert sum(torn.run(seed) for seed in range(first, first + 30)) > 1_000


def test_a_disk_without_power_keeps_what_was_synced_and_a_part_of_the_rest(tmp_path):
    rng = np.random.default_rng(1)
    (tmp_path / "log").mkdir()
    path = tmp_path / "log" / "00000000000000000000.segment"
    kept = set()
    for number in range(30):
        disk = torn.Disk()
        with path.open("wb+") as file:
            file.write(b"safe")
            file.flush()
            disk.sync(file.fileno())
            file.write(b"unsafe")
        torn.lose_power(tmp_path, tmp_path.with_name(f"after{number}"), disk, rng)
        with pytest.raises(OSError, match="power"):
            disk.sync(0)
        text = tmp_path.with_name(f"after{number}").joinpath("log", path.name).read_bytes()
        assert text.startswith(b"safe")
        kept.add(text)
    assert {b"safe", b"safeunsafe"} < kept
    assert any(len(text) == 10 and b"\0" in text for text in kept)
