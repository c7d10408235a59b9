"""Mail by SMTP: plain text, to people who run things. Counts, never a person.

Reports (email_report.py) and alerts (activation/mail.py) go this way.
"""

from __future__ import annotations

import hashlib
import logging
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.utils import formatdate
from typing import Literal

from pydantic import Field, field_validator, model_validator

from cdp.destinations._base import NoAnswer, Options
from cdp.destinations._secrets import SecretName, read_secret
from cdp.errors import CdpError, FatalDestinationError, RetriableError

__all__ = ["MailOptions", "password_of", "send_mail", "try_mail"]

_log = logging.getLogger(__name__)


class MailOptions(Options):
    """server: the SMTP server. port: its port. security: starttls, tls (port 465), or any: TLS
    where the server offers it, inside a network. user: who logs in; without one nobody does.
    password_env: the password. sender: the address that it is from. to: the addresses that it
    goes to. timeout_seconds: of silence."""

    server: str
    port: int = Field(default=587, ge=1, le=65535)
    security: Literal["starttls", "tls", "any"] = "starttls"
    user: str = ""
    password_env: SecretName = ""
    sender: str
    to: tuple[str, ...] = Field(min_length=1, max_length=50)
    timeout_seconds: float = Field(default=30, gt=0, le=300)

    @field_validator("sender", "to")
    @classmethod
    def _addresses(cls, given: str | tuple[str, ...]) -> str | tuple[str, ...]:
        for address in (given,) if isinstance(given, str) else given:
            local, _, domain = address.rpartition("@")
            if not (local and domain and address.isprintable() and " " not in address):
                raise ValueError("is an address: reports@example.com")
        return given

    @model_validator(mode="after")
    def _guarded(self) -> MailOptions:
        if bool(self.user) != bool(self.password_env):
            raise ValueError("user and password_env go together")
        if self.user and self.security == "any":
            raise ValueError("a password goes over starttls or tls alone")
        return self


def password_of(options: MailOptions) -> str:
    """The password; empty where nobody logs in. Raises ConfigError that names what is missing."""
    return read_secret(options.password_env, "The password") if options.user else ""


def send_mail(options: MailOptions, password: str, subject: str, text: str, key: str) -> None:
    """Send one mail. key: the same for the same mail; its Message-ID is made of it.

    Raises RetriableError (it was not taken), NoAnswer (it may have been) or
    FatalDestinationError.
    """
    name = f"cdp-{hashlib.sha256(key.encode()).hexdigest()[:24]}"
    message = EmailMessage()
    message["From"], message["To"] = options.sender, ", ".join(options.to)
    message["Subject"], message["Date"] = subject, formatdate()
    message["Message-ID"] = f"<{name}@{options.sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
    message.set_content(text)
    with _connected(options, password) as server, _told(options.server, sent=True):
        refused = server.send_message(message)
    if refused:
        _log.warning("mail: %d of %d addresses were refused", len(refused), len(options.to))


def try_mail(options: MailOptions, password: str) -> Iterator[str]:
    """What stands in the way of a mail, one sentence each; none is sent."""
    try:
        with _connected(options, password):
            return
    except CdpError as error:
        yield str(error)


@contextmanager
def _connected(options: MailOptions, password: str) -> Iterator[smtplib.SMTP]:
    with _told(options.server):
        server = _open(options)
    try:
        with _told(options.server):
            server.ehlo_or_helo_if_needed()
            is_offered = server.has_extn("starttls")
            if options.security == "starttls" or (options.security == "any" and is_offered):
                server.starttls(context=ssl.create_default_context())
            if options.user:
                server.login(options.user, password)
        yield server
    finally:
        server.close()


def _open(options: MailOptions) -> smtplib.SMTP:
    place, seconds = (options.server, options.port), options.timeout_seconds
    if options.security == "tls":
        return smtplib.SMTP_SSL(*place, timeout=seconds, context=ssl.create_default_context())
    return smtplib.SMTP(*place, timeout=seconds)


@contextmanager
def _told(name: str, sent: bool = False) -> Iterator[None]:
    """What goes wrong, as what the caller should do; the server's words are left out, since
    they may repeat an address. sent: a lost connection may have been after the mail."""
    try:
        yield
    except smtplib.SMTPAuthenticationError as error:
        raise FatalDestinationError(
            f"{name} does not let the user in ({error.smtp_code}). Check user and password."
        ) from None
    except smtplib.SMTPNotSupportedError:
        raise FatalDestinationError(
            f"{name} offers no STARTTLS, or no log-in. Set security to what it has."
        ) from None
    except ssl.SSLError:
        raise FatalDestinationError(f"{name} has no certificate that can be trusted.") from None
    except smtplib.SMTPRecipientsRefused as error:
        raise _refusal(name, min(code for code, _ in error.recipients.values())) from None
    except smtplib.SMTPResponseException as error:
        raise _refusal(name, error.smtp_code) from None
    except (smtplib.SMTPException, OSError):
        kind = NoAnswer if sent else RetriableError
        raise kind(f"{name} cannot be reached, or went away") from None


def _refusal(name: str, code: int) -> CdpError:
    """RFC 5321, 4.2.1: 4yz may be tried again, 5yz not."""
    if 400 <= code < 500:
        return RetriableError(f"{name} did not take the mail ({code})")
    return FatalDestinationError(f"{name} refused the mail ({code}). Check sender and to.")
