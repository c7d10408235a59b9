"""Alerts by mail, if the environment says how.

CDP_ALERT_SMTP                  smtp://[user@]host[:587], or smtps://[user@]host[:465]
CDP_ALERT_MAIL_TO               addresses, separated by commas
CDP_ALERT_MAIL_FROM             default: the first of them
DBT_ENV_SECRET_CDP_ALERT_SMTP   the user's password, sent by TLS alone
"""

from __future__ import annotations

import os
from typing import Literal
from urllib.parse import unquote, urlsplit

from cdp.destinations import _mail
from cdp.errors import ConfigError

__all__ = ["send_mail"]

_SECONDS = 15
_PORTS = {"smtp": 587, "smtps": 465}


def send_mail(subject: str, text: str, key: str) -> bool:
    """Send it; whether there was somewhere to send it to. key: as _mail.send_mail has it.

    Raises CdpError where the server does not take it, ValueError for an address that is none.
    """
    options = _options()
    if options is None:
        return False
    _mail.send_mail(options, _mail.password_of(options), subject, text, key)
    return True


def _options() -> _mail.MailOptions | None:
    server = urlsplit(os.environ.get("CDP_ALERT_SMTP", ""))
    to = [part.strip() for part in os.environ.get("CDP_ALERT_MAIL_TO", "").split(",")]
    if not server.scheme or not to[0]:
        return None
    if server.scheme not in _PORTS or not server.hostname:
        raise ConfigError("CDP_ALERT_SMTP is no smtp://[user@]host[:port]. Mend it.")
    user = unquote(server.username or "")
    security: Literal["starttls", "tls", "any"] = "starttls" if user else "any"
    return _mail.MailOptions(
        server=server.hostname,
        port=server.port or _PORTS[server.scheme],
        security="tls" if server.scheme == "smtps" else security,
        **({"user": user, "password_env": "DBT_ENV_SECRET_CDP_ALERT_SMTP"} if user else {}),
        sender=os.environ.get("CDP_ALERT_MAIL_FROM") or to[0],
        to=tuple(to),
        timeout_seconds=_SECONDS,
    )
