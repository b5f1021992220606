"""Hooks: endpoints of the operator's that are asked or told when something happens (docs/protocol.md §39)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, Literal, Protocol, TypeVar

from .events import Event
from .servers import Status

ChannelType = Literal["HTTP", "OAUTH", "LAMBDA"]
TOKENS: Final = "com.okta.oauth2.tokens.transform"
REGISTRATION: Final = "com.okta.user.pre-registration"
PASSWORD_IMPORT: Final = "com.okta.user.credential.password.import"


@dataclass(frozen=True)
class Channel:
    """How a hook is reached.

    Attributes:
        uri: Of an endpoint; empty where it is a function.
        headers: Names and values that are sent as they are.
        auth_header: The header that carries the secret; ``None``: none does.
        sealed: The secret, sealed by KMS: what the header says, or the client secret of OAUTH.
        client_id, token_url, scope: Of OAUTH: where an access token for the endpoint is had.
        function_arn: Of LAMBDA.
    """

    type: ChannelType = "HTTP"
    version: str = "1.0.0"
    uri: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    auth_header: str | None = None
    sealed: str | None = field(default=None, repr=False)
    client_id: str = ""
    token_url: str = ""
    scope: str = ""
    function_arn: str = ""


@dataclass(frozen=True)
class InlineHook:
    """A hook that is asked, and waited for.

    Attributes:
        type: When it is asked.
        hook_version: As it was sent; nothing hangs on it.
        version: Raised by every change.
    """

    id: str
    name: str
    type: str
    channel: Channel
    created_at: int
    updated_at: int
    hook_version: str = "1.0.0"
    status: Status = "ACTIVE"
    version: int = 0


@dataclass(frozen=True)
class EventHook:
    """A hook that is told of events.

    Attributes:
        event_types: Of which; in alphabetical order.
        verified: Its endpoint has answered the challenge.
        since: Unix seconds: what was recorded before is not told. 0: nothing is.
        signing: Secrets that deliveries are signed with, sealed by KMS; the newest first.
        base_url: Of the deployment, as whoever made or replaced it called it.
        version: Raised by every change.
    """

    id: str
    name: str
    channel: Channel
    event_types: tuple[str, ...]
    created_at: int
    updated_at: int
    created_by: str = ""
    description: str | None = None
    status: Status = "ACTIVE"
    verified: bool = False
    since: int = 0
    signing: tuple[str, ...] = field(default=(), repr=False)
    base_url: str = ""
    version: int = 0


_H = TypeVar("_H")


@dataclass(frozen=True)
class HookList(Generic[_H]):
    """All hooks of a kind, in ascending id. ``version`` is raised by every change of any."""

    hooks: tuple[_H, ...] = ()
    version: int = 0


class Hooks(Protocol[_H]):
    """The hooks of a kind of a deployment."""

    def all(self) -> HookList[_H]:
        """All of them. A consistent read; what did not change since is not read again."""

    def get(self, hook_id: str) -> _H:
        """One of them. A consistent read.

        Raises:
            NotFound: There is none of that id.
        """

    def save(self, before: _H | None, after: _H | None, events: Sequence[Event], *, seen: HookList[_H]) -> None:
        """Store a change of one hook and its events, all or nothing.

        Args:
            before: As it was read; ``None``: it is new.
            after: As it shall be; ``None``: it is removed. Its version is raised.
            events: What is recorded with it.
            seen: The list in which it was found.

        Raises:
            Conflict: The list is not at ``seen.version`` any more.
        """
