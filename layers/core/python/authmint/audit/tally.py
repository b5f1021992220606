"""What an event counts for (docs/protocol.md §36.1). Whoever counts, counts here."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import msgspec

from ..storage.events import Event
from ..storage.usage import HOUR_MS, HOURS_OF_DAY, Counts, Row

#: In the place of what strangers say they are, when it is too many of them.
OTHERS: Final = "(others)"
#: Grant types that have a name here. What else a client asks by is its own words.
_GRANT_TYPES: Final = frozenset(
    {
        "authorization_code",
        "client_credentials",
        "password",
        "refresh_token",
        "urn:ietf:params:oauth:grant-type:device_code",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "urn:ietf:params:oauth:grant-type:saml2-bearer",
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "urn:openid:params:grant-type:ciba",
    }
)
#: Pairs of a server and a client that nobody proved to be.
_MOST_STRANGERS: Final = 200
#: A tally is full with so many bytes of JSON, or days: what it becomes has to fit into items, and into a transaction.
_MOST_BYTES: Final = 250_000
_BYTES_OF_PERSON: Final = 12
_MOST_DAYS: Final = 20
_LONGEST: Final = 128


class _Counted(NamedTuple):
    """A row, and whether server and client are what they say, or anybody's words."""

    row: Row
    proven: bool = True


class Tally:
    """Counts events of any time, each as often as it is handed over."""

    def __init__(self) -> None:
        self._rows: Counter[Row] = Counter()
        self._people: defaultdict[int, set[int]] = defaultdict(set)
        self._strangers: set[tuple[str, str]] = set()
        self._days: set[int] = set()
        self._bytes = 0

    @property
    def full(self) -> bool:
        """Whether it is time to write it down and begin another one."""
        return self._bytes >= _MOST_BYTES or len(self._days) >= _MOST_DAYS

    @property
    def counts(self) -> Counts:
        """What was counted so far."""
        return Counts(dict(self._rows), {hour: frozenset(marks) for hour, marks in self._people.items()})

    def add(self, event: Event) -> None:
        """Count an event; most are nothing to count."""
        for counted in _rows(event):
            row = counted.row if counted.proven else self._folded(counted.row)
            if row not in self._rows:
                self._bytes += len(msgspec.json.encode(row)) + 8
                self._days.add(row.hour // HOURS_OF_DAY)
            self._rows[row] += 1
        if person := _person(event):
            known = self._people[event.published_ms // HOUR_MS]
            if (mark := person_mark(person)) not in known:
                self._bytes += _BYTES_OF_PERSON
                known.add(mark)

    def _folded(self, row: Row) -> Row:
        """Who makes names up does not make as many rows."""
        pair = (row.server, row.client)
        if pair not in self._strangers:
            if len(self._strangers) >= _MOST_STRANGERS:
                return row._replace(server=OTHERS, client=OTHERS)
            self._strangers.add(pair)
        return row


def person_mark(user_id: str) -> int:
    """How a person is told from others, without saying who it is."""
    return int.from_bytes(hashlib.sha256(user_id.encode()).digest()[:8])


def _rows(event: Event) -> Iterator[_Counted]:
    if event.type.startswith("app.oauth2."):
        what = event.type.removeprefix("app.oauth2.").removeprefix("as.")
        if what == "token.grant" or what.startswith("token.grant."):
            yield from _of_token(event, what.removeprefix("token.grant").removeprefix("."))
        elif what == "authorize" or what.startswith("authorize."):
            yield from _of_authorization(event, what.removeprefix("authorize").removeprefix("."))
    elif event.type == "user.session.start":
        yield _Counted(_row(event, "signIns"))
    elif event.type == "user.authentication.auth_via_mfa":
        yield _Counted(_row(event, "factors", factor=_text(event, "factor")))
    elif event.type == "policy.evaluate_sign_on":
        yield from _of_decision(event)


def _of_token(event: Event, token: str) -> Iterator[_Counted]:
    grant_type = _text(event, "grant_type")
    if grant_type and grant_type not in _GRANT_TYPES:
        grant_type = OTHERS
    # Only a client that is known has another name.
    proven = event.actor.alternate_id is not None
    row = _at_server(event, "tokens", client=event.actor.id, grant_type=grant_type, token=token)
    yield _Counted(row, proven)
    if token == "access_token":
        yield from _scopes(event)


def _of_authorization(event: Event, what: str) -> Iterator[_Counted]:
    client, (implicit, _, token) = _text(event, "client_id"), what.partition(".")
    if implicit == "implicit":
        yield _Counted(_at_server(event, "tokens", client=client, grant_type="implicit", token=token))
        if token == "access_token":
            yield from _scopes(event)
    elif what in {"", "code"}:
        yield _Counted(_at_server(event, "codes", client=client), proven=bool(client))


def _of_decision(event: Event) -> Iterator[_Counted]:
    client = next((party.id for party in event.targets if party.type == "PublicClientApp"), "")
    policy, rules = "", 0
    for party in event.targets:
        if party.type == "PolicyEntity":
            policy = party.id
        elif party.type == "PolicyRule":
            rules += 1
            yield _Counted(_row(event, "decisions", client=client, policy=policy, rule=party.id))
    if not rules:
        yield _Counted(_row(event, "decisions", client=client, policy=policy))


def _scopes(event: Event) -> Iterator[_Counted]:
    server = _text(event, "authorization_server")
    for scope in dict.fromkeys(str(event.debug.get("granted_scopes") or "").split(", ")):
        if scope:
            row = Row(event.published_ms // HOUR_MS, "scopes", server=server, scope=scope[:1024])
            yield _Counted(row)


def _at_server(event: Event, measure: Any, **more: str) -> Row:
    """A row with what decided at which server."""
    where = {"server": _text(event, "authorization_server")}
    where |= {"policy": _text(event, "policy"), "rule": _text(event, "rule")}
    return _row(event, measure, **where, **more)


def _row(event: Event, measure: Any, **more: str) -> Row:
    reason = (event.reason or "")[:_LONGEST]
    more = {name: value[:_LONGEST] for name, value in more.items()}
    return Row(event.published_ms // HOUR_MS, measure, outcome=event.outcome, reason=reason, **more)


def _text(event: Event, name: str) -> str:
    value = event.debug.get(name)
    return value[:_LONGEST] if isinstance(value, str) else ""


def _person(event: Event) -> str:
    """Who did something and succeeded; nobody in particular: empty."""
    if event.outcome != "SUCCESS":
        return ""
    what = event.type.removeprefix("app.oauth2.").removeprefix("as.")
    if event.type != "user.session.start" and not what.startswith(("token.grant.", "authorize.")):
        return ""
    people = (party.id for party in (event.actor, *event.targets) if party.type == "User")
    found = next(people, "")
    return "" if found == "unknown" else found
