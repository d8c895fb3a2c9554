"""One-time links. The token is signed by the installation's secret and never kept: the store holds its SHA-256."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets

NONCE_BYTES = 16
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_PURPOSE = b"hireboard survey link\x00"


def new_nonce() -> bytes:
    return secrets.token_bytes(NONCE_BYTES)


class Links:
    """Makes and recognises tokens. Whoever reads the store alone can make none."""

    def __init__(self, secret: str, base_url: str) -> None:
        self._secret = secret.encode()
        self._base_url = base_url.rstrip("/")

    def token(self, nonce: bytes) -> str:
        """The same for the same survey, so that a reminder carries the same link."""
        signature = hmac.new(self._secret, _PURPOSE + nonce, hashlib.sha256).digest()
        return base64.urlsafe_b64encode(signature).decode().rstrip("=")

    def address(self, token: str) -> str:
        return f"{self._base_url}/survey/{token}"

    def is_of(self, token: str, nonce: bytes) -> bool:
        return hmac.compare_digest(token, self.token(nonce))


def hash_of(token: object) -> bytes | None:
    """What the store knows of a token (hostile: any value); None = it cannot be one."""
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        return None
    return hashlib.sha256(token.encode()).digest()
