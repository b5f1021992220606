"""What people send: forms of our own pages."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from ..http import Pairs, Request

MAX_BODY: Final = 65_536
_MAX_FIELDS: Final = 500
_FORM: Final = "application/x-www-form-urlencoded"
#: What a browser says of a request that one of our own pages made, or its user (Fetch Metadata). Old ones say nothing.
_OWN: Final = frozenset({None, "same-origin", "none"})


class BadForm(Exception):
    """Not a form of ours, or not of this browser. Nothing was changed."""


@dataclass(frozen=True)
class Form:
    """The fields of one form, in order."""

    pairs: Pairs

    @classmethod
    def read(cls, request: Request) -> "Form":
        """The form of a POST. Raises BadForm."""
        media_type = (request.header("content-type") or "").partition(";")[0].strip().lower()
        if media_type != _FORM or len(request.body) > MAX_BODY or request.header("sec-fetch-site") not in _OWN:
            raise BadForm("not a form")
        try:
            text = request.body.decode("ascii")
            return cls(tuple(parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS)))
        except ValueError:
            raise BadForm("malformed") from None

    def text(self, name: str) -> str:
        """The value of a field; empty where there is none. Raises BadForm: it is there twice."""
        values = self.texts(name)
        if len(values) > 1:
            raise BadForm("repeated field")
        return values[0] if values else ""

    def texts(self, name: str) -> list[str]:
        """All values of a field."""
        return [value for key, value in self.pairs if key == name]
