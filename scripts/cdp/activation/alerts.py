"""A word to a webhook when a sync begins to fail, and when it works again.

CDP_ALERT_URL says where to; DBT_ENV_SECRET_CDP_ALERT signs, as the destination webhook
does. Names and counts only. What cannot be told does not change how the sync ended.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

from cdp.activation.ledger import Ledger
from cdp.activation.runner import Result
from cdp.destinations._base import Batch, Delivery, Row
from cdp.destinations.webhook import Webhook, WebhookOptions
from cdp.errors import CdpError

__all__ = ["tell_changes"]

_SECRET = "DBT_ENV_SECRET_CDP_ALERT"  # noqa: S105 - the name of a variable
_log = logging.getLogger(__name__)


def tell_changes(results: list[Result], ledger: Ledger, root: Path) -> list[Result]:
    """Send the results whose sync changed between working and not; returns those."""
    changed = [result for result in results if _has_changed(result, ledger)]
    url = os.environ.get("CDP_ALERT_URL", "")
    if not changed or not url:
        return changed
    try:
        options = WebhookOptions(
            url=url,
            secret_env=_SECRET,
            allow_private=os.environ.get("CDP_ALERT_ALLOW_PRIVATE") == "true",
            attempts=2,
        )
        delivery = Delivery("cdp_alerts", "", "alerts", "append", "service", "sync", {}, root)
        webhook = Webhook(delivery, options)
        try:
            key = "cdp_alert_" + "_".join(sorted(result.run_id for result in changed))
            webhook.upsert(Batch(key, tuple(map(_row, changed))))
        finally:
            webhook.close()
    except (CdpError, ValueError) as error:
        _log.warning("alerts could not be sent: %s", type(error).__name__)
    return changed


def _has_changed(result: Result, ledger: Ledger) -> bool:
    before = ledger.rows(
        f"select status from {ledger.table('cdp_sync_runs')} "  # noqa: S608
        "where sync = ? and run_id <> ? and status <> 'running' "
        "order by run_number desc limit 1",
        (result.sync, result.run_id),
    )
    works = before[0][0] == "succeeded" if before else True
    return works != (result.status == "succeeded")


def _row(result: Result) -> Row:
    fields = {
        "status": result.status,
        "run_id": result.run_id,
        "planned": result.planned,
        "sent": result.sent,
        "rejected": result.rejected,
        "reason": result.reason,
    }
    return Row(result.sync, fields)
