"""Session tokens for your own users (see docs/examples/README.md).

States with your private key who the user is, exchanges the statement at Gatehouse for a
`tng_mst_...` token, and keeps the token until a minute before it ends.

Python 3.8 or later; pip install "PyJWT>=2.4" cryptography requests
"""

import threading
import time
import uuid
from collections import OrderedDict
from concurrent.futures import Future
from datetime import datetime
from types import SimpleNamespace

import jwt
import requests
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

REFRESH_EARLY_SECONDS = 60
CURVES = {"secp256r1": "ES256", "secp384r1": "ES384"}


class GatehouseError(Exception):
    """Why there is no token: status (0: no answer), code, detail and reason of the answer."""

    def __init__(self, status, code, detail, reason=None):
        super().__init__(f"{status} {code}: {detail}" + (f" ({reason})" if reason else ""))
        self.status, self.code, self.detail, self.reason = status, code, detail, reason


class GatehouseClient:
    """Gives session tokens. Make one for the whole process; any thread may use it.

    max_cached tokens are kept; past it the one that nobody used for longest goes.
    """

    def __init__(self, base_url, api_key, project_id, private_key_pem, kid, *,
                 timeout_seconds=10, max_cached=10_000, clock=time.time):
        self._url = base_url.rstrip("/") + "/api/v1/mcp/session-token"
        self._api_key, self._audience, self._kid = api_key, f"tengine:project:{project_id}", kid
        self._private_key = load_pem_private_key(private_key_pem.encode(), password=None)
        self._algorithm = _algorithm_of(self._private_key)
        self._timeout_seconds, self._max_cached, self._clock = timeout_seconds, max_cached, clock
        self._lock = threading.Lock()  # never held while waiting
        self._entries = OrderedDict()  # who -> entry; the one used last stands last

    def session_token(self, user_id, email=None, roles=()):
        """Returns a token with more than a minute left. Raises GatehouseError.

        Callers that ask for one user at the same time share one exchange and its outcome.
        """
        # Roles are authority: a token made for other roles must not be found here.
        who = (user_id, email or None, tuple(roles))
        now = self._clock()
        with self._lock:
            entry = self._entries.get(who)
            is_new = entry is None or now >= entry.refresh_at
            if is_new:
                entry = SimpleNamespace(token=Future(), refresh_at=float("inf"))
                self._entries[who] = entry
            self._entries.move_to_end(who)
            if len(self._entries) > self._max_cached:
                self._entries.popitem(last=False)
        if is_new:
            self._fill(entry, who)
        return entry.token.result()

    def forget(self, user_id):
        """Drops the user's tokens: for when Gatehouse answered 401 to one of them."""
        with self._lock:
            for who in [each for each in self._entries if each[0] == user_id]:
                del self._entries[who]

    def _fill(self, entry, who):
        try:
            token, expires_at = self._exchange(self._assertion(*who))
        except BaseException as error:  # whatever it is: nobody may wait for ever
            with self._lock:
                if self._entries.get(who) is entry:
                    del self._entries[who]
            entry.token.set_exception(error)
        else:
            entry.refresh_at = expires_at - REFRESH_EARLY_SECONDS
            entry.token.set_result(token)

    def _assertion(self, user_id, email, roles):
        now = int(self._clock())
        claims = {"sub": user_id, "aud": self._audience, "iat": now, "exp": now + 60}
        claims["jti"] = str(uuid.uuid4())  # makes the assertion good for one exchange only
        if email:
            claims["email"] = email
        if roles:
            claims["roles"] = list(roles)
        return jwt.encode(claims, self._private_key, self._algorithm, {"kid": self._kid})

    def _exchange(self, assertion):
        try:
            response = requests.post(
                self._url, json={"member_assertion": assertion}, allow_redirects=False,
                headers={"Authorization": f"Bearer {self._api_key}"}, timeout=self._timeout_seconds)
        except requests.RequestException as error:
            raise GatehouseError(0, "unreachable", str(error)) from error
        status = response.status_code
        try:
            body = response.json()
            if status == 200:
                return body["token"], self._expires_at(body)
            raise GatehouseError(status, body["code"], body["detail"], body.get("reason"))
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            detail = "This is no answer of Gatehouse. Is base_url right?"
            raise GatehouseError(status, "unexpected_answer", detail) from error

    def _expires_at(self, body):
        if body.get("expires_at"):
            return datetime.fromisoformat(body["expires_at"].replace("Z", "+00:00")).timestamp()
        return self._clock() + body["expires_in_minutes"] * 60


def _algorithm_of(key):
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in CURVES:
        return CURVES[key.curve.name]
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "EdDSA"
    if isinstance(key, rsa.RSAPrivateKey):
        return "RS256"
    raise ValueError("The private key must be P-256, P-384, Ed25519 or RSA")
