"""What ``/api/v1/authn`` and ``/api/v1/sessions`` have in common: JSON bodies, and who may call with cookies."""

from dataclasses import dataclass
from typing import Any, Final

from ..api_errors import ApiError, invalid
from ..http import Request
from .visit import Visit

MAX_BODY: Final = 65_536
_OWN: Final = frozenset({None, "same-origin", "none"})


@dataclass(frozen=True)
class JsonBody:
    """An object that somebody sent."""

    members: dict[str, Any]

    @classmethod
    def read(cls, request: Request, *, merge_patch: bool = False) -> "JsonBody":
        """The body. Raises ApiError (E0000003): it is no JSON object, or does not say that it is one.

        ``merge_patch``: it may say RFC 7396, too.

        The media type is asked for because no form of a foreign page can send it.
        """
        import msgspec  # importing a handler loads nothing but the standard library

        media_type = (request.header("content-type") or "").partition(";")[0].strip().lower()
        types = ("application/json", "application/merge-patch+json") if merge_patch else ("application/json",)
        if media_type not in types or len(request.body) > MAX_BODY:
            raise ApiError("E0000003")
        try:
            members = msgspec.json.decode(request.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise ApiError("E0000003") from None
        if not isinstance(members, dict):
            raise ApiError("E0000003")
        return cls(members)

    def text(self, name: str, *, longest: int = 10_000) -> str:
        """A text that has to be there. Raises ApiError (E0000001)."""
        value = self.members.get(name)
        if not isinstance(value, str) or not value:
            raise invalid(name, f"{name}: The field cannot be left blank")
        if len(value) > longest:
            raise invalid(name, f"{name}: The field is too long")
        return value


def of_trusted_site(visit: Visit) -> None:
    """Refuse what another site's page asks for with this browser's cookies, unless administrators trust the site.

    Raises:
        ApiError: E0000006.
    """
    request = visit.request
    if visit.trusted:
        return
    origin = request.header("origin")
    if request.header("sec-fetch-site") not in _OWN or origin not in {None, request.base_url}:
        raise ApiError("E0000006")
