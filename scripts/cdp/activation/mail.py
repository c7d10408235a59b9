"""A mail by SMTP, if the environment says how.

CDP_ALERT_SMTP                  smtp://[user@]host[:587], or smtps://[user@]host[:465]
CDP_ALERT_MAIL_TO               addresses, separated by commas
CDP_ALERT_MAIL_FROM             default: the first of them
DBT_ENV_SECRET_CDP_ALERT_SMTP   the user's password, sent by TLS alone
"""

from __future__ import annotations

import os
import smtplib
import ssl
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from cdp.errors import ConfigError

__all__ = ["send_mail"]

_SECONDS = 15
_PORTS = {"smtp": 587, "smtps": 465}


def send_mail(subject: str, text: str) -> bool:
    """Send it; whether there was somewhere to send it to.

    Raises ConfigError for an address that is none, OSError (smtplib's errors are such)
    where the server does not take it.
    """
    server = urlsplit(os.environ.get("CDP_ALERT_SMTP", ""))
    to = [part.strip() for part in os.environ.get("CDP_ALERT_MAIL_TO", "").split(",")]
    if not server.scheme or not to[0]:
        return False
    if server.scheme not in _PORTS or not server.hostname:
        raise ConfigError("CDP_ALERT_SMTP is no smtp://[user@]host[:port]. Mend it.")
    message = EmailMessage()
    message["Subject"] = " ".join(subject.split())
    message["From"] = os.environ.get("CDP_ALERT_MAIL_FROM") or to[0]
    message["To"] = ", ".join(to)
    message.set_content(text)
    port = server.port or _PORTS[server.scheme]
    with _connected(server.scheme, server.hostname, port) as connection:
        is_safe = server.scheme == "smtps" or _secured(connection)
        if server.username:
            if not is_safe:
                raise ConfigError("CDP_ALERT_SMTP offers no TLS, so no password is sent there.")
            password = os.environ.get("DBT_ENV_SECRET_CDP_ALERT_SMTP", "")
            connection.login(unquote(server.username), password)
        connection.send_message(message)
    return True


def _connected(scheme: str, host: str, port: int) -> smtplib.SMTP:
    if scheme == "smtps":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(host, port, timeout=_SECONDS, context=context)
    return smtplib.SMTP(host, port, timeout=_SECONDS)


def _secured(connection: smtplib.SMTP) -> bool:
    """Whether the server speaks TLS; if so, from now on."""
    connection.ehlo()
    if not connection.has_extn("starttls"):
        return False
    connection.starttls(context=ssl.create_default_context())
    return True
