"""QR codes of what apps scan. The library is loaded where one is drawn."""

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markupsafe import Markup


def svg(text: str) -> "Markup":
    """An ``svg`` element to stand in a page: dark on white whatever the page's colours, so that apps can read it."""
    import segno
    from markupsafe import Markup

    return Markup(  # noqa: S704 - the library draws squares, whatever the text
        segno.make(text, error="m", micro=False).svg_inline(
            scale=4, border=4, dark="#000", light="#fff", svgclass=None, lineclass=None, omitsize=True
        )
    )


def png(text: str) -> bytes:
    """A picture."""
    import segno

    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(out, kind="png", scale=6, border=4)
    return out.getvalue()
