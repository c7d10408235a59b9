"""Run the main job step by step and print what each step cost, as a Markdown table.

    make bench-main PEOPLE=200000

Each step is the command a person types, as a process of its own, in a copy of the
repository. Wall and CPU are in seconds; peak is the largest resident set of a process.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python"))

from support.checkout import check_out

CDP = Path(sys.executable).parent / "cdp"


@dataclass(frozen=True)
class Cost:
    step: str
    wall: float
    cpu: float
    peak_gb: float

    def __str__(self) -> str:
        return f"| {self.step} | {self.wall:,.0f} | {self.cpu:,.0f} | {self.peak_gb:.1f} |"


def measured(step: str, *arguments: str, folder: Path) -> Cost:
    began = time.monotonic()
    log = folder / "log.txt"
    with log.open("a") as output:
        process = subprocess.Popen(
            [CDP, *arguments], cwd=folder, stdout=output, stderr=subprocess.STDOUT
        )
        _, status, usage = os.wait4(process.pid, 0)
    if code := os.waitstatus_to_exitcode(status):
        raise SystemExit(f"{step} ended with exit code {code}; see {log}")
    cpu = usage.ru_utime + usage.ru_stime
    return Cost(step, time.monotonic() - began, cpu, usage.ru_maxrss / 2**20)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=200_000)
    people = str(parser.parse_args().people)
    folder = check_out(Path(tempfile.mkdtemp(prefix="cdp-bench-")))
    steps = {
        "demo": ("demo", "--people", people),
        "load": ("load", "demo_data"),
        "build": ("build",),
        "quality": ("quality",),
        "sync": ("sync",),
        "report": ("report",),
        "read-copy": ("read-copy",),
        "build again": ("build",),
        "sync again": ("sync",),
    }
    print(f"people: {people}; in {folder}\n")
    print("| step | wall s | CPU s | peak GB |\n|---|---|---|---|")
    for step, arguments in steps.items():
        print(measured(step, *arguments, folder=folder), flush=True)


if __name__ == "__main__":
    main()
