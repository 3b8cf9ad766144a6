"""Stands in for the package `anthropic` where a test runs the quick-start client.

There is no model here: "Fetch post 7" becomes one call of the tool whose name speaks of posts, made
over real MCP with the token that came along. The environment says the rest:

STAND_IN_JOURNAL           gets a line of JSON per message: the token, the tools listed, the call
STAND_IN_MOVE_CLOCK_AFTER  after so many messages the clock of FAKETIME_TIMESTAMP_FILE is moved ...
STAND_IN_MOVE_CLOCK_TO     ... to this offset
"""

import json
import os
import re
from types import SimpleNamespace

import requests

ACCEPTED_KEY = "sk-ant-stand-in"


class AuthenticationError(Exception):
    """The API key is not the accepted one."""


class RateLimitError(Exception):
    """Never raised; the client names it."""


class McpError(Exception):
    """What the MCP server refused; no error of `requests`, so that the client cannot mistake it."""


class Anthropic:
    def __init__(self, api_key):
        self._api_key = api_key
        self._messages = 0
        self.beta = SimpleNamespace(messages=SimpleNamespace(create=self._create))

    def _create(self, *, model, max_tokens, messages, mcp_servers, betas):
        if self._api_key != ACCEPTED_KEY:
            raise AuthenticationError(self._api_key)
        prompt = messages[-1]["content"]
        content = [block for server in mcp_servers for block in _answer(server, prompt)]
        self._messages += 1
        if str(self._messages) == os.environ.get("STAND_IN_MOVE_CLOCK_AFTER"):
            _move_clock(os.environ["STAND_IN_MOVE_CLOCK_TO"])
        return SimpleNamespace(content=content)


def _answer(server, prompt):
    url, token = server["url"], server["authorization_token"]
    with requests.Session() as http:
        http.headers["Authorization"] = f"Bearer {token}"
        http.headers["Accept"] = "application/json, text/event-stream"
        start = {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "stand-in", "version": "1"},
        }
        started = _request(http, url, "initialize", start)
        http.headers["MCP-Protocol-Version"] = started["protocolVersion"]
        _post(http, url, {"jsonrpc": "2.0", "method": "notifications/initialized"})
        tools = [tool["name"] for tool in _request(http, url, "tools/list", {})["tools"]]
        call = _call_for(prompt, tools)
        result = _request(http, url, "tools/call", call)
    with open(os.environ["STAND_IN_JOURNAL"], "a") as journal:
        entry = {"token": token, "tools": tools, "call": call}
        journal.write(json.dumps(entry) + "\n")
    # As the real one: the text stands beside blocks of other types, which have none.
    yield SimpleNamespace(type="mcp_tool_use", name=call["name"], input=call["arguments"])
    yield SimpleNamespace(type="text", text=result["content"][0]["text"])


def _call_for(prompt, tools):
    match = re.search(r"\b(post|user) (\d+)", prompt)
    if match is None:
        return {"name": "mcp_whoami", "arguments": {}}
    thing, number = match.groups()
    name = next(name for name in tools if thing in name)
    return {"name": name, "arguments": {"id": int(number)}}


def _request(http, url, method, params):
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    answer = _post(http, url, body).json()
    if "result" not in answer:
        raise McpError(answer)
    return answer["result"]


def _post(http, url, body):
    response = http.post(url, json=body, timeout=10, allow_redirects=False)
    if response.status_code not in (200, 202):
        raise McpError(f"{response.status_code} {response.text}")
    return response


def _move_clock(offset):
    path = os.environ["FAKETIME_TIMESTAMP_FILE"]
    # Two processes read it at every look at their clock: it changes in one piece.
    with open(path + ".new", "w") as file:
        file.write(offset + "\n")
    os.replace(path + ".new", path)
