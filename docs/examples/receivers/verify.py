"""Verifies requests signed by Gatehouse (see docs/signing.md).

Python 3.8 or later, standard library only. Copy `verify` into your service.
"""

import base64
import hashlib
import hmac
import json
import re
import sys
import time

TOLERANCE_SECONDS = 300
TIMESTAMP = re.compile(r"[0-9]{1,12}")
REQUEST_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def verify(secrets, method, target, headers, body, now=None):
    """Returns None for a genuine, fresh request, else why it must be refused (answer 401).

    secrets: every secret that is valid now; two during a rotation.
    method:  as received, upper case.
    target:  the raw path and query as received, never decoded or rebuilt.
    headers: a mapping with lower-case names.
    body:    the raw bytes, before any parsing; b"" when there are none.

    A retry of the same run has the same X-Tengine-Request-Id with a new timestamp: remember the ids
    that you carried out for at least ten minutes, and answer a known one with its first result.
    """
    timestamp = headers.get("x-tengine-timestamp", "")
    request_id = headers.get("x-tengine-request-id", "")
    signatures = headers.get("x-tengine-signature", "")
    if not (timestamp and request_id and signatures):
        return "missing header"
    if not TIMESTAMP.fullmatch(timestamp) or not REQUEST_ID.fullmatch(request_id):
        return "malformed header"
    if abs((time.time() if now is None else now) - int(timestamp)) > TOLERANCE_SECONDS:
        return "timestamp outside tolerance"
    digest = hashlib.sha256(body).hexdigest()
    line = f"tng2 {timestamp} {request_id} {method} {target} {digest}".encode()
    genuine = False
    for secret in secrets:
        expected = hmac.new(secret.encode(), line, hashlib.sha256).hexdigest()
        for signature in signatures.split(","):
            given = signature.strip(" ").encode("utf-8", "replace")
            genuine |= hmac.compare_digest(f"tng2={expected}".encode(), given)
    return None if genuine else "signature mismatch"


def main():
    """Reads one case as JSON from standard input and prints `ok` or `bad: <reason>`."""
    case = json.load(sys.stdin)
    reason = verify(
        case["secrets"],
        case["method"],
        case["target"],
        {name.lower(): value for name, value in case["headers"].items()},
        base64.b64decode(case["body_base64"]),
        case["now"],
    )
    print("ok" if reason is None else f"bad: {reason}")


if __name__ == "__main__":
    main()
