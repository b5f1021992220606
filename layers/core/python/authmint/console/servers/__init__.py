"""Pages that only authorization servers have."""

from ..rendering import Renderer
from ..site import Route
from .analysis import AnalysisPage
from .frame import ServerFrame
from .keys import KeysPages
from .preview import PreviewPage
from .security import SecurityPage
from .wizard import Wizard


def server_routes(render: Renderer) -> list[Route]:
    """All of them; they come before the pages of families, whose paths are more general."""
    frame = ServerFrame(render)
    keys = KeysPages(frame)
    return [
        Route("/servers/new", Wizard(render), _BOTH),
        Route("/servers/{server}/preview", PreviewPage(frame)),
        Route("/servers/{server}/keys", keys.listing, _BOTH),
        Route("/servers/{server}/keys/{key}/revoke", keys.revoke, _BOTH),
        Route("/servers/{server}/security", SecurityPage(frame), _BOTH),
        Route("/servers/{server}/analysis", AnalysisPage(frame)),
    ]


_BOTH = ("GET", "POST")
