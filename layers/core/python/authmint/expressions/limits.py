"""How much one expression, and one claim, may be."""

from typing import Final

#: Longest expression or group filter, in characters.
MAX_LENGTH: Final = 1024
#: Groups in a claim outside of code flows.
MAX_GROUPS: Final = 100
