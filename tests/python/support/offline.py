"""Run a command where there is no network but this machine's own.

python tests/python/support/offline.py pytest -m "not slow"
"""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys
from collections.abc import Sequence

__all__ = ["not_permitted", "offline"]

_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1


def offline(command: Sequence[str]) -> list[str]:
    """The command, to be run in a network of its own that ends at loopback."""
    unshare = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--net", "-r"]
    return [*unshare, sys.executable, __file__, "--loopback", *command]


def not_permitted() -> str:
    """Why no network can be left out here; empty where it can."""
    if shutil.which("unshare") is None:
        return "there is no unshare"
    tried = subprocess.run(offline(["true"]), capture_output=True, text=True, check=False)
    return tried.stderr.strip()


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        asked = fcntl.ioctl(probe, _SIOCGIFFLAGS, struct.pack("16sH14x", b"lo", 0))
        (flags,) = struct.unpack_from("H", asked, 16)
        fcntl.ioctl(probe, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | _IFF_UP))


if __name__ == "__main__":
    wanted = sys.argv[1:]
    if wanted[0] == "--loopback":
        _raise_loopback()
        wanted = wanted[1:]
    else:
        wanted = offline(wanted)
    os.execvp(wanted[0], wanted)
