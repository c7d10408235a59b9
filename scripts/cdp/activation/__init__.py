"""Plan, apply, ledger: what reaches which tool, and what the tools have confirmed."""

from __future__ import annotations

from cdp.activation.check import problems
from cdp.activation.session import Session, exit_code, open_session

__all__ = ["Session", "exit_code", "open_session", "problems"]
