"""An SMTP server for tests: aiosmtpd's, with STARTTLS and a log-in, on this machine."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

__all__ = ["MailServer", "serving_smtp"]


@dataclass
class MailServer:
    """Lets `reports` in by its password. `answer`: what it says to the next mails."""

    certificate: Path
    port: int = 0
    password: str = "test-only"
    answer: str = "250 OK"
    is_cut: bool = False  # the line, as soon as a mail was taken
    mails: list[EmailMessage] = field(default_factory=list)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if not self.answer.startswith("250"):
            return self.answer
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        if self.is_cut:
            server.transport.close()
        return self.answer

    def let_in(self, server: Any, session: Any, envelope: Any, way: str, who: Any) -> AuthResult:
        assert isinstance(who, LoginPassword)
        known = (b"reports", self.password.encode())
        return AuthResult(success=(who.login, who.password) == known, handled=False)


@contextmanager
def serving_smtp(folder: Path) -> Iterator[MailServer]:
    """A server for as long as the block runs; its certificate is for 127.0.0.1."""
    certificate, key = _certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = MailServer(certificate)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        server.port = probe.getsockname()[1]
    controller = Controller(
        server,
        hostname="127.0.0.1",
        port=server.port,
        tls_context=context,
        require_starttls=True,
        authenticator=server.let_in,
        auth_required=True,
    )
    controller.start()
    try:
        yield server
    finally:
        controller.stop()


def _certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    here = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(here, critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    (folder / "smtp.crt").write_bytes(made.public_bytes(pem))
    (folder / "smtp.key").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    )
    return folder / "smtp.crt", folder / "smtp.key"
