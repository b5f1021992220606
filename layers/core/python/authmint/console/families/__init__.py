"""What is particular to each family of objects."""

from collections.abc import Sequence
from typing import Final

from ..resources import Family
from . import applications, directory, security, servers, sign_on

FAMILIES: Final[Sequence[Family]] = (
    *servers.FAMILIES,
    *applications.FAMILIES,
    *directory.FAMILIES,
    *sign_on.FAMILIES,
    *security.FAMILIES,
)
