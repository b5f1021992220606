"""``…/claims/preview`` of a server: what a claim would be that is not saved. An extension (docs/protocol.md §22)."""

from collections.abc import Callable, Collection

from ...claims.explain import explain_claim
from ...expressions.facts import Facts
from ...expressions.limits import MAX_LENGTH
from ...http import Response
from ...oauth.authorization.request import unknown_client
from ...oauth.issuance import app_facts
from ...oauth.preview import BY_PASSWORD
from ...oauth.sign_in import SignIn
from ...oauth.unregistered_clients import StoredClients
from ...storage.clients import Clients
from ...storage.directory import Directory
from ...storage.servers import Claim
from ..http.call import Call
from .claims import FILTERS, check_value
from .preview import outcome_json
from .previewed_client import find, person_of
from .server_changes import ServerChanges


class ClaimPreviews:
    """Tries claims while somebody writes them. Nothing is stored, and no policy is asked."""

    def __init__(
        self,
        changes: ServerChanges,
        clients: Clients,
        unregistered: StoredClients,
        directory: Directory,
        attributes: Callable[[], Collection[str]],
    ) -> None:
        self._changes = changes
        self._clients = clients
        self._unregistered = unregistered
        self._directory = directory
        self._attributes = attributes

    def preview(self, call: Call) -> Response:
        """200 with the value, or why there would be none; 400 for an expression that could not be saved."""
        server = self._changes.load(call)
        body = call.body()
        groups = body.choice("valueType", ("EXPRESSION", "GROUPS"), "EXPRESSION") == "GROUPS"
        claim = Claim(
            "",
            "",
            "RESOURCE",
            "GROUPS" if groups else "EXPRESSION",
            body.text("value", required=True, longest=MAX_LENGTH),
            group_filter_type=body.choice("group_filter_type", FILTERS, "STARTS_WITH") if groups else None,
        )
        check_value(body, claim, self._attributes())
        client_id, user_id = body.text("client_id", longest=512), body.text("user_id")
        scopes = tuple((body.text("scope", longest=4_096) or "").split())
        body.check()
        client = unknown_client("")
        if client_id:
            client = find(server, client_id, "", self._clients, self._unregistered).client
        facts = Facts(app_facts(client), scopes, call.now)
        if user_id:
            sign_in = SignIn(person_of(self._directory, user_id), call.now, BY_PASSWORD)
            user, app_user = sign_in.user_facts(), sign_in.app_user_facts(client)
            facts = Facts(app_facts(client), scopes, call.now, user=user, app_user=app_user, amr=sign_in.amr)
        shown = outcome_json(explain_claim(claim, facts))
        return Response.json(200, {name: shown[name] for name in ("included", "value", "leftOut", "inputs", "failure")})
