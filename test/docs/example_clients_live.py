"""Drives the Python client for the live test: a request is a line of JSON on standard input, its
answer a line on standard output. The arguments are the folder of the client and its settings.
"""

import json
import sys

sys.path.insert(0, sys.argv[1])
from gatehouse_client import GatehouseClient, GatehouseError  # noqa: E402

request = {"now": 0}
client = GatehouseClient(clock=lambda: request["now"], **json.loads(sys.argv[2]))
for line in sys.stdin:
    request = json.loads(line)
    try:
        answer = {"token": client.session_token(**request["user"])}
    except GatehouseError as error:
        parts = ("status", "code", "detail", "reason")
        answer = {"error": {name: getattr(error, name) for name in parts}}
    print(json.dumps(answer), flush=True)
