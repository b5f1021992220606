"""Which operation answers which method and path. 404 and 405 as in docs/protocol.md §3.1."""

import re
from collections.abc import Mapping
from typing import Generic, TypeVar
from urllib.parse import unquote

from .errors import ApiError

_H = TypeVar("_H")
_PARAMETER = re.compile(r"\{(\w+)\}")


class Routes(Generic[_H]):
    """A table of operations."""

    def __init__(self) -> None:
        self._routes: list[tuple[str, re.Pattern[str], _H]] = []

    def add(self, method: str, template: str, operation: _H) -> None:
        """``template`` as in OpenAPI: ``/api/v1/apps/{appId}``. A parameter is one segment."""
        pattern = _PARAMETER.sub(r"(?P<\1>[^/]+)", template)
        self._routes.append((method, re.compile(pattern), operation))

    def find(self, method: str, path: str) -> tuple[_H, Mapping[str, str]]:
        """The operation, and the parameters percent-decoded.

        Raises:
            ApiError: E0000008, E0000022.
        """
        known = False
        for candidate, pattern, operation in self._routes:
            match = pattern.fullmatch(path)
            if match is None:
                continue
            if candidate == method:
                return operation, {name: unquote(value) for name, value in match.groupdict().items()}
            known = True
        raise ApiError("E0000022" if known else "E0000008")
