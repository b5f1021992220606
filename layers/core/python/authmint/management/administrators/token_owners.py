"""Whose API tokens a caller may see and end (docs/protocol.md §35.2): one's own, and those of who is within reach."""

from dataclasses import dataclass

from ...storage.api_tokens import ApiToken
from ...storage.directory import Directory
from ...storage.errors import NotFound
from ...storage.roles import Roles
from ..http.call import Call
from .access import Access, Reach, is_higher
from .table import Right


@dataclass(frozen=True)
class TokenOwners:
    """Finds whose a token is."""

    directory: Directory
    roles: Roles

    def may(self, call: Call, token: ApiToken, right: Right) -> bool:
        """Whether the caller has a right over a token. Those of super administrators are ended by such alone."""
        access = call.caller.access
        if access.is_super:
            return True
        if token.of_person and token.user_id == call.caller.user_id:
            return bool(access.reach("own_api_tokens", right))
        if not token.of_person:
            return right == "R" and access.has("ORG_ADMIN")
        reach = access.reach("api_tokens", right)
        return bool(reach) and self._may(access, reach, token.user_id, right)

    def _may(self, access: Access, reach: Reach, user_id: str, right: Right) -> bool:
        try:
            person = self.directory.person(user_id)
        except NotFound:
            return reach.everything
        held = self.roles.get().of_user(user_id, [group.id for group in person.groups])
        return reach.has_member(person.group_ids) and (right == "R" or not is_higher(held, access))
