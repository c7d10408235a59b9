"""drt (PyPI drt-core), the nearest open tool, beside ours: the same rows to the same server.

It goes into an environment of its own, and is tuned: one request a batch of a thousand, no
rate limit, no ledger, no gate, no signature. It reads from DuckDB what we send.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import venv
from pathlib import Path

__all__ = ["delivered_by_drt", "install"]

REQUIREMENT = "drt-core[duckdb]==1.2.1"
PROJECT = "name: bench\nversion: '1.0'\nprofile: bench\n"
PROFILE = "bench:\n  type: duckdb\n  database: {database}\n"
SYNC = """
name: people
model: select * from people
destination:
  type: rest_api
  url: {url}
  method: POST
  headers: {{content-type: application/json}}
  body_mode: batch
  batch_template: '{{"rows": {{{{ rows | tojson_safe }}}}}}'
  max_records_per_request: {batch_rows}
  rate_limit: {{requests_per_second: 0}}
sync: {{mode: full, batch_size: {batch_rows}, on_error: fail}}
"""


def install(folder: Path) -> Path:
    """drt in an environment of its own below `folder`; its command."""
    venv.create(folder / "drt", with_pip=True)
    pip = [str(folder / "drt" / "bin" / "pip"), "install", "--quiet", REQUIREMENT]
    subprocess.run([*pip, "--disable-pip-version-check"], check=True, stderr=subprocess.DEVNULL)
    return folder / "drt" / "bin" / "drt"


def delivered_by_drt(command: Path, folder: Path, database: Path, url: str) -> dict[str, float]:
    """Wall and CPU seconds, and peak in MB, of `drt run` over the table `people`."""
    (folder / "syncs").mkdir()
    (folder / ".drt").mkdir()
    (folder / "drt_project.yml").write_text(PROJECT)
    (folder / ".drt" / "profiles.yml").write_text(PROFILE.format(database=database))
    (folder / "syncs" / "people.yml").write_text(SYNC.format(url=url, batch_rows=1000))
    began = time.monotonic()
    process = subprocess.Popen(
        [str(command), "run", "--select", "people"],
        cwd=folder,
        env=os.environ | {"HOME": str(folder)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status):
        sys.exit(f"drt failed: {said}")
    return {
        "wall": time.monotonic() - began,
        "cpu": usage.ru_utime + usage.ru_stime,
        "peak_mb": usage.ru_maxrss / 1024,
    }
