"""Parameters of authorization requests as browsers send them (docs/protocol.md §4)."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote_plus

from ...http import Request
from ...jose.encoding import b64decode, strict_json
from ...jose.jws import MAX_TOKEN
from .. import form as forms
from ..errors import OAuthError
from .vocabulary import PARAMETERS

#: The longest parameter is a token: ``id_token_hint``.
MAX_VALUE: Final = MAX_TOKEN
#: Characters of ``state`` once encoded: headers of an answer must fit into API Gateway's 10 KB.
MAX_STATE: Final = 4_096


@dataclass(frozen=True)
class Parameters:
    """One value for each name; those without a value count as left out (RFC 6749 §3.1).

    Attributes:
        repeated: Names that were sent more than once.
    """

    values: Mapping[str, str]
    repeated: frozenset[str] = field(default=frozenset())

    def get(self, name: str) -> str | None:
        """The value that was sent, if any was."""
        return self.values.get(name)

    @property
    def state(self) -> str | None:
        """``state`` where there is one that can go back byte for byte in every response mode."""
        state = self.values.get("state")
        if state is None or "state" in self.repeated or any(c < " " or c == "\x7f" for c in state):
            return None
        return state if len(quote_plus(state)) <= MAX_STATE else None

    def refuse_repeated(self, names: Iterable[str] | None = None) -> None:
        """Refuse a request that repeats one of these parameters, or any at all.

        Raises:
            OAuthError: Names only parameters of the protocol, nothing that the browser made up.
        """
        found = self.repeated if names is None else self.repeated.intersection(names)
        if known := sorted(found & PARAMETERS):
            raise OAuthError("illegal_duplicated_parameters", ", ".join(known))
        if found:
            raise OAuthError("duplicate_oauth_params")


def read(request: Request) -> Parameters:
    """The parameters of a GET's query, or of a POST's body.

    Raises:
        OAuthError: Malformed, too many or too large; or a POST with parameters in its query.
    """
    if request.method != "POST":
        return parameters(request.query)
    if request.query:
        # One request, one place: two readers must never see two requests in it.
        raise OAuthError("invalid_request", reason="parameters in the query of a POST")
    return parameters(forms.pairs(request))


def parameters(pairs: Iterable[tuple[str, str]]) -> Parameters:
    """Check sizes and text, find repetitions.

    Raises:
        OAuthError: ``invalid_request``.
    """
    pairs = tuple(pairs)
    if len(pairs) > forms.MAX_FIELDS or sum(len(name) + len(value) for name, value in pairs) > forms.MAX_BODY:
        raise OAuthError("invalid_request", reason="too many or too large parameters")
    for name, value in pairs:
        if len(value) > MAX_VALUE or not _is_text(name + value):
            raise OAuthError("invalid_request", reason="a parameter is too large or not text")
    counts = Counter(name for name, _ in pairs)
    first: dict[str, str] = {}
    for name, value in pairs:
        if value:
            first.setdefault(name, value)
    return Parameters(first, frozenset(name for name, count in counts.items() if count > 1))


def beside_request_object(sent: Parameters) -> Parameters:
    """The parameters by which a request with a request object is refused: those beside it, then those in it.

    Request objects are not supported. Still, a client that put ``state`` and ``response_mode`` into its object alone
    shall get its error, where both say that it goes (OpenID Connect Core §3.1.2.6). Nobody vouches for what the object
    says, as nobody does for the query.
    """
    try:
        payload = strict_json(b64decode((sent.get("request") or "").split(".")[1]))
    except (ValueError, IndexError, RecursionError):
        return sent
    if not isinstance(payload, dict):
        return sent
    inside = {name: payload[name] for name in ("state", "response_mode") if isinstance(payload.get(name), str)}
    return Parameters(inside | dict(sent.values), sent.repeated)


def _is_text(value: str) -> bool:
    """Lone surrogates can be neither stored nor sent; a NUL ends strings in many places that read them."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in value
