"""One `sync` of a World in a process of its own.

child.py <project> <root> <meta as JSON> <bytes that a file may have; 0: any>
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from datetime import datetime
from pathlib import Path

from activation.world import World
from cdp.errors import CdpError
from cdp.warehouse import open_warehouse

__all__ = ["begin"]


def begin(project: Path, world: World, disk: int = 0) -> subprocess.Popen[str]:
    """The sync, begun; what it says is how it ended. disk: bytes that fit in a file."""
    arguments = [str(project), str(world.root), json.dumps(world.meta), str(disk)]
    paths = os.pathsep.join(path for path in sys.path if path)
    return subprocess.Popen(
        [sys.executable, str(Path(__file__)), *arguments],
        env=os.environ | {"PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        text=True,
    )


if __name__ == "__main__":
    project, root, meta, disk = sys.argv[1:]
    warehouse = open_warehouse(Path(project), "demo")
    world = World(
        warehouse, Path(root), json.loads(meta), is_new=False, now=datetime(2018, 1, 1, 6, 5)
    )
    if int(disk):
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(disk), int(disk)))
    try:
        print(world.sync().status)
    except CdpError as error:
        print(error)
