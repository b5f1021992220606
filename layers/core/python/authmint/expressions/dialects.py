"""What the expressions of mappings may name (docs/protocol.md §38.3)."""

from typing import Final

from .check import Dialect

#: These are for claims of groups only, and mean nothing in a profile.
_OF_CLAIMS_ONLY: Final = frozenset({"Groups.startsWith", "Groups.endsWith", "Groups.contains", "getFilteredGroups"})
#: From elsewhere to a user. The user's own profile is not among the names: nothing can grow by itself.
TO_USER: Final = Dialect(
    {"appuser": "source", "idpuser": "source", "source": "source", "org": "org"}, without=_OF_CLAIMS_ONLY
)
#: From a user to an app.
TO_APP: Final = Dialect({"user": "user", "source": "user", "app": "app", "org": "org"}, without=_OF_CLAIMS_ONLY)
