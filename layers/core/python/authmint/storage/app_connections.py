"""Apps elsewhere to which a client may take its users' identity (docs/protocol.md §45.4)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class AppConnection:
    """One server whose app a client may call for the people who signed in to it.

    Attributes:
        audience: Issuer of that server, to the letter.
        client_id: What the client is called there.
        scopes: That it may ask for there at most.
        resources: URIs that it may ask for there (RFC 8707); none: it names none.
    """

    audience: str
    client_id: str
    scopes: tuple[str, ...]
    resources: tuple[str, ...] = ()
