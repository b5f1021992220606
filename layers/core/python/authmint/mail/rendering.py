"""Mail with its variables filled in: substitution and nothing else, escaped, and as plain text too."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from html.parser import HTMLParser
from typing import Final

from .contents import Content

_NAME: Final = r"[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z][A-Za-z0-9_]*)*"
#: ``${user.profile.firstName}``, or ``$org.name`` where there is such a variable. What else a template language could
#: say stands for itself.
VARIABLE: Final = re.compile(rf"\$!?\{{({_NAME})\}}|\$!?({_NAME})(?!\()")
LONGEST_SUBJECT: Final = 200
_BLOCKS: Final = frozenset({"address", "blockquote", "br", "div", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li"})
_MORE_BLOCKS: Final = frozenset({"ol", "p", "pre", "table", "tr", "ul"})
_UNSEEN: Final = frozenset({"head", "style", "title", "script"})


@dataclass(frozen=True)
class Message:
    """One mail as it is sent."""

    subject: str
    text: str
    html: str


def rendered(content: Content, values: Mapping[str, str]) -> Message:
    """The mail. A variable that has no value is left out."""
    html = _filled(content.body, values, escape)
    return Message(_one_line(_filled(content.subject, values, str))[:LONGEST_SUBJECT], plain(html), html)


def plain(html: str) -> str:
    """HTML as text: its words, and where its links lead."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.parts).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


def _filled(text: str, values: Mapping[str, str], written: Callable[[str], str]) -> str:
    def value(match: re.Match[str]) -> str:
        if match[1] is not None:
            return written(values.get(match[1], ""))
        return written(values[match[2]]) if match[2] in values else match[0]

    return VARIABLE.sub(value, text)


def _one_line(text: str) -> str:
    """Without anything that could end a header (RFC 5322 §2.2)."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._unseen = 0
        self._links: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNSEEN:
            self._unseen += 1
        elif tag == "a":
            self._links.append((dict(attrs).get("href") or "", len(self.parts)))
        elif tag in _BLOCKS or tag in _MORE_BLOCKS:
            self.parts.append("\n" if tag in {"br", "li", "tr"} else "\n\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._unseen = max(self._unseen - 1, 0)
        elif tag == "a" and self._links:
            href, since = self._links.pop()
            if href and href not in "".join(self.parts[since:]):
                self.parts.append(f": {href}")
        elif tag in _BLOCKS or tag in _MORE_BLOCKS:
            self.parts.append("\n" if tag in {"li", "tr"} else "\n\n")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.parts.append(data.replace("\n", " "))
