"""Memory does not grow with the number of people."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import cdp

SCRIPT = """
import resource, sys
from pathlib import Path
from cdp.demo import generate
generate(Path(sys.argv[1]), int(sys.argv[2]))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def peak_memory(out: Path, people: int) -> int:
    """Kilobytes that a process of its own needed at most."""
    command = [sys.executable, "-c", SCRIPT, str(out), str(people)]
    environment = os.environ | {"PYTHONPATH": str(Path(cdp.__file__).parents[1])}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return int(done.stdout)


@pytest.mark.slow
def test_five_times_the_people_need_hardly_more_memory(tmp_path: Path) -> None:
    one_chunk = peak_memory(tmp_path / "one", 10_000)
    five_chunks = peak_memory(tmp_path / "five", 50_000)
    assert five_chunks < 1.5 * one_chunk
    assert five_chunks < 1_000_000
