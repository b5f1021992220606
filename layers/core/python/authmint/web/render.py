"""Turns templates into answers: escaped, in the browser's language, under a nonce of their own."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ..http import Request, Response
from ..ids import Ids
from .security_headers import Forms, page_headers
from .texts import Catalogue, Language
from .theme import Theme

_HERE: Final = Path(__file__).parent


class Renderer:
    """All templates of a deployment, in its theme."""

    def __init__(self, theme: Theme, ids: Ids, templates: Path) -> None:
        """``templates``: those that extend the toolkit's own."""
        self._ids = ids
        self._theme = theme
        self._catalogue = Catalogue.load(theme)
        self._templates = Environment(
            loader=FileSystemLoader([templates, _HERE / "templates"]),
            autoescape=True,
            undefined=StrictUndefined,
            auto_reload=False,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._scripts: dict[str, str] = {}
        css = (_HERE / "static" / "authmint.css").read_text(encoding="utf-8")
        # In the page, not beside it: a page is one request, and one invocation.
        self._css = Markup(f":root{{--brand:{theme.colour};--on-brand:{theme.on_colour}}}\n{css}")  # noqa: S704 - both checked

    def language(self, request: Request, wished: str | None = None) -> Language:
        """The texts for a browser."""
        return self._catalogue.language(request, wished)

    def page(
        self,
        template: str,
        language: Language,
        values: dict[str, Any],
        *,
        status: int = 200,
        forms: Forms = "own",
        images: Sequence[str] = (),
        script: str | None = None,
        asks: bool = False,
    ) -> Response:
        """A page for people. ``script``: the name of one of ours, which makes it better; ``asks``: it fetches."""
        nonce = self._ids.opaque(16)
        body = self._html(template, language, nonce, {"script": self._script(script), **values})
        shown = images if self._theme.logo is None else (*images, self._theme.logo)
        headers = page_headers(nonce, script=script is not None, forms=forms, images=shown, asks=asks)
        return Response(status, body, (*headers, ("content-language", language.tag)))

    def posting(self, language: Language, values: dict[str, Any]) -> Response:
        """A document with a form that posts itself to a client."""
        nonce = self._ids.opaque(16)
        body = self._html("form_post.html", language, nonce, values)
        return Response(200, body, page_headers(nonce, script=True, forms="away"))

    def messaging(self, language: Language, values: dict[str, Any], origin: str) -> Response:
        """A document with a script that speaks to a window of ``origin``, which may have it in a frame."""
        nonce = self._ids.opaque(16)
        body = self._html("post_message.html", language, nonce, values)
        return Response(200, body, page_headers(nonce, script=True, forms="none", framed_by=origin))

    def _script(self, name: str | None) -> Markup | None:
        """In the page, like the style: what is ours, and what nobody else can put there."""
        if name is None:
            return None
        text = self._scripts.get(name)
        if text is None:
            text = self._scripts[name] = (_HERE / "static" / f"{name}.js").read_text(encoding="utf-8")
        return Markup(text)  # noqa: S704 - one of our own files

    def _html(self, template: str, language: Language, nonce: str, values: dict[str, Any]) -> bytes:
        common = {
            "script": None,
            "t": language,
            "lang": language.tag,
            "theme": self._theme,
            "css": self._css,
            "nonce": nonce,
        }
        text = self._templates.get_template(template).render(common | values)
        return text.encode("utf-8", "replace")  # a lone surrogate from somebody's JSON is no reason to fail
