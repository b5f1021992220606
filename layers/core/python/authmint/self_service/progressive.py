"""What an application wants to know of somebody who is here already, asked on their way in (docs/protocol.md §43.7)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..http import Request
from ..policy.sign_on.sign_up import AskedProfile
from ..storage.users import User
from .profile import OwnProfiles
from .refusals import BadProfile

#: Id of a hook, the user, what they said, and the request: what is to be stored. It raises its own refusals.
Hook = Callable[[str, User, Mapping[str, Any], Request], Mapping[str, Any]]


@dataclass(frozen=True)
class ProgressiveProfiles:
    """``Profiles`` of sign-ons."""

    profiles: OwnProfiles
    hook: Hook

    def complete(
        self, user: User, asked: AskedProfile, values: Mapping[str, Any], request: Request, *, now: int
    ) -> User:
        """Store what was asked for, all of it; what else was sent is not looked at.

        Raises:
            BadProfile: Something is missing, or does not fit.
            NotWritable: The hook writes what is not the user's to say.
            NotDone: The account does not let anybody write now.
            NotFound: The user is gone.
            Unavailable: Storage could not answer.
        """
        names = [one.name for one in asked.attributes]
        said = {name: values[name] for name in names if values.get(name) not in (None, "", [])}
        missing = [(name, "") for name in names if name not in said]
        if missing:
            raise BadProfile(missing)
        if asked.hook_id:
            said = dict(self.hook(asked.hook_id, user, said, request))
            missing = [(name, "") for name in names if said.get(name) in (None, "", [])]
            if missing:
                raise BadProfile(missing)
        return self.profiles.change(user.id, said, request, now=now)
