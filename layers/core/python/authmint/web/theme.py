"""What a deployment's pages look like and say: name, logo, colour, texts."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

_COLOUR: Final = re.compile(r"#[0-9a-fA-F]{6}")
_LOGO: Final = re.compile(r"(https://[^\s\"'<>]+|data:image/(png|svg\+xml|webp|jpeg);base64,[A-Za-z0-9+/=]+)")
_MEMBERS: Final = {"name", "logo", "colour", "language", "texts"}
_DARK, _LIGHT = "#000000", "#ffffff"


class BadTheme(ValueError):
    """A theme that cannot be used. The message names the member and what it should be."""


@dataclass(frozen=True)
class Theme:
    """What the pages of one deployment look like and say.

    Attributes:
        name: Of the organization; in every title.
        logo: ``https:`` or ``data:`` URL of an image; ``None``: the name is written instead.
        colour: ``#rrggbb``, of buttons. Their texts are black or white, whichever can be read on it.
        language: Of browsers that ask for none of the languages there are.
        texts: By language and key: instead of what ``pages/texts`` says.
    """

    name: str = "authmint"
    logo: str | None = None
    colour: str = "#3b4cca"
    language: str = "en"
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not (0 < len(self.name) <= 100 and self.name.isprintable()):
            raise BadTheme("name must be a text of at most 100 characters")
        if self.logo is not None and not _LOGO.fullmatch(self.logo):
            raise BadTheme("logo must be an https URL, or a data URL of an image")
        if not _COLOUR.fullmatch(self.colour):
            raise BadTheme("colour must be #rrggbb")

    @classmethod
    def parse(cls, text: str) -> Self:
        """A theme from JSON. Raises BadTheme."""
        import json  # once per environment, and only where there is a theme

        try:
            members: Any = json.loads(text)
        except ValueError:
            raise BadTheme("a theme is a JSON object") from None
        if not isinstance(members, dict) or not members.keys() <= _MEMBERS:
            raise BadTheme(f"a theme is a JSON object with members among {', '.join(sorted(_MEMBERS))}")
        texts = members.get("texts", {})
        if not isinstance(texts, dict) or not all(
            isinstance(some, dict) and all(isinstance(one, str) for one in some.values()) for some in texts.values()
        ):
            raise BadTheme("texts must be an object of objects of texts, by language and key")
        if not all(isinstance(members[name], str) for name in members.keys() - {"texts"}):
            raise BadTheme("name, logo, colour and language must be texts")
        return cls(**members)

    @property
    def on_colour(self) -> str:
        """Black or white: one of them always has a contrast of 4.5 or more (WCAG 2.2 §1.4.3)."""
        return max((_DARK, _LIGHT), key=lambda text: contrast(text, self.colour))


def contrast(one: str, other: str) -> float:
    """Of two colours ``#rrggbb`` (WCAG 2.2, "contrast ratio")."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    def linear(channel: int) -> float:
        share = channel / 255
        return share / 12.92 if share <= 0.04045 else float(((share + 0.055) / 1.055) ** 2.4)

    red, green, blue = (linear(int(colour[i : i + 2], 16)) for i in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
