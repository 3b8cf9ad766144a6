"""Tells your FastAPI service who is calling through Gatehouse (see docs/examples/README.md).

Python 3.8 or later. Copy this file and verify.py into your service, then:

    gatehouse = Receiver(secrets=[os.environ["GATEHOUSE_SECRET"]])

    @app.get("/v1/notes")
    async def list_notes(caller: Caller = Depends(gatehouse.caller)):
        return await notes_of(caller.member_id)

    @app.post("/v1/notes")
    async def add_note(note: Note, caller: Caller = Depends(gatehouse.caller)):
        return await gatehouse.once(caller, lambda: save_note(caller.member_id, note))

The signature proves that Gatehouse sent this method, path, query and body with this request id and
time. It does not cover the identity headers: those are as trustworthy as the TLS connection.
"""

import asyncio
import time
from dataclasses import dataclass
from typing import Optional, Tuple

from fastapi import HTTPException, Request

from verify import verify


@dataclass(frozen=True)
class Caller:
    """Who a request acts for. A member's parts are there when the tool injects them."""

    project_id: str
    integration_id: str
    request_id: str  # the run's: the same again on every retry
    timestamp: int  # Unix seconds of this attempt
    member_id: Optional[str]
    member_email: Optional[str]
    member_roles: Tuple[str, ...]


class Receiver:
    """Verifies requests and remembers writes, for one process with one event loop.

    secrets: every secret that is valid now; two during a rotation.
    max_remembered: past it the oldest write goes; make it the writes of ten minutes at least.
    """

    def __init__(self, secrets, *, max_remembered=10_000, clock=time.time):
        self._secrets = secrets
        self._max_remembered = max_remembered
        self._clock = clock
        self._writes = {}  # request id -> task, the oldest first

    async def caller(self, request: Request) -> Caller:
        """The dependency: gives the caller of a genuine, fresh request, else answers 401."""
        body, headers, now = await request.body(), request.headers, self._clock()
        target = _target_of(request.scope)
        reason = verify(self._secrets, request.method, target, headers, body, now)
        if reason is not None:
            raise HTTPException(401, detail=reason)
        return _caller_of(headers)

    async def once(self, caller, write):
        """Carries out a write once per request id and gives a retry the first result.

        A write that raises is not remembered. With several processes, keep request ids and results
        in your database instead, in the transaction of the write itself.
        """
        first = self._writes.get(caller.request_id)
        if first is None:
            first = self._writes[caller.request_id] = asyncio.ensure_future(write())
            first.add_done_callback(lambda done: self._forget_failed(caller.request_id, done))
            if len(self._writes) > self._max_remembered:
                del self._writes[next(iter(self._writes))]
        return await asyncio.shield(first)  # who hangs up does not stop the write for the others

    def _forget_failed(self, request_id, done):
        has_failed = done.cancelled() or done.exception() is not None
        if has_failed and self._writes.get(request_id) is done:
            del self._writes[request_id]


def _target_of(scope):
    """The raw path and query as the ASGI server received them."""
    query = scope["query_string"]
    return (scope["raw_path"] + (b"?" + query if query else b"")).decode("latin-1")


def _caller_of(headers):
    for name in ("x-tengine-project-id", "x-tengine-integration-id"):
        if not headers.get(name):
            raise HTTPException(401, detail="missing header")
    roles = headers.get("x-tengine-member-roles")
    return Caller(
        project_id=headers["x-tengine-project-id"],
        integration_id=headers["x-tengine-integration-id"],
        request_id=headers["x-tengine-request-id"],
        timestamp=int(headers["x-tengine-timestamp"]),
        member_id=headers.get("x-tengine-member-id"),
        member_email=headers.get("x-tengine-member-email"),
        member_roles=tuple(roles.split(",")) if roles else (),
    )
