"""Bring files into the raw schemas, so that every row is loaded or accounted for.

from cdp.load import load
outcomes = load(warehouse, Path("demo_data"))
"""

from __future__ import annotations

from cdp.load._files import ENDINGS, RawFile, find_files
from cdp.load._landing import FileOutcome, load
from cdp.load._progress import best_progress

__all__ = ["ENDINGS", "FileOutcome", "RawFile", "best_progress", "find_files", "load"]
