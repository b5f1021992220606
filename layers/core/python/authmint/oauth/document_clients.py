"""Which copy of a client's metadata document a request goes by, and when the document is fetched anew.

What a foreign host does must not cost us much, and must not decide whether our users can work: a copy serves through
its host's troubles, for days. But a host that says that there is no such client any more is believed at once.
"""

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import replace
from typing import Final

from ..storage.client_documents import ClientCopies, ClientCopy, ClientDocument, later
from ..storage.errors import Conflict, NotFound
from .client_documents import BadDocument, fresh_for, is_another_client, is_weaker, read
from .outbound_fetch import Document, FetchFailed

#: Seconds between two tries to fetch a document, whoever asks for it and whatever came of the first.
PAUSE: Final = 5
#: Seconds that a copy serves while its host has trouble.
STALE: Final = 7 * 86_400


class DocumentUnavailable(Exception):
    """Nobody knows now whether there is such a client. Safe to ask again. The message says why, for the log."""


class NotFetchedYet(Exception):
    """There is no copy, and this caller may not have the document fetched for the first time."""


def stored_copy(copies: ClientCopies, server_id: str, url: str) -> ClientCopy | None:
    """The copy of a document at a server, if there is one. What a key leads to is looked at, as everywhere."""
    try:
        copy = copies.get(server_id, url)
    except NotFound:
        return None
    return copy if (copy.server_id, copy.document.url) == (server_id, url) else None


class DocumentClients:
    """Copies of documents, of which none is older than it may be.

    Args:
        copies: Where they are kept.
        fetch: Gets a document by its URL, for the issuer that is named in the request. Raises FetchFailed.
        may_ask: Whether a server may ask a host once more, by the server's id and an URL: it counts.
        changed: Is told of a client that is another one now, or none: how it was, and how it is.
    """

    def __init__(
        self,
        copies: ClientCopies,
        fetch: Callable[[str, str], Document],
        may_ask: Callable[[str, str, int], bool],
        changed: Callable[[ClientCopy, ClientCopy], None] = lambda *_: None,
    ) -> None:
        self._copies = copies
        self._fetch = fetch
        self._may_ask = may_ask
        self._changed = changed

    def find(
        self,
        server_id: str,
        url: str,
        *,
        issuer: str,
        private_schemes: Collection[str],
        now: int,
        grace: int = 0,
        begin: bool = True,
    ) -> ClientCopy:
        """The client of a URL that this server may look for.

        Args:
            server_id: Whose client.
            url: Checked: ``is_document_url``, and the server's own rules about which ones it takes.
            issuer: Of the server, for the host's people.
            private_schemes: That the server takes in redirect URIs.
            now: Unix seconds.
            grace: Seconds by which a copy may be older than its host said: a token request should not wait for others.
            begin: Whether a document may be fetched of which there is no copy.

        Raises:
            NotFetchedYet: There is none, and it may not.
            BadDocument: There is no such client, or none any more.
            DocumentUnavailable: It cannot be told now.
            Unavailable: Storage could not answer.
        """
        copy = stored_copy(self._copies, server_id, url)
        alive = copy is not None and copy.withdrawn_at is None
        if copy is not None and alive and now < copy.fresh_until + grace:
            return copy
        if copy is None and not begin:
            raise NotFetchedYet(url)
        if not self._copies.claim(url, at=now, until=now + PAUSE):
            return _as_it_was(copy, now, "somebody asked for it just now")
        if not self._may_ask(server_id, url, now):
            return _as_it_was(copy, now, "its host was asked too often")
        try:
            fetched = self._fetch(url, issuer)
            document = read(fetched.content, url, private_schemes=private_schemes)
        except FetchFailed as failed:
            if not failed.withdrawn:
                return _as_it_was(copy, now, str(failed))
            self._withdraw(copy, now)
            raise BadDocument("cimd_not_found", f"There is no such document: {failed}.") from None
        except BadDocument:
            self._withdraw(copy, now)
            raise
        return self._keep(copy, _renewed(copy, document, server_id, now, now + fresh_for(fetched.cache_control)))

    def _keep(self, before: ClientCopy | None, after: ClientCopy) -> ClientCopy:
        try:
            self._copies.save(before, after)
        except Conflict:  # what another call stored meanwhile is as new as this
            return _as_it_was(
                stored_copy(self._copies, after.server_id, after.document.url), after.checked_at, "it changed just now"
            )
        if before is not None and (before.since, before.generation) != (after.since, after.generation):
            self._changed(before, after)
        return after

    def _withdraw(self, copy: ClientCopy | None, now: int) -> None:
        """What was given to the client dies; where there never was one, nothing is stored."""
        if copy is None or copy.withdrawn_at is not None:
            return
        gone = replace(copy, withdrawn_at=now, generation=later(copy.generation, now))
        with suppress(Conflict):  # who came first fetched it as lately
            self._copies.save(copy, gone)
            self._changed(copy, gone)


def _renewed(
    before: ClientCopy | None, document: ClientDocument, server_id: str, now: int, fresh_until: int
) -> ClientCopy:
    """A copy of a document that was fetched just now. It knows what else changed with it."""
    if before is None:
        return ClientCopy(server_id, document, now, fresh_until, since=now, generation=now)
    since, generation = before.since, before.generation
    if is_another_client(before.document, document):
        since = later(since, now)
    if is_weaker(before.document, document):
        generation = later(generation, now)
    return ClientCopy(server_id, document, now, fresh_until, since=since, generation=generation)


def _as_it_was(copy: ClientCopy | None, now: int, why: str) -> ClientCopy:
    """The copy that there is, where it may serve a little longer."""
    if copy is not None and copy.withdrawn_at is not None:
        raise BadDocument("cimd_not_found", "The document was withdrawn.")
    if copy is None or now >= copy.checked_at + STALE:
        raise DocumentUnavailable(why)
    return copy
