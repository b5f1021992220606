"""Events of every kind that is counted, and some that are not; made from a number alone."""

from collections.abc import Callable

from authmint.audit.builder import EventBuilder
from authmint.http import Request
from authmint.storage.events import Event, Party

from tests.support.event_table import Milliseconds
from tests.support.fakes import CountingIds

_REQUEST = Request("POST", "/", source_ip="192.0.2.1")


def an_event_of_a_kind(number: int, at: int) -> Event:
    """The kind follows from the number; who and where as well, so that they come in many combinations."""
    build = EventBuilder(_REQUEST, Milliseconds(at), CountingIds(number)).event
    client = f"0oa{number % 4}"
    app, user = Party(client, "PublicClientApp", client, "an app"), Party(f"00u{number % 3}", "User", "a@b.example")
    grant = ("client_credentials", "authorization_code", "refresh_token")[number // 3 % 3]
    where = {"authorization_server": f"aus{number % 2}", "policy": "00p1", "rule": f"0pr{number % 3}"}
    debug = where | {"grant_type": grant, "granted_scopes": "openid, orders:read"}
    org, ours = "app.oauth2", "app.oauth2.as"
    stranger, unknown = Party(f"made up {number}", "PublicClientApp"), Party("unknown", "User")
    refused = ("invalid_grant", "no_matching_policy")[number // 11 % 2]
    made_up = {"authorization_server": "aus0", "grant_type": "a word of mine"}
    decided = [Party("00p2", "PolicyEntity"), Party("0pr8", "PolicyRule"), app]
    outcome = ("ALLOW", "DENY", "CHALLENGE")[number // 11 % 3]
    kinds: list[Callable[[], Event]] = [
        lambda: build(f"{ours}.token.grant.access_token", actor=app, debug=debug),
        lambda: build(f"{ours}.token.grant.access_token", actor=app, targets=[user], debug=debug),
        lambda: build(f"{org}.token.grant.refresh_token", actor=app, targets=[user], debug=debug),
        lambda: build(f"{ours}.token.grant", actor=app, reason=refused, debug={"grant_type": grant}),
        lambda: build(f"{ours}.token.grant", actor=stranger, reason="invalid_client", debug=made_up),
        lambda: build(f"{ours}.authorize.code", actor=user, targets=[app], debug=where | {"client_id": client}),
        lambda: build("user.session.start", actor=user),
        lambda: build("user.session.start", actor=unknown, reason="INVALID_CREDENTIALS"),
        lambda: build("user.authentication.auth_via_mfa", actor=user, debug={"factor": "Passkey"}),
        lambda: build("policy.evaluate_sign_on", actor=user, targets=decided, outcome=outcome),
        lambda: build(f"{ours}.token.revoke", actor=app),
    ]
    return kinds[number % len(kinds)]()
