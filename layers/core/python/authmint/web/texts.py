"""Every text of the pages, by language and key, and which language a browser gets."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import Final, Self

from ..http import Request
from .theme import BadTheme, Theme

TEXTS: Final = Path(__file__).parent / "texts"
_MOST_WISHES: Final = 20


@dataclass(frozen=True)
class Language:
    """The texts of one language. Calling it with a key gives the text, its places filled in."""

    tag: str
    texts: Mapping[str, str]

    def __call__(self, key: str, **values: str | int) -> str:
        return self.texts[key].format_map(values)


@dataclass(frozen=True)
class Catalogue:
    """All languages.

    Attributes:
        default: Tag of the language for who asks for none that there is.
    """

    languages: Mapping[str, Language]
    default: str

    @classmethod
    def load(cls, theme: Theme) -> Self:
        """The languages of ``web/texts``, with a deployment's own texts in their places. Raises BadTheme."""
        found = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(TEXTS.glob("*.json"))}
        if theme.language not in found:
            raise BadTheme(f"language must be one of {', '.join(found)}")
        for tag, own in theme.texts.items():
            if tag not in found:
                raise BadTheme(f"texts has languages among {', '.join(found)}")
            for key, text in own.items():
                if not _fits(text, found[tag].get(key)):
                    raise BadTheme(f"texts.{tag}.{key}: there is no such text, or its places in braces are other ones")
            found[tag] = found[tag] | dict(own)
        return cls({tag: Language(tag, texts) for tag, texts in found.items()}, theme.language)

    def language(self, request: Request, wished: str | None = None) -> Language:
        """What the client wishes (``ui_locales``, OpenID Connect Core §3.1.2.1), else the browser, else the default."""
        wishes = (wished or "").split()[:_MOST_WISHES] + _accepted(request.header("accept-language") or "")
        for wish in wishes:
            if found := self.languages.get(wish.lower().partition("-")[0]):
                return found
        return self.languages[self.default]


def places(text: str) -> set[str]:
    """The names in braces that a text leaves places for."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def _fits(text: str, original: str | None) -> bool:
    try:
        return original is not None and places(text) <= places(original)
    except ValueError:
        return False


def _accepted(header: str) -> list[str]:
    """Language tags of ``Accept-Language`` (RFC 9110 §12.5.4), the dearest first."""
    weighed = []
    for position, part in enumerate(header[:500].split(",")[:_MOST_WISHES]):
        tag, _, parameter = part.strip().partition(";")
        try:
            weight = float(parameter.strip().removeprefix("q=") or 1)
        except ValueError:
            weight = 0.0
        if weight > 0:
            weighed.append((-weight, position, tag.strip()))
    return [tag for _, _, tag in sorted(weighed)]
