"""Plain HTTP values. What a Lambda event becomes, and what a handler answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Request:
    """One request, decoded once at the edge.

    Attributes:
        method: Upper case.
        path: Still percent-encoded, without the query.
        base_url: Scheme and host of this deployment, no trailing slash. Comes from configuration or from API
            Gateway's own domain name, never from a header of the request.
        path_parameters: Percent-decoded, by the names in ``template.yaml``.
        query: Percent-decoded, in order, with repetitions.
        headers: Names in lower case; repeated headers are joined by API Gateway with a comma.
        client_certificate: Of a mutual TLS connection (PEM), by the word of API Gateway alone; empty: there is none.
    """

    method: str
    path: str
    base_url: str = "http://localhost"
    path_parameters: Mapping[str, str] = field(default_factory=dict)
    query: Pairs = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    source_ip: str = ""
    request_id: str = ""
    client_certificate: str = ""

    def header(self, name: str) -> str | None:
        """The header's value, by its lower-case name."""
        return self.headers.get(name)

    def query_value(self, name: str) -> str | None:
        """The last value of a query parameter."""
        found = None
        for key, value in self.query:
            if key == name:
                found = value
        return found


@dataclass(frozen=True)
class Response:
    """One answer.

    Attributes:
        headers: May hold a name more than once.
        fault: What failed on our side, where that is why this is the answer. Never sent; the log says it.
    """

    status: int
    body: bytes = b""
    headers: Pairs = ()
    fault: BaseException | None = field(default=None, compare=False, repr=False)

    @classmethod
    def json(cls, status: int, value: Any, headers: Mapping[str, str] | Pairs = ()) -> Self:
        """An answer with a JSON body, compact, in the order of the mapping given."""
        import msgspec  # importing a handler loads nothing but the standard library

        pairs = tuple(headers.items()) if isinstance(headers, Mapping) else headers
        return cls(status, msgspec.json.encode(value), (("content-type", "application/json"), *pairs))

    def with_headers(self, *pairs: tuple[str, str]) -> "Response":
        """The same answer with more headers."""
        return replace(self, headers=(*self.headers, *pairs))

    def because_of(self, fault: BaseException | None) -> "Response":
        """The same answer, which says what failed."""
        return replace(self, fault=fault)
