"""Drives the Python client for the tests: reads a script as JSON from standard input, prints what
each step gave. The argument is the folder of the client.

The calls of a step run at the same time, each in a thread of its own.
"""

import json
import sys
import threading

import requests

sys.path.insert(0, sys.argv[1])
from gatehouse_client import GatehouseClient, GatehouseError  # noqa: E402


class Clock:
    """A clock that stands still and knows which threads looked at it."""

    def __init__(self):
        self.now = 0
        self._seen = set()
        self._changed = threading.Condition()

    def __call__(self):
        with self._changed:
            self._seen.add(threading.get_ident())
            self._changed.notify_all()
        return self.now

    def forget_all(self):
        with self._changed:
            self._seen.clear()

    def wait_for(self, threads):
        with self._changed:
            idents = {thread.ident for thread in threads}
            assert self._changed.wait_for(lambda: idents <= self._seen, timeout=10)


def call(client, arguments, outcomes, index):
    try:
        outcomes[index] = {"token": client.session_token(**arguments)}
    except GatehouseError as error:
        parts = ("status", "code", "detail", "reason")
        outcomes[index] = {"error": {name: getattr(error, name) for name in parts}, "text": str(error)}


def start(client, clock, calls, outcomes):
    threads = []
    for arguments in calls:
        outcomes.append(None)
        place = (client, arguments, outcomes, len(outcomes) - 1)
        threads.append(threading.Thread(target=call, args=place, daemon=True))
    clock.forget_all()
    for thread in threads:
        thread.start()
    clock.wait_for(threads)
    return threads


def run(client, clock, step):
    if "forget" in step:
        client.forget(step["forget"])
        return []
    clock.now = step["now"]
    outcomes = []
    threads = start(client, clock, step["calls"], outcomes)
    held = step.get("while_held")
    if held is not None:
        requests.post(held["url"] + "/arrived", timeout=10)
        if "forget" in held:
            client.forget(held["forget"])
        threads += start(client, clock, held["calls"], outcomes)
        requests.post(held["url"] + "/release", timeout=10)
    for thread in threads:
        thread.join(20)
    return outcomes


def main():
    script = json.load(sys.stdin)
    clock = Clock()
    try:
        client = GatehouseClient(clock=clock, **script["client"])
    except ValueError as error:
        print(json.dumps({"refused": str(error)}))
        return
    print(json.dumps({"steps": [run(client, clock, step) for step in script["steps"]]}))


main()
