"""Stands in for FastAPI: the two names that the receiver takes from it, and no more."""


class HTTPException(Exception):
    def __init__(self, status_code, detail=None):
        super().__init__(detail)
        self.status_code = status_code
        self.detail = detail


class Headers:
    """As Starlette's: names in any case, and the first value of a name."""

    def __init__(self, pairs):
        self._pairs = [(name.lower(), value) for name, value in pairs]

    def get(self, name, default=None):
        return next((value for other, value in self._pairs if other == name.lower()), default)

    def __getitem__(self, name):
        value = self.get(name)
        if value is None:
            raise KeyError(name)
        return value


class Request:
    def __init__(self, scope, headers, body):
        self.scope = scope
        self.method = scope["method"]
        self.headers = Headers(headers)
        self._body = body

    async def body(self):
        return self._body
