"""One `sync` of a World in a process of its own: child.py <project> <root> <meta as JSON>."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path

from activation.world import World
from cdp.errors import CdpError
from cdp.warehouse import open_warehouse

if __name__ == "__main__":
    project, root, meta = sys.argv[1:]
    warehouse = open_warehouse(Path(project), "demo")
    world = World(
        warehouse, Path(root), json.loads(meta), is_new=False, now=datetime(2018, 1, 1, 6, 5)
    )
    try:
        print(world.sync().status)
    except CdpError as error:
        print(error)
