"""Documents that endpoints and pages answer with (``Pages`` of ``oauth.authorization.interaction``)."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

from ..http import Request, Response
from ..oauth.errors import RETRY_AFTER_SECONDS, OAuthError
from ..web.render import Renderer
from ..web.security_headers import Forms

#: Of the pages; they extend those of the web toolkit.
TEMPLATES: Final = Path(__file__).parent / "templates"
Kind = Literal[
    "approval",
    "blocked",
    "client",
    "client_unavailable",
    "expired",
    "form",
    "link",
    "method",
    "not_assigned",
    "not_by_mail",
    "not_linked",
    "nothing_here",
    "oauth",
    "provider",
    "refused",
    "server",
    "unavailable",
]
_KINDS: Final[dict[str, Kind]] = {
    "server_error": "server",
    "temporarily_unavailable": "unavailable",
    "invalid_client": "client",
    "invalid_client_metadata": "client",
}
_KINDS_BY_ID: Final[dict[str, Kind]] = {
    "request_expired": "expired",
    "user_not_assigned": "not_assigned",
    "client_document_unavailable": "client_unavailable",
}


class HostedPages:
    """``Pages``, and what the pages of this package are made with."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    def show(
        self,
        template: str,
        request: Request,
        values: dict[str, Any],
        *,
        status: int = 200,
        forms: Forms = "own",
        images: Sequence[str] = (),
        wished: str | None = None,
        script: str | None = None,
        asks: bool = False,
    ) -> Response:
        """A page. ``wished``: ``ui_locales``. ``forms``, ``images``: where its forms lead, and what it shows.

        ``script``, ``asks``: as of ``Renderer.page``.
        """
        language = self._renderer.language(request, wished)
        return self._renderer.page(
            template, language, values, status=status, forms=forms, images=images, script=script, asks=asks
        )

    def text(self, key: str, request: Request, wished: str | None = None, **values: str | int) -> str:
        """A text in the browser's language."""
        return self._renderer.language(request, wished)(key, **values)

    def done(self, about: str, request: Request, *, good: bool = False) -> Response:
        """The end of the way: ``<about>_title`` and ``<about>_text``; ``good``: with a tick."""
        title, text = (self.text(f"{about}_{part}", request) for part in ("title", "text"))
        values: dict[str, Any] = {"title": title, "text": text, "good": good}
        return self.show("done.html", request, values)

    def problem(
        self,
        kind: Kind,
        request: Request,
        *,
        status: int,
        code: str = "",
        description: str = "",
        again: str = "",
        other: str = "",
        retry_after: str = RETRY_AFTER_SECONDS,
    ) -> Response:
        """A page that says what went wrong, and what to do. ``again``, ``other``: links of ours."""
        values = {
            "title": self.text(f"problem.{kind}.title", request),
            "text": self.text(f"problem.{kind}.text", request),
            "code": code,
            "description": description,
            "request_id": request.request_id,
            "again": again,
            "other": other,
        }
        response = self.show("error.html", request, values, status=status)
        return response.with_headers(("retry-after", retry_after)) if status == 503 else response

    def error(self, error: OAuthError, request: Request) -> Response:
        """A page for errors that must not be redirected: the redirect URI is not trusted (RFC 6749 §4.1.2.1)."""
        kind = _KINDS_BY_ID.get(error.id) or _KINDS.get(error.code, "oauth")
        page = self.problem(
            kind,
            request,
            status=error.status,
            code=error.code,
            description=error.description,
            retry_after=error.retry_after,
        )
        return page.because_of(error.fault)

    def form_post(self, redirect_uri: str, fields: Mapping[str, str]) -> Response:
        """A form that posts itself (OAuth 2.0 Form Post Response Mode)."""
        values = {"redirect_uri": redirect_uri, "fields": fields}
        return self._renderer.posting(self._renderer.language(_ANY), values)

    def post_message(self, target_origin: str, message: Mapping[str, str]) -> Response:
        """A script that hands a message to the window that opened this one, if that is of the origin.

        Clients renew tokens with this document in a hidden frame: that one origin may show it.
        """
        # In an attribute, where templates escape it; not in the script, where they could not.
        values = {"message": json.dumps(dict(message)), "origin": target_origin}
        return self._renderer.messaging(self._renderer.language(_ANY), values, target_origin)

    def signed_out(self, request: Request) -> Response:
        """The end of a sign-out without a way back."""
        return self.done("signed_out", request)


_ANY: Final = Request("GET", "/")
