"""What mail says: a subject and a body of HTML, with variables in them; ours by template and language."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from typing import Any, Final

_TEXTS: Final = Path(__file__).parent / "texts"
_FRAME: Final = """<!DOCTYPE html>
<html lang="{language}">
<head><meta charset="utf-8"><title>{title}</title></head>
<body style="margin:0;padding:24px;background:#f4f5f7;color:#1c1e24;font:16px/1.5 sans-serif">
<div style="max-width:34em;margin:0 auto;padding:24px;background:#ffffff;border-radius:8px">
<p style="margin-top:0"><strong>${{org.name}}</strong></p>
<h1 style="font-size:22px;line-height:1.3">{heading}</h1>
{body}
</div>
<p style="max-width:34em;margin:16px auto 0;color:#55585f;font-size:13px">{footer}</p>
</body>
</html>
"""
_BUTTON: Final = (
    '<p><a href="${{{link}}}" style="display:inline-block;padding:10px 18px;border-radius:6px;background:{colour};'
    'color:{on_colour};text-decoration:none">{label}</a></p>\n'
    '<p style="font-size:13px">{otherwise}<br>${{{link}}}</p>'
)
_CODE: Final = '<p style="font-size:28px;letter-spacing:4px"><strong>${{{code}}}</strong></p>'


@dataclass(frozen=True)
class Content:
    """What one mail says, before its variables are filled in. ``language`` is a tag (BCP 47)."""

    language: str
    subject: str
    body: str


@dataclass(frozen=True)
class Brand:
    """Whose mail it is.

    Attributes:
        name: Of the organization: ``${org.name}``.
        colour, on_colour: ``#rrggbb``, of buttons and their texts.
        language: Of who asks for none that there is.
    """

    name: str = "authmint"
    colour: str = "#3b4cca"
    on_colour: str = "#ffffff"
    language: str = "en"


def languages() -> tuple[str, ...]:
    """Tags of the languages that every template is there in."""
    return tuple(sorted(path.stem for path in _TEXTS.glob("*.json")))


def default_content(template: str, language: str, brand: Brand) -> Content:
    """What a template says where nobody wrote anything else. ``language``: one of ``languages``."""
    texts = _texts(language)
    common, said = texts["common"], texts[template]
    parts = [f"<p>{escape(common['greeting'], quote=False)}</p>"]
    parts += [f"<p>{escape(text, quote=False)}</p>" for text in said["before"]]
    if "link" in said:
        parts.append(
            _BUTTON.format(
                link=said["link"],
                label=escape(said["label"], quote=False),
                otherwise=escape(common["otherwise"], quote=False),
                colour=brand.colour,
                on_colour=brand.on_colour,
            )
        )
    if "code" in said:
        parts.append(_CODE.format(code=said["code"]))
    parts += [f"<p>{escape(text, quote=False)}</p>" for text in said.get("after", [])]
    body = _FRAME.format(
        language=language,
        title=escape(said["subject"], quote=False),
        heading=escape(said["heading"], quote=False),
        body="\n".join(parts),
        footer=escape(common["footer"], quote=False),
    )
    return Content(language, said["subject"], body)


@cache
def _texts(language: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads((_TEXTS / f"{language}.json").read_text(encoding="utf-8"))
    return found
