"""Run the command line: `python -m cdp`, or `cdp` once installed."""

from __future__ import annotations

from cdp.cli import main

if __name__ == "__main__":
    main()
