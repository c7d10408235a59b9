"""Access to Google's APIs: the credentials that it gives out, for a token of an hour."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from cdp.destinations._accounts import Account
from cdp.destinations._base import NoAnswer
from cdp.destinations._http import Answer, Caller
from cdp.errors import ConfigError, FatalDestinationError

__all__ = ["GoogleToken"]

_TOKENS = "https://oauth2.googleapis.com/token"
_EARLY = 300  # seconds before its end at which a token is renewed


class GoogleToken:
    """The access token of a service account, or of a user who has granted access.

    credentials: the JSON that Google gives out; name: the variable that holds it.
    """

    def __init__(
        self, credentials: str, name: str, scope: str, caller: Caller, limits: Account
    ) -> None:
        self._text, self._name, self._scope = credentials, name, scope
        self._caller, self._limits = caller, limits
        self._token, self._ends = "", 0.0

    def current(self) -> str:
        """A token that holds for some minutes yet. Raises FatalDestinationError."""
        if time.monotonic() >= self._ends:
            self._token, seconds = self._new()
            self._ends = time.monotonic() + seconds - _EARLY
        return self._token

    def _new(self) -> tuple[str, float]:
        """(token, seconds that it holds)"""
        credentials = self._credentials()
        is_service = credentials.get("type") == "service_account"
        form = _assertion(credentials, self._scope) if is_service else _refresh(credentials)
        return self._caller.call(
            "POST",
            str(credentials.get("token_uri", _TOKENS)),
            urlencode(form).encode(),
            lambda: {"content-type": "application/x-www-form-urlencoded"},
            read=_read,
            account=self._limits,
        )

    def _credentials(self) -> Mapping[str, Any]:
        try:
            found = json.loads(self._text)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise FatalDestinationError(
                f"{self._name} holds no credentials. Put the JSON there that Google gave out for "
                "the service account or the user."
            )
        return found


def _read(answer: Answer) -> tuple[str, float]:
    try:
        found = json.loads(answer.body)
        return str(found["access_token"]), float(found["expires_in"])
    except (ValueError, LookupError, TypeError):
        raise NoAnswer("Google's answer holds no token") from None


def _refresh(credentials: Mapping[str, Any]) -> dict[str, str]:
    names = ("client_id", "client_secret", "refresh_token")
    if missing := [name for name in names if not credentials.get(name)]:
        raise FatalDestinationError(f"Google's credentials have no {', '.join(missing)}.")
    return {"grant_type": "refresh_token"} | {name: str(credentials[name]) for name in names}


def _assertion(credentials: Mapping[str, Any], scope: str) -> dict[str, str]:
    """A claim signed with the service account's key (RFC 7523)."""
    now = int(time.time())
    claim = {
        "iss": credentials.get("client_email"),
        "scope": scope,
        "aud": credentials.get("token_uri", _TOKENS),
        "iat": now,
        "exp": now + 3600,
    }
    text = ".".join(_base64(json.dumps(part)) for part in ({"alg": "RS256", "typ": "JWT"}, claim))
    return {
        "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "assertion": f"{text}.{_base64(_signed(text, str(credentials.get('private_key'))))}",
    }


def _signed(text: str, private_key: str) -> bytes:
    try:
        from cryptography.hazmat.primitives.asymmetric import padding, rsa
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
    except ImportError:
        raise ConfigError(
            "A service account needs cryptography: pip install cryptography"
        ) from None
    try:
        key = load_pem_private_key(private_key.encode(), None)
    except ValueError:
        raise FatalDestinationError("Google's credentials have no private key.") from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise FatalDestinationError("The private key of Google's credentials is no RSA key.")
    return key.sign(text.encode(), padding.PKCS1v15(), SHA256())


def _base64(part: str | bytes) -> str:
    content = part.encode() if isinstance(part, str) else part
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
