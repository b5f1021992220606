"""Which tokens of a platform are a client: Kubernetes, GitHub, AWS and others (docs/protocol.md §46)."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class WorkloadBinding:
    """One way to be a client: everything in it has to hold.

    Attributes:
        issuer: Of the token; the server has to trust it for workloads.
        audience: That the token is for; ``None``: the server's issuer.
        claims: Values of claims, to the letter.
        accounts: Of AWS, one of which it is.
        organization: Of AWS.
        roles: ARNs of AWS roles, one of which it is; ``*`` stands for anything within one segment of the path.
    """

    issuer: str
    audience: str | None = None
    claims: Mapping[str, str] = field(default_factory=dict)
    accounts: tuple[str, ...] = ()
    organization: str | None = None
    roles: tuple[str, ...] = ()
