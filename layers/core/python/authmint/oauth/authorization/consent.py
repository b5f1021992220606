"""Which scopes a user has to be asked about (runtime contract §16.4)."""

from collections.abc import Sequence
from dataclasses import dataclass

from ...storage.clients import Client
from ...storage.consents import Consent
from ...storage.servers import AuthorizationServer, Scope


@dataclass(frozen=True)
class Agreed:
    """What came of asking.

    Attributes:
        outstanding: Scopes to ask about, in the order of the request.
        skipped: Optional ones that the user left out.
    """

    outstanding: tuple[Scope, ...] = ()
    skipped: frozenset[str] = frozenset()


def agreed(
    server: AuthorizationServer,
    client: Client,
    scopes: Sequence[str],
    given: Sequence[Consent],
    *,
    prompt: bool,
    since: int | None,
) -> Agreed:
    """Compare what a client would get with what the user answered before.

    Args:
        server: Whose scopes. The org server asks nobody.
        client: TRUSTED ones ask only where the request says so.
        scopes: Those that the policies grant: others are never offered.
        given: Answers of the user for this client at this server.
        prompt: ``prompt=consent``: ask again, whatever was answered.
        since: Unix seconds: answers from then on are to this very request; ``None``: there are none.
    """
    if server.is_org or (client.consent_method == "TRUSTED" and not prompt):
        return Agreed()
    known = {scope.name: scope for scope in server.scopes}
    answers = {consent.scope: consent for consent in given}
    outstanding: list[Scope] = []
    skipped: set[str] = set()
    for scope in (known[name] for name in scopes if known[name].consent != "IMPLICIT"):
        answer = answers.get(scope.name)
        if answer is None or (prompt and (since is None or answer.created_at < since)):
            outstanding.append(scope)
        elif answer.answer == "SKIPPED":
            if scope.optional:
                skipped.add(scope.name)
            else:
                outstanding.append(scope)  # it may not be skipped any more
    return Agreed(tuple(outstanding), frozenset(skipped))
