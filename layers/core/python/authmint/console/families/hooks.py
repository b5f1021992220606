"""Hooks: endpoints and functions that are asked, or told."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ..fields import Field
from ..resources import Action, Column, Family, Kind
from .servers import SWITCHES

#: What hooks are asked about tokens by.
TOKENS: Final = "com.okta.oauth2.tokens.transform"
_CONFIG: Final = "channel.config"
_NAME: Final = Field("name", "Name", least=True)
_TYPE: Final = Field(
    "type",
    "It is asked about",
    "choice",
    options=(
        (TOKENS, "tokens"),
        ("com.okta.user.pre-registration", "people who make an account"),
        ("com.okta.user.credential.password.import", "passwords that another directory knows"),
    ),
    only="new",
)
_URI: Final = Field(f"{_CONFIG}.uri", "Address", least=True, code=True, hint="https://hooks.example.com/tokens")
_KEPT: Final = "Left empty, it stays, as long as the address is on the same host."
_HEADERS: Final = Field(
    f"{_CONFIG}.headers",
    "Further headers",
    "list",
    code=True,
    aside=True,
    hint="One on each line: X-From: authmint",
    shows=lambda headers: [f"{one['key']}: {one['value']}" for one in headers],
    reads=lambda lines: [_header(line) for line in lines],
)
_BY_HEADER: Final = (
    _URI,
    Field(f"{_CONFIG}.authScheme.key", "Header that says it is us", code=True, hint="Authorization"),
    Field(f"{_CONFIG}.authScheme.value", "Its value", "password", hint=_KEPT, only="there"),
    Field(
        f"{_CONFIG}.authScheme.value",
        "Its value",
        "password",
        hint="A long random text that your endpoint asks for. It is never shown again.",
        only="new",
    ),
    _HEADERS,
)
_BY_TOKEN: Final = (
    _URI,
    Field(f"{_CONFIG}.tokenUrl", "Address for tokens", least=True, code=True),
    Field(f"{_CONFIG}.clientId", "Client id", least=True, code=True),
    Field(f"{_CONFIG}.clientSecret", "Client secret", "password", least=True, only="new"),
    Field(f"{_CONFIG}.clientSecret", "Client secret", "password", hint=_KEPT, only="there"),
    Field(f"{_CONFIG}.scope", "Scopes", code=True),
    _HEADERS,
)
_FUNCTION: Final = (
    Field(
        f"{_CONFIG}.functionArn",
        "Function",
        least=True,
        code=True,
        hint="Its ARN. The stack's parameter HookFunctionArn says which functions may be named.",
    ),
)
_CHANNELS: Final[Mapping[str, Sequence[Field]]] = {"HTTP": _BY_HEADER, "OAUTH": _BY_TOKEN, "LAMBDA": _FUNCTION}


def _header(line: str) -> Mapping[str, str]:
    name, _, value = line.partition(":")
    return {"key": name.strip(), "value": value.strip()}


def _channel(kind: str) -> Mapping[str, Any]:
    return {"type": kind, "version": "1.0.0", "config": {}}


def _open(fields: Sequence[Field], *, new: bool) -> Sequence[Field]:
    """Those that are there on a page: of secrets, what is said of them differs."""
    return [field for field in fields if field.only != ("there" if new else "new")]


def _of_hook(_: Any, hook: Mapping[str, Any] | None) -> Sequence[Field]:
    kind = str(((hook or {}).get("channel") or {}).get("type"))
    return _open(_CHANNELS.get(kind, ()), new=False)


def _kind(name: str, label: str, text: str, channel: str) -> Kind:
    return Kind(name, label, text, (_NAME, _TYPE, *_open(_CHANNELS[channel], new=True)), {"channel": _channel(channel)})


INLINE_HOOKS: Final = Family(
    "/inline-hooks",
    "/api/v1/inlineHooks",
    "Inline hooks",
    "inline hook",
    "security",
    columns=(
        Column("Name", "name"),
        Column("It is asked about", "type"),
        Column("Kind", "channel.type"),
        Column("Status", "status"),
    ),
    kinds=(
        _kind("http", "Endpoint", "An address of yours, with a header that says it is us.", "HTTP"),
        _kind("oauth", "Endpoint with tokens", "An address of yours that wants an access token.", "OAUTH"),
        _kind("function", "Function", "A Lambda function of yours: no address, and no secret.", "LAMBDA"),
    ),
    fields=(_NAME, _TYPE),
    more=_of_hook,
    actions=SWITCHES,
    removal="It is asked no more: tokens are issued, and people let in, as if it were not there.",
    empty="Make one, and code of yours has a say. For tokens, name it in a rule of an access policy.",
    guide="hooks.md#make-one",
)
EVENT_HOOKS: Final = Family(
    "/event-hooks",
    "/api/v1/eventHooks",
    "Event hooks",
    "event hook",
    "security",
    columns=(
        Column("Name", "name"),
        Column("Events", "events.items"),
        Column("Verified", "verificationStatus"),
        Column("Status", "status"),
    ),
    makes=(
        _NAME,
        Field(
            "events.items",
            "Types of events",
            "list",
            least=True,
            code=True,
            hint="One on each line, as the system log has them: user.session.start",
        ),
        *_open(_BY_HEADER, new=True),
        Field("description", "Description", "area", aside=True),
    ),
    fields=(
        _NAME,
        Field("verificationStatus", "Verified", only="new"),
        Field("events.items", "Types of events", "list", least=True, code=True),
        *_open(_BY_HEADER, new=False),
        Field("description", "Description", "area", aside=True),
    ),
    base={"channel": _channel("HTTP"), "events": {"type": "EVENT_TYPE"}},
    actions=(
        *SWITCHES,
        Action("verify", "Verify the endpoint", "/lifecycle/verify", when=frozenset({"ACTIVE"})),
        Action(
            "signing_secret",
            "Make a new signing secret",
            "/signingSecret",
            danger=True,
            ends="Deliveries are signed with it and with the one before. One that is older counts no more.",
            shows=True,
        ),
    ),
    removal="It is told nothing any more, of what happens meanwhile neither.",
    empty="Make one, and an endpoint of yours is told what happens, once it is verified.",
    guide="hooks.md#events",
)
FAMILIES: Final = (INLINE_HOOKS, EVENT_HOOKS)
