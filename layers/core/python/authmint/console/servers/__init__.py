"""Pages that only authorization servers have."""

from ..rendering import Renderer
from ..site import Route
from .frame import ServerFrame
from .preview import PreviewPage


def server_routes(render: Renderer) -> list[Route]:
    """All of them; they come before the pages of families, whose paths are more general."""
    frame = ServerFrame(render)
    return [Route("/servers/{server}/preview", PreviewPage(frame))]
