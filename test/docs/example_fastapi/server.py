"""Serves the FastAPI receiver for the tests, over real HTTP, and prints its port.

Arguments: the folder of the receiver, and the settings as JSON.
"""

import asyncio
import dataclasses
import json
import sys
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from fastapi import HTTPException, Request

sys.path.insert(0, sys.argv[1])
from fastapi_receiver import Receiver  # noqa: E402

settings = json.loads(sys.argv[2])
gatehouse = Receiver(
    settings["secrets"],
    max_remembered=settings["max_remembered"],
    clock=lambda: settings["now"],
)
loop = asyncio.new_event_loop()
released = asyncio.Event()
carried_out = Counter()
running = []  # the tasks of signed requests, the oldest first


async def endpoint(path, caller, body):
    carried_out[path] += 1
    times = carried_out[path]
    if path.startswith("/slow"):
        await released.wait()
    if path.startswith("/broken") and times == 1:
        raise HTTPException(500, detail="broken")
    if path.startswith("/panicking") and times == 1:
        raise RuntimeError("panicking")
    if path.startswith("/empty"):
        return None
    return {"times": times, "body": body.decode(), "caller": dataclasses.asdict(caller)}


async def answer(request, path):
    """What FastAPI does with an endpoint that depends on the caller."""
    running.append(asyncio.current_task())
    try:
        caller = await gatehouse.caller(request)
        body = await request.body()
        if request.method == "GET":
            result = await endpoint(path, caller, body)
        else:
            result = await gatehouse.once(caller, lambda: endpoint(path, caller, body))
    except HTTPException as error:
        return error.status_code, {"detail": error.detail}
    except asyncio.CancelledError:
        return 499, {"detail": "hung up"}
    except Exception:
        return 500, {"detail": "Internal Server Error"}
    return (204, None) if result is None else (201, result)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_any(self):
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if parts.path == "/control/carried_out":
            self.reply(200, carried_out[parse_qs(parts.query)["path"][0]])
        elif parts.path == "/control/release":
            loop.call_soon_threadsafe(released.set)
            self.reply(200, None)
        elif parts.path == "/control/hang_up":
            loop.call_soon_threadsafe(running[0].cancel)
            self.reply(200, None)
        else:
            raw_path, _, query = self.path.encode("latin-1").partition(b"?")
            scope = {"method": self.command, "raw_path": raw_path, "query_string": query}
            request = Request(scope, self.headers.items(), body)
            work = asyncio.run_coroutine_threadsafe(answer(request, parts.path), loop)
            self.reply(*work.result())

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

    def reply(self, status, value):
        text = b"" if value is None else json.dumps(value).encode()
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


threading.Thread(target=loop.run_forever, daemon=True).start()
server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print(server.server_port, flush=True)
server.serve_forever()
