"""What a policy rule may say (docs/protocol.md §25.5): conditions, lifetimes in minutes, and how it is shown."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from ...clock import timestamp
from ...storage.servers import ANY_SCOPE, People, Rule
from ..clients.fixed_settings import refuse_unknown
from ..http.fields import Fields

_IETF: Final = "urn:ietf:params:oauth:grant-type:"
GRANT_TYPES: Final = frozenset(
    {
        "authorization_code",
        "implicit",
        "password",
        "client_credentials",
        "interaction_code",
        "refresh_token",
        f"{_IETF}device_code",
        f"{_IETF}token-exchange",
        f"{_IETF}saml2-bearer",
        f"{_IETF}jwt-bearer",
        "urn:openid:params:grant-type:ciba",
        "urn:okta:params:oauth:grant-type:otp",
        "urn:okta:params:oauth:grant-type:oob",
        "http://auth0.com/oauth/grant-type/mfa-otp",
        "http://auth0.com/oauth/grant-type/mfa-oob",
    }
)
_WITH_PEOPLE: Final = frozenset({"authorization_code", "implicit", "password"})
_NO_PEOPLE: Final = (
    "At least one of ''conditions.people.users.include'' or ''conditions.people.groups.include'' must contain a valid "
    "user or group when ''conditions.grantTypes'' contains one or more of [authorization_code, implicit, password]."
)
_SCOPES_IN_ACTIONS: Final = "Cannot add scopes to 'action.scopes', add to 'conditions.scopes.include' instead."
#: Whatever else narrows a rule is refused: a rule that drops a condition would let in more than was meant.
_CONDITIONS: Final = frozenset({"people", "grantTypes", "scopes"})
_PEOPLE: Final = frozenset({"users", "groups"})
ACCESS_MINUTES: Final = (5, 1_440)
WINDOW_MINUTES: Final = (5, 2_628_000)
DEFAULT_WINDOW: Final = 10_080


def read_rule(
    body: Fields,
    base: Rule,
    *,
    any_valid: Callable[[People], bool],
    is_token_hook: Callable[[str], bool],
) -> Rule:
    """The rule that a body describes.

    Args:
        body: Of the request.
        base: Identity, times and status.
        any_valid: Whether people include at least one user or group that there is.
        is_token_hook: Whether there is an inline hook of an id that is asked about tokens.

    Raises:
        ApiError: E0000001 with every field that is wrong, E0000003 for a wrong JSON type.
    """
    name = body.text("name", required=True, longest=100) or ""
    if not body.has("conditions"):
        body.problem("conditions", "The field cannot be left blank")
    conditions = body.below("conditions")
    refuse_unknown(conditions, _CONDITIONS)
    grant_types = conditions.below("grantTypes").texts("include") or ()
    if unknown := [grant for grant in grant_types if grant not in GRANT_TYPES]:
        conditions.problem("grantTypes.include", f"'{unknown[0]}' is not a grant type.")
    scopes = conditions.below("scopes").texts("include") or ()
    people = _people(conditions.below("people"))
    if _WITH_PEOPLE & set(grant_types) and not any_valid(people):
        conditions.problem("people", _NO_PEOPLE)
    actions = body.below("actions")
    if actions.has("scopes"):
        actions.problem("scopes", _SCOPES_IN_ACTIONS)
    token = actions.below("token")
    access, refresh, window = _lifetimes(token)
    inline_hook = token.below("inlineHook").text("id", longest=100) or None
    if inline_hook is not None and not is_token_hook(inline_hook):
        token.problem("inlineHook.id", f"There is no inline hook for tokens with the id '{inline_hook}'.")
    body.check()
    return replace(
        base,
        name=name,
        grant_types=grant_types,
        scopes=(ANY_SCOPE,) if ANY_SCOPE in scopes else scopes,
        people=people,
        access_token_lifetime=access * 60,
        refresh_token_lifetime=refresh * 60,
        refresh_token_window=window * 60,
        inline_hook=inline_hook,
    )


def _people(fields: Fields) -> People:
    refuse_unknown(fields, _PEOPLE)
    users, groups = fields.below("users"), fields.below("groups")
    return People(
        users_include=users.texts("include") or (),
        users_exclude=users.texts("exclude") or (),
        groups_include=groups.texts("include") or (),
        groups_exclude=groups.texts("exclude") or (),
    )


def _lifetimes(token: Fields) -> tuple[int, int, int]:
    """Access lifetime, refresh lifetime (0: unlimited) and refresh window, in minutes."""
    access, refresh = token.number("accessTokenLifetimeMinutes"), token.number("refreshTokenLifetimeMinutes")
    window = token.number("refreshTokenWindowMinutes")
    access, refresh = (60 if access is None else access), refresh or 0
    if not ACCESS_MINUTES[0] <= access <= ACCESS_MINUTES[1]:
        token.problem("accessTokenLifetimeMinutes", f"must be between {ACCESS_MINUTES[0]} and {ACCESS_MINUTES[1]}.")
    if refresh and not access <= refresh <= 100 * 525_600:
        token.problem("refreshTokenLifetimeMinutes", "must be 0 or not less than accessTokenLifetimeMinutes.")
    if window is None:
        window = min(DEFAULT_WINDOW, refresh) if refresh else DEFAULT_WINDOW
    elif not WINDOW_MINUTES[0] <= window <= WINDOW_MINUTES[1]:
        token.problem("refreshTokenWindowMinutes", f"must be between {WINDOW_MINUTES[0]} and {WINDOW_MINUTES[1]}.")
    elif window < access or (refresh and window > refresh):
        token.problem(
            "refreshTokenWindowMinutes", "must lie between accessTokenLifetimeMinutes and refreshTokenLifetimeMinutes."
        )
    return access, refresh, window


def rule_fields(rule: Rule, priority: int) -> dict[str, Any]:
    """A rule without its links (docs/protocol.md §25.5): what must be there even when empty is there."""
    people = rule.people
    shown_people: dict[str, Any] = {"users": {"exclude": list(people.users_exclude)}}
    if people.users_include:
        shown_people["users"] = {"include": list(people.users_include), "exclude": list(people.users_exclude)}
    hook = {} if rule.inline_hook is None else {"inlineHook": {"id": rule.inline_hook}}
    groups = {"include": list(people.groups_include), "exclude": list(people.groups_exclude)}
    if any(groups.values()):
        shown_people["groups"] = {name: ids for name, ids in groups.items() if ids}
    return {
        "id": rule.id,
        "status": rule.status,
        "name": rule.name,
        "priority": priority,
        "created": timestamp(rule.created_at),
        "lastUpdated": timestamp(rule.updated_at),
        "system": rule.system,
        "conditions": {
            "people": shown_people,
            "grantTypes": {"include": list(rule.grant_types)},
            "scopes": {"include": list(rule.scopes)},
        },
        "actions": {
            "token": {
                "accessTokenLifetimeMinutes": rule.access_token_lifetime // 60,
                "refreshTokenLifetimeMinutes": rule.refresh_token_lifetime // 60,
                "refreshTokenWindowMinutes": rule.refresh_token_window // 60,
                **hook,
            }
        },
    }
