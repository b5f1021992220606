"""Texts of the console: English as it stands in templates and pages, German beside it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from ..http import Request

_TEXTS: Final = Path(__file__).parent / "texts"
_MOST: Final = 500


@dataclass(frozen=True)
class Language:
    """Calling it with an English text gives that of the language, its places filled in."""

    tag: str
    texts: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, text: str, **values: str | int) -> str:
        found = self.texts.get(text, text)
        return found.format_map(values) if values else found


@cache
def languages() -> Mapping[str, Language]:
    """All, by their tags."""
    found = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(_TEXTS.glob("*.json"))}
    return {"en": Language("en")} | {tag: Language(tag, texts) for tag, texts in found.items()}


def language_of(request: Request) -> Language:
    """The first language of a browser's that there is (RFC 9110 §12.5.4), else English."""
    for part in (request.header("accept-language") or "")[:_MOST].split(","):
        tag = part.partition(";")[0].strip().lower().partition("-")[0]
        if tag in languages():
            return languages()[tag]
    return languages()["en"]
