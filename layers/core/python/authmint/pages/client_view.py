"""A client as pages show it: name, logo, and where it says more of itself (OpenID Connect Registration §2)."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from ..storage.client_registration import ClientClass, class_of
from ..storage.clients import Client

#: What a client registered, and the text of the link to it.
_LINKS: Final = {"client_uri": "client.about", "policy_uri": "client.privacy", "tos_uri": "client.terms"}


@dataclass(frozen=True)
class ClientView:
    """A client on a page.

    Attributes:
        class_: Who vouches for it: of a client that no administrator registered, nobody vouches for its name.
        name: Of a metadata document the host, which is proven.
        calls_itself: The name that an unregistered client gave itself; may be empty.
        logo_uri: https; empty: it has none that can be shown.
        links: Pairs of a text's key and an address.
    """

    name: str
    logo_uri: str = ""
    links: tuple[tuple[str, str], ...] = ()
    class_: ClientClass = "REGISTERED"
    calls_itself: str = ""

    @property
    def images(self) -> tuple[str, ...]:
        """What the page's policy has to allow."""
        return (self.logo_uri,) if self.logo_uri else ()


def view_of(client: Client) -> ClientView:
    """The client, with those of its addresses that a page may show. What is no web address is left out."""
    links = tuple((text, uri) for name, text in _LINKS.items() if (uri := _web_address(client, name)))
    logo_uri, class_ = _web_address(client, "logo_uri"), class_of(client.id)
    if class_ == "REGISTERED":
        return ClientView(client.label, logo_uri, links)
    host = urlsplit(client.id).hostname if class_ == "METADATA" else None
    said = "" if client.label == host else client.label
    return ClientView(host or said, logo_uri, links, class_, said)


def _web_address(client: Client, name: str) -> str:
    uri = client.settings.get(name)
    return uri if isinstance(uri, str) and uri.startswith("https://") else ""
