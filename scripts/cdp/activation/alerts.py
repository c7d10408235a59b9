"""A word when a sync gets into trouble, and when it is well again: to a webhook, by mail.

Trouble is judged from the runs in the ledger, so that a run is told of only where the one
before was not in the same:

    failed, blocked, died   as the run ended
    rejected                of what it sent, more than CDP_ALERT_REJECTED_PCT (5) was refused
    unusual                 the audience is far from its usual size
    silent                  nothing was sent for three times as long as usual

CDP_ALERT_URL says where to; DBT_ENV_SECRET_CDP_ALERT signs, as the destination webhook
does. CDP_ALERT_SMTP and CDP_ALERT_MAIL_TO send mail (see mail.py). Names and counts only.
What cannot be told does not change how the sync ended.
"""

from __future__ import annotations

import logging
import os
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from cdp.activation.ledger import Ledger
from cdp.activation.mail import send_mail
from cdp.activation.runner import Result
from cdp.destinations._base import Batch, Delivery, Row
from cdp.destinations.webhook import Webhook, WebhookOptions
from cdp.errors import CdpError

__all__ = ["Alert", "Past", "tell_changes", "trouble"]

_SECRET = "DBT_ENV_SECRET_CDP_ALERT"  # noqa: S105 - the name of a variable
_REJECTED_PCT = 5
_REMEMBERED = 30  # runs
_USUAL_RUNS = 5  # fewer do not say what is usual
_FAR, _FEW = 0.5, 100  # unusual: off by this share of the median, and by so many rows
_LONGER = 3  # silent: so many times the usual time between two runs that sent something
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Past:
    """A run that ended, as the ledger has it."""

    status: str
    desired: int | None
    sent: int
    rejected: int
    started_at: datetime


@dataclass(frozen=True)
class Alert:
    """A sync that changed. state: its trouble, or `well`; before: what it was."""

    result: Result
    state: str
    before: str


def trouble(runs: Sequence[Past], rejected_pct: float) -> str:
    """What is wrong with the first of these runs, the newest first; empty: nothing."""
    if not runs:
        return ""
    run, before = runs[0], runs[1:]
    if run.status not in ("succeeded", "partial"):
        return run.status
    if run.rejected * 100 > rejected_pct * (run.sent + run.rejected):
        return "rejected"
    sizes = [past.desired for past in before if past.status == "succeeded" and past.desired]
    if len(sizes) >= _USUAL_RUNS and run.desired is not None:
        usual = statistics.median(sizes)
        if abs(run.desired - usual) > max(_FAR * usual, _FEW):
            return "unusual"
    times = [past.started_at for past in before if past.sent]
    if len(times) > _USUAL_RUNS and not run.sent:
        usual_gap = statistics.median(
            (late - early).total_seconds() for late, early in pairwise(times)
        )
        if (run.started_at - times[0]).total_seconds() > _LONGER * usual_gap:
            return "silent"
    return ""


def tell_changes(
    results: Sequence[Result], ledger: Ledger, root: Path, since: datetime
) -> list[Alert]:
    """Tell of the results whose sync changed in a run since that moment; returns those."""
    pct = _rejected_pct()
    alerts = []
    for result in results:
        runs = _runs(result.sync, ledger)
        if runs and runs[0].started_at >= since:  # else it was held up, and no run began
            state, before = trouble(runs, pct), trouble(runs[1:], pct)
            if state != before:
                alerts.append(Alert(result, state or "well", before or "well"))
    if alerts:
        _tell(alerts, root)
    return alerts


def _rejected_pct() -> float:
    try:
        return float(os.environ.get("CDP_ALERT_REJECTED_PCT") or _REJECTED_PCT)
    except ValueError:
        _log.warning("CDP_ALERT_REJECTED_PCT is no number; %d is taken", _REJECTED_PCT)
        return _REJECTED_PCT


def _runs(sync: str, ledger: Ledger) -> list[Past]:
    rows = ledger.rows(
        "select status, desired, coalesce(succeeded, 0), coalesce(rejected, 0), started_at "  # noqa: S608
        f"from {ledger.table('cdp_sync_runs')} where sync = ? and status <> 'running' "
        f"order by run_number desc limit {_REMEMBERED}",
        (sync,),
    )
    return [Past(*row) for row in rows]


def _tell(alerts: Sequence[Alert], root: Path) -> None:
    for way in (_post, _mail):
        try:
            way(alerts, root)
        except (CdpError, ValueError, OSError) as error:
            _log.warning("alerts could not be sent: %s", type(error).__name__)


def _post(alerts: Sequence[Alert], root: Path) -> None:
    url = os.environ.get("CDP_ALERT_URL", "")
    if not url:
        return
    options = WebhookOptions(
        url=url,
        secret_env=_SECRET,
        allow_private=os.environ.get("CDP_ALERT_ALLOW_PRIVATE") == "true",
        attempts=2,
    )
    delivery = Delivery("cdp_alerts", "", "alerts", "append", "service", "sync", {}, root)
    webhook = Webhook(delivery, options)
    try:
        rows = tuple(Row(alert.result.sync, _fields(alert)) for alert in alerts)
        webhook.upsert(Batch(_key(alerts), rows))
    finally:
        webhook.close()


def _mail(alerts: Sequence[Alert], root: Path) -> None:
    named = ", ".join(f"{alert.result.sync} {alert.state}" for alert in alerts)
    lines = [
        "\n".join(
            f"{name}: {value}" for name, value in {"sync": a.result.sync, **_fields(a)}.items()
        )
        for a in alerts
    ]
    send_mail(f"cdp: {named}", "\n\n".join(lines) + "\n", _key(alerts))


def _key(alerts: Sequence[Alert]) -> str:
    return "cdp_alert_" + "_".join(sorted(alert.result.run_id for alert in alerts))


def _fields(alert: Alert) -> dict[str, object]:
    result = alert.result
    return {
        "state": alert.state,
        "before": alert.before,
        "status": result.status,
        "run_id": result.run_id,
        "planned": result.planned,
        "sent": result.sent,
        "rejected": result.rejected,
        "reason": result.reason,
    }
