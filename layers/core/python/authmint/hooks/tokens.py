"""The token hook (docs/protocol.md §39.3): what it is asked, and what becomes of its answer."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from ..audit.builder import EventBuilder
from ..clock import timestamp
from ..oauth.claim_failures import check_length
from ..oauth.delegation import ACCESS_TOKEN
from ..oauth.errors import OAuthError
from ..oauth.issuance import Draft
from ..oauth.token_hooks import Occasion
from ..storage.errors import NotFound
from ..storage.events import Event, Party
from ..storage.hooks import TOKENS, InlineHook
from ..tokens.access_token import type_of
from ..tokens.signer import longest_access_token
from .calls import HookFailed
from .patch import PROTECTED, PatchRefused, apply_patch
from .questions import HookAsker, question, request_json

#: Members of a payload that are no claims to a hook: it changes the lifetime, and nobody changes the others.
_TIMES: Final = frozenset({"iat", "exp"})
_SCOPES: Final = "scp"
_LONGEST_SUMMARY: Final = 500
_NO_SUMMARY: Final = "The callback service returned an error."
_NOT_ACTIVE: Final = "the hook is not there, or not active"
#: How hooks call what ``amr`` calls shorter.
_METHODS: Final = {
    "pwd": "PASSWORD",
    "swk": "POP_SOFTWARE_KEY",
    "hwk": "POP_HARDWARE_KEY",
    "otp": "ONE_TIME_PASSWORD",
    "kba": "KNOWLEDGE_BASED_AUTHENTICATION",
    "sms": "SHORT_MESSAGE_SERVICE",
    "mfa": "MULTIFACTOR_AUTHENTICATION",
}


@dataclass(frozen=True)
class Consulted:
    """What came of asking.

    Attributes:
        draft: The tokens: as the hook wants them, or as they were.
        hook: ``None``: it is not there any more.
        question: What it was sent, or would be.
        answer: What it said; ``None``: nothing, or it failed.
        failure: Why it gave no answer that can be used.
        refused: Why its patch was discarded.
        denied: What it says why there shall be no token.
        changed: Names of claims that it changed, by the token; ``exp`` where it changed the lifetime.
    """

    draft: Draft
    hook: InlineHook | None
    question: Mapping[str, Any]
    answer: Mapping[str, Any] | None = None
    failure: str = ""
    refused: str = ""
    denied: str | None = None
    changed: Mapping[str, tuple[str, ...]] | None = None


class AskedTokenHooks(HookAsker):
    """``TokenHooks``."""

    def changed(self, draft: Draft, occasion: Occasion) -> Draft:
        consulted = self.consult(draft, occasion)
        for event in self._events(consulted, occasion):
            self.emit(event)
        if consulted.denied is not None:
            raise OAuthError("inline_hook_denied", consulted.denied)
        return consulted.draft

    def consult(self, draft: Draft, occasion: Occasion, *, ask: bool = True) -> Consulted:
        """Ask the hook of the rule, without a trace; or only make the question. Raises Outage."""
        now = self.clock.now()
        if "identity" in occasion.minted:
            draft = replace(draft, identity=draft.id_token(self.ids, now, access_token=None))
        consulted = Consulted(draft, self._hook(occasion), self._question(draft, occasion))
        if not ask:
            return consulted
        if consulted.hook is None or consulted.hook.status != "ACTIVE":
            return replace(consulted, failure=_NOT_ACTIVE)
        try:
            answer = self.calls.ask(consulted.hook.id, consulted.hook.channel, consulted.question)
        except HookFailed as failed:
            return replace(consulted, failure=str(failed))
        return consulted if answer is None else _settled(replace(consulted, answer=answer))

    def _hook(self, occasion: Occasion) -> InlineHook | None:
        try:
            hook = self.hooks.get(occasion.approved.inline_hook or "")
        except NotFound:
            return None
        return hook if hook.type == TOKENS else None

    def _question(self, draft: Draft, occasion: Occasion) -> dict[str, Any]:
        data = {"context": _context(draft, occasion)}
        if draft.identity is not None:
            data["identity"] = _told(draft.identity)
        if "access" in occasion.minted:
            data["access"] = _told(draft.access_token) | {"scopes": _scopes(draft)}
        if occasion.entitlement.refreshing:
            data["refresh_token"] = {"jti": occasion.entitlement.family_id}
        asked = question(TOKENS, occasion.source, data, clock=self.clock, ids=self.ids)
        # As it travels: what is patched is what was sent.
        plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(asked))
        return plain

    def _events(self, consulted: Consulted, occasion: Occasion) -> list[Event]:
        hook = consulted.hook
        about = Party(occasion.approved.inline_hook or "", "InlineHook", display_name=hook.name if hook else None)
        sign_in = occasion.entitlement.sign_in
        users = () if sign_in is None else (Party(sign_in.person.user.id, "User", sign_in.person.user.login),)
        debug = {
            "inline_hook_type": TOKENS,
            "inline_hook": about.id,
            "authorization_server": consulted.draft.recipient.server.id,
            "policy": occasion.approved.policy_id,
            "rule": occasion.approved.rule_id,
        }
        builder = EventBuilder(occasion.request, self.clock, self.ids)

        def event(name: str, reason: str, **more: str) -> Event:
            return builder.event(
                f"inline_hook.{name}",
                actor=occasion.actor,
                targets=(about, *users),
                reason=reason or None,
                debug=debug | more,
            )

        found = [event("executed", consulted.failure, error_message=consulted.failure)]
        if consulted.answer is not None:
            problem = consulted.refused or consulted.denied or ""
            found.append(event("response.processed", problem[:_LONGEST_SUMMARY], error_message=problem))
        return found


def _settled(consulted: Consulted) -> Consulted:
    """What an answer makes of the tokens."""
    answer = consulted.answer or {}
    if answer.get("error") is not None:
        return replace(consulted, denied=_summary(answer["error"]))
    if answer.get("commands") is None:
        return consulted
    draft, before = consulted.draft, consulted.question["data"]
    protected = PROTECTED
    if draft.access_token["aud"] != draft.recipient.server.audience:  # what a token is for was decided (RFC 8707)
        protected = {**PROTECTED, "access": PROTECTED["access"] | {"aud"}}
    try:
        after = apply_patch(before, answer["commands"], protected)
        changed = {name: _changes(before[name], after[name]) for name in after}
        draft = _patched(draft, after)
        _check_sizes(draft)
    except PatchRefused as refused:
        return replace(consulted, refused=str(refused))
    return replace(consulted, draft=draft, changed=changed)


def _patched(draft: Draft, after: Mapping[str, Any]) -> Draft:
    if "access" in after:
        seconds = after["access"]["token"]["lifetime"]["expiration"]
        if draft.longest is not None:  # no token outlives the one that it is given for (RFC 8693)
            seconds = min(seconds, draft.longest)
        payload = _payload(draft.access_token, after["access"]["claims"], seconds, PROTECTED["access"])
        draft = replace(
            draft,
            access_token=payload,
            lifetimes=replace(draft.lifetimes, access_token=payload["exp"] - payload["iat"]),
        )
    if "identity" in after and draft.identity is not None:
        seconds = after["identity"]["token"]["lifetime"]["expiration"]
        identity = _payload(draft.identity, after["identity"]["claims"], seconds, PROTECTED["identity"])
        draft = replace(draft, identity=identity)
    return draft


def _payload(
    before: Mapping[str, Any], claims: Mapping[str, Any], seconds: int, protected: frozenset[str]
) -> dict[str, Any]:
    """The payload with these claims. What a hook cannot change is taken from the payload itself."""
    payload = {
        name: value if name in protected or name in _TIMES else claims[name]
        for name, value in before.items()
        if name in protected or name in _TIMES or name in claims
    }
    payload |= {name: value for name, value in claims.items() if name not in payload and name not in protected}
    return payload | {"exp": payload["iat"] + seconds}


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    one, other = before["claims"], after["claims"]
    names = [name for name in {**one, **other} if name not in one or name not in other or one[name] != other[name]]
    return (*names, *(["exp"] if before["token"] != after["token"] else []))


def _check_sizes(draft: Draft) -> None:
    """Tokens that could not be read back, or sent, are none of what was asked for. Raises PatchRefused."""
    server = draft.recipient.server
    try:
        check_length(draft.access_token, server.active_key, longest_access_token(server), typ=type_of(server))
        if draft.identity is not None:
            check_length(draft.identity, server.active_key)
    except OAuthError as error:
        raise PatchRefused(f"The token would be too large: {error.reason}") from None


def _summary(error: Any) -> str:
    summary = error.get("errorSummary") if isinstance(error, dict) else None
    return summary[:_LONGEST_SUMMARY] if isinstance(summary, str) and summary.strip() else _NO_SUMMARY


def _told(payload: Mapping[str, Any]) -> dict[str, Any]:
    claims = {name: value for name, value in payload.items() if name not in _TIMES and name != _SCOPES}
    return {"claims": claims, "token": {"lifetime": {"expiration": payload["exp"] - payload["iat"]}}}


def _scopes(draft: Draft) -> dict[str, Any]:
    ids = {scope.name: scope.id for scope in draft.recipient.server.scopes}
    return {name: {"id": ids.get(name), "action": "GRANT"} for name in draft.scopes}


def _context(draft: Draft, occasion: Occasion) -> dict[str, Any]:
    request, recipient, entitlement = occasion.request, draft.recipient, occasion.entitlement
    client = recipient.client
    query = f"?{urlencode(occasion.parameters)}" if request.method == "GET" and occasion.parameters else ""
    protocol: dict[str, Any] = {
        "type": "OAUTH2.0",
        "request": dict(occasion.parameters),
        "issuer": {"uri": recipient.issuer},
        "client": {
            "id": client.id,
            "name": client.label,
            "type": "PUBLIC" if client.auth_method == "none" else "CONFIDENTIAL",
        },
    }
    if entitlement.refreshing:
        began = {"grant_type": entitlement.grant_type, "client_id": client.id}
        protocol["OriginalGrant"] = {"authorization": began, "refresh_token": {"jti": entitlement.family_id}}
    given = None if entitlement.delegation is None else entitlement.delegation.given
    if given is not None:
        sent_in = "subject_token" if given.type == ACCESS_TOKEN else "assertion"
        protocol["source"] = {sent_in: {"jti": given.id, "issuer": given.issuer, "client_id": given.client_id}}
    context: dict[str, Any] = {
        "request": request_json(request, f"{occasion.source}{query}"),
        "protocol": protocol,
        "policy": {"id": occasion.approved.policy_id, "rule": {"id": occasion.approved.rule_id}},
    }
    return context | (_person(draft, occasion) if draft.sign_in is not None else {})


def _person(draft: Draft, occasion: Occasion) -> dict[str, Any]:
    """Who signed in, and how. What is not known here is left out."""
    sign_in, base_url = draft.sign_in, occasion.request.base_url
    if sign_in is None:
        return {}
    user = sign_in.person.user
    profile = {name: user.profile.get(name) for name in ("login", "firstName", "lastName", "locale", "timeZone")}
    session: dict[str, Any] = {
        "id": occasion.session_id,
        "userId": user.id,
        "login": user.login,
        "status": "ACTIVE",
        "lastPasswordVerification": timestamp(sign_in.at) if sign_in.at is not None and "pwd" in sign_in.amr else None,
        "amr": [_METHODS.get(method, method.upper()) for method in sign_in.amr],
        "mfaActive": "mfa" in sign_in.amr,
    }
    href = f"{base_url}/api/v1/users/{user.id}"
    return {
        "session": {name: value for name, value in session.items() if value is not None},
        "user": {
            "id": user.id,
            "passwordChanged": None if user.password is None else timestamp(user.password.changed_at),
            "profile": {name: value for name, value in profile.items() if value is not None},
            "_links": {"groups": {"href": f"{href}/groups"}, "factors": {"href": f"{href}/factors"}},
        },
    }
