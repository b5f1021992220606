"""Which operation answers which method and path. 404 and 405 as in docs/protocol.md §3.1."""

import re
from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar
from urllib.parse import unquote

from .errors import ApiError

_H = TypeVar("_H")
_PARAMETER = re.compile(r"\{(\w+)\}")


class Routes(Generic[_H]):
    """A table of operations."""

    def __init__(self) -> None:
        self._routes: list[tuple[str, str, re.Pattern[str], _H]] = []

    def add(self, method: str, template: str, operation: _H) -> None:
        """``template`` as in OpenAPI: ``/api/v1/apps/{appId}``. A parameter is one segment."""
        pattern = _PARAMETER.sub(r"(?P<\1>[^/]+)", template)
        self._routes.append((method, template, re.compile(pattern), operation))

    def __iter__(self) -> Iterator[tuple[str, str, _H]]:
        """Every operation with its method and template."""
        return ((method, template, operation) for method, template, _, operation in self._routes)

    def find(self, method: str, path: str) -> tuple[_H, Mapping[str, str], str]:
        """The operation, the parameters percent-decoded, and the template.

        Raises:
            ApiError: E0000008, E0000022.
        """
        known = False
        for candidate, template, pattern, operation in self._routes:
            match = pattern.fullmatch(path)
            if match is None:
                continue
            if candidate == method:
                return operation, {name: unquote(value) for name, value in match.groupdict().items()}, template
            known = True
        raise ApiError("E0000022" if known else "E0000008")
