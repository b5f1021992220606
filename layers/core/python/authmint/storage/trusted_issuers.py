"""Issuers outside of a server whose words it takes: for people (ID-JAG), or for workloads (docs/protocol.md §45)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from .events import Event

TrustedUse = Literal["ID_JAG", "WORKLOAD"]
SubjectMatch = Literal["USER_ID", "LOGIN", "EXTERNAL_ID", "CLAIM"]


@dataclass(frozen=True)
class TrustedIssuer:
    """An issuer that one server trusts for one use.

    Attributes:
        issuer: ``iss`` of its tokens, to the letter.
        jwks: Its keys, where nobody has to be asked for them.
        jwks_uri: Where they are.
        discovery: Where its metadata says that they are.
        algorithms: What it may sign with.
        match: How a ``sub`` of it becomes a user here.
        claim: Which claim names the user instead; of ``CLAIM``.
        match_verified_email: Whether an address that it verified, and that the user verified here, will do as well.
        narrows: Whether a client may ask for less than an assertion says; else it may not ask at all.
        max_age: Seconds since an assertion was made; ``None``: its own lifetime alone counts.
        client_ids: Clients here that it may speak to; none: all.
    """

    id: str
    issuer: str
    use: TrustedUse
    created_at: int
    updated_at: int
    jwks: tuple[Mapping[str, Any], ...] = ()
    jwks_uri: str | None = None
    discovery: bool = False
    algorithms: tuple[str, ...] = ("RS256", "ES256")
    match: SubjectMatch = "EXTERNAL_ID"
    claim: str | None = None
    match_verified_email: bool = False
    narrows: bool = False
    max_age: int | None = None
    client_ids: tuple[str, ...] = ()
    status: Literal["ACTIVE", "INACTIVE"] = "ACTIVE"


@dataclass(frozen=True)
class IssuerSubject:
    """Whom an issuer means by a ``sub``: an administrator says so, and nobody else.

    Attributes:
        id: Digest of ``sub``.
    """

    id: str
    issuer_id: str
    sub: str
    user_id: str
    created_at: int


class IssuerSubjects(Protocol):
    """All of these of a deployment."""

    def get(self, issuer_id: str, subject_id: str) -> IssuerSubject:
        """A consistent read. Raises NotFound."""

    def list(self, issuer_id: str, *, after: str | None = None, limit: int = 200) -> Sequence[IssuerSubject]:
        """Of one issuer in ascending id, from the first id greater than ``after``."""

    def add(self, subject: IssuerSubject, events: Sequence[Event]) -> None:
        """Store it and its events, all or nothing. Raises AlreadyExists: the ``sub`` means somebody already."""

    def remove(self, subject: IssuerSubject, events: Sequence[Event]) -> None:
        """Remove it. Raises NotFound."""

    def remove_all(self, issuer_id: str) -> None:
        """Forget those of an issuer that is gone."""


def subject_id(sub: str) -> str:
    """The id under which a ``sub`` is kept: it may be longer than a key, and hold anything."""
    import hashlib

    from ..jose.encoding import b64encode

    return b64encode(hashlib.sha256(sub.encode("utf-8", "surrogatepass")).digest())
