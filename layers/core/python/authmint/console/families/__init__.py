"""What is particular to each family of objects."""

from collections.abc import Sequence
from typing import Final

from ..resources import Family
from . import applications, directory, hooks, identity, security, servers, sign_on, trusted_issuers, unregistered

FAMILIES: Final[Sequence[Family]] = (
    *servers.FAMILIES,
    *unregistered.FAMILIES,
    *trusted_issuers.FAMILIES,
    *applications.FAMILIES,
    *directory.FAMILIES,
    *identity.FAMILIES,
    *sign_on.FAMILIES,
    *security.FAMILIES,
    *hooks.FAMILIES,
)
