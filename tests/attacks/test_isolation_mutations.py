"""Take the comparisons that keep servers apart out of the code, one by one: the check or a named test notices each.

A mutation is a line of the code and what stands there instead. Where the line is no longer found the test fails:
the mutation has to follow the code.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.support.backend import SHARED, LocalAws
from tests.support.mutants import Nursery, Order, nursery

MEMORY = ("memory",)
FUNCTIONS = ("functions",)


def named(node: str) -> tuple[str, ...]:
    return ("pytest", node)


@dataclass(frozen=True)
class Mutation:
    """``code`` of ``file`` becomes ``instead``; ``noticed_by`` is the command that must then fail."""

    file: str
    code: str
    instead: str
    noticed_by: tuple[str, ...] = MEMORY


MUTATIONS = {
    "issuer of a token": Mutation(
        "oauth/access_tokens.py", 'if jws.payload.get("iss") != issuer or not', "if not"
    ),
    "signature by a key of the server": Mutation(
        "oauth/access_tokens.py",
        'if key is None or not verified_by_key(jws, {**key.jwk, "alg": key.algorithm}, algorithms=(key.algorithm,)):',
        "if key is None:",
    ),
    "audience of an assertion": Mutation(
        "oauth/client_auth/audience.py",
        "return isinstance(audience, str) and audience in self.uris",
        "return isinstance(audience, str)",
    ),
    "audiences are the server's own": Mutation(
        "oauth/client_auth/audience.py",
        "issuer = issuer_of(server, base_url)",
        "issuer = issuer_of(server, base_url).rpartition('/')[0]",
    ),
    "audience of a request object": Mutation(
        "oauth/authorization/request_objects.py",
        "if issuer not in (audience if isinstance(audience, list) else [audience]):",
        "if audience is None:",
    ),
    "issuer of a request object": Mutation(
        "oauth/authorization/request_objects.py",
        'if jws.payload.get("iss") != client.id:',
        "if False:",
        named("tests/oauth/authorization/test_request_objects.py::test_each_member_that_is_wrong_is_enough"),
    ),
    "clients of a policy": Mutation(
        "policy/access/evaluate.py",
        "return any(word in policy.clients for word in words_for(client_id))",
        "return bool(policy.clients)",
    ),
    "scopes of the server": Mutation(
        "oauth/scopes.py",
        'raise OAuthError("no_matching_scope", reason=unknown("scope", wrong[0], known))',
        "pass",
    ),
    "secret of the client": Mutation(
        "oauth/client_auth/authentication.py",
        "if not named and not _secret_matches(client, credential.secret):",
        "if False:",
    ),
    "a client revokes its own tokens only": Mutation(
        "oauth/revocation.py", "if token is None or token.client_id != call.client.id:", "if token is None:"
    ),
    "servers whose tokens are exchanged": Mutation(
        "oauth/subject_tokens.py",
        "if (path_id if snapshot.server is None else snapshot.server.id) not in own.associated:",
        "if snapshot.server is None:",
    ),
    "audience of what is given for a token": Mutation(
        "oauth/grants/token_exchange.py", "if audience != server.audience:", "if not audience:"
    ),
    "signer of the server": Mutation(
        "tokens/signer.py",
        "signer = self._signers.get(server.id)\n        if signer is None or signer.kid != key.kid:",
        "signer = next(iter(self._signers.values()), None)\n        if signer is None:",
    ),
    "server in what opens a key": Mutation(
        "tokens/signer.py", "self._vault.unwrap(server.id, key.kid, key.wrapped)", 'self._vault.unwrap("", key.kid, "")'
    ),
    "decisions of the server": Mutation(
        "policy/access/evaluate.py", "if known is None or known.server is not server:", "if known is None:",
        named("tests/policy/access/test_index.py::test_what_a_server_no_longer_allows_is_refused"),
    ),
    "decisions of one server at another": Mutation(
        "policy/access/evaluate.py",
        "known = self._servers.get(server.id)\n        if known is None or known.server is not server:",
        "known = next(iter(self._servers.values()), None)\n        if known is None:",
    ),
    "client that registered itself at the server": Mutation(
        "oauth/registration/clients.py",
        "(record.server_id, record.id) != (server.id, client_id) or not is_alive",
        "not is_alive",
        named("tests/oauth/registration/test_endpoint.py::test_a_record_that_lies_where_another_should_is_nobodys"),
    ),
    "server in the id of a client that registers itself": Mutation(
        "oauth/registration/identity.py",
        "(_DOMAIN, server_id.encode(), canonical(registration))",
        "(_DOMAIN, canonical(registration))",
        named("tests/oauth/registration/test_endpoint.py::test_a_client_of_one_server_is_nobody_at_another"),
    ),
    "objects below the server": Mutation(
        "management/servers/server_changes.py",
        "return next((record for record in records if record.id == identifier), None)",
        "return next((record for record in records if record.id == identifier), records[-1] if records else None)",
    ),
    "keys below the server": Mutation(
        "management/servers/keys.py", 'if key.kid == call.params["keyId"]:', "if key.kid:"
    ),
    "keys to revoke": Mutation(
        "management/servers/keys.py", "if all(key.kid != kid for key in server.keys):", "if not server.keys:"
    ),
    "the server of the URL": Mutation(
        "management/servers/server_changes.py",
        "return self.servers.get(server_named(server_id))",
        "return self.servers.get([s.id for s in self.servers.list() if not s.is_default][0])",
    ),
    "only administrators administer": Mutation(
        "management/http/authentication.py",
        "token = self._api_tokens.find(secret_digest(text))",
        "token = next(iter(self._api_tokens._tokens.values()))",
        named("tests/management/servers/test_servers.py::test_who_has_no_token_is_refused"),
    ),
    "server of a revocation": Mutation(
        "oauth/revocation.py",
        "server_id=call.server.id,\n            jti=token.jti,",
        'server_id="",\n            jti=token.jti,',
        named("tests/oauth/test_token_status.py::test_a_revoked_token_is_inactive_and_revoking_again_is_no_error"),
    ),
    "server of a stored revocation": Mutation(
        "dynamo/revocations.py",
        'return f"REVOKED#{server_id}#{jti}"',
        'return f"REVOKED#{jti}"',
        named("tests/storage/test_contracts.py::test_a_revocation_counts_once_and_for_its_server_only"),
    ),
    "server in the encryption context": Mutation(
        "kms/key_pairs.py",
        '{"purpose": "signing-key", "server": server_id, "kid": kid}',
        '{"purpose": "signing-key", "kid": kid}',
        named("tests/kms/test_kms.py::test_a_key_of_one_server_does_not_open_for_another"),
    ),
    "kid in the encryption context": Mutation(
        "kms/key_pairs.py",
        '{"purpose": "signing-key", "server": server_id, "kid": kid}',
        '{"purpose": "signing-key", "server": server_id}',
        named("tests/kms/test_kms.py::test_a_key_of_one_server_does_not_open_for_another"),
    ),
    "server that is kept warm": Mutation(
        "dynamo/configuration.py",
        "known = self._servers.get(server_id)\n",
        "known = next(iter(self._servers._values.values()), None)\n",
        FUNCTIONS,
    ),
    "client that is kept warm": Mutation(
        "dynamo/configuration.py",
        "known = self._clients.get(client_id)\n"
        "        client = known.record if known is not None and known.stamp == body",
        "known = next(iter(self._clients._values.values()), None)\n        client = known.record if known is not None",
        FUNCTIONS,
    ),
    "items of the server": Mutation(
        "dynamo/server_items.py", 'return f"AS#{path_id}"', 'return "AS#default"', FUNCTIONS
    ),
    "server of a code, device code or refresh token": Mutation(
        "oauth/grants/base.py", "if held.server_id != request.server.id:", "if False:"
    ),
    "client of a code, device code or refresh token": Mutation(
        "oauth/grants/base.py", "if held.client_id != request.client.id:", "if False:"
    ),
    "holder of a code": Mutation(
        "oauth/grants/authorization_code.py", "check_held(code, request, refusal=_REFUSAL)", "pass"
    ),
    "holder of a refresh token": Mutation(
        "oauth/grants/refresh_token.py", "check_held(family, request, refusal=_REFUSAL)", "pass"
    ),
    "holder of a device code or an authentication request": Mutation(
        "oauth/grants/polled.py", "check_held(held, request, refusal=self.refusals.invalid)", "pass"
    ),
    "client of a hint about whom to ask": Mutation(
        "oauth/backchannel/endpoint.py",
        "if hint is None or hint.client_id != call.client.id:",
        "if hint is None:",
        named("tests/oauth/test_backchannel.py::test_an_id_token_of_the_client_says_whom_it_means_however_old_it_is"),
    ),
    "server of an approval": Mutation(
        "pages/approve.py",
        "if found.request.handle == handle and server_id in {found.server.id, found.server.path_id}:",
        "if found.request.handle == handle:",
        named("tests/pages/test_approvals.py::test_a_request_is_at_its_own_server_alone"),
    ),
    "user of an approval": Mutation(
        "pages/approve.py",
        "self.requests.waiting_for(person.user.id)",
        "self.requests.records.values()",
        named("tests/pages/test_approvals.py::test_somebody_elses_link_leads_nowhere"),
    ),
    "generation of a client": Mutation(
        "storage/liveness.py", "if made is not None and made.client != client.token_generation:", "if False:",
        named("tests/oauth/test_liveness.py::test_a_deactivation_is_for_good"),
    ),
    "generation of a user": Mutation(
        "storage/liveness.py", "if made is not None and made.user != user.token_generation:", "if False:",
        named("tests/oauth/test_liveness.py::test_a_deactivation_is_for_good"),
    ),
    "redirect_uri of a code": Mutation(
        "oauth/grants/authorization_code.py", "if code.redirect_uri != redirect_uri:", "if False:"
    ),
    "verifier of a code": Mutation(
        "oauth/pkce.py", "if not hmac.compare_digest(computed, challenge):", "if False:"
    ),
    "verifier where there was a challenge": Mutation(
        "oauth/pkce.py",
        "if verifier is None:\n        raise",
        "if verifier is None:\n        return  #",
    ),
    "verifier without a challenge": Mutation(
        "oauth/pkce.py", "if verifier is not None:", "if False:",
        named("tests/oauth/test_code_and_refresh.py::test_what_is_not_right_burns_nothing"),
    ),
    "server of a request_uri": Mutation(
        "oauth/authorization/request.py", "if stored.server_id != server.id:", "if False:"
    ),
    "client of a request_uri": Mutation(
        "oauth/authorization/request.py", "if stored.client_id != client_id:", "if False:"
    ),
    "kind of a request_uri": Mutation(
        "oauth/authorization/request.py",
        "if stored is None or stored.kind != kind or stored.expires_at <= now:",
        "if stored is None or stored.expires_at <= now:",
    ),
    "redirect_uri of a request": Mutation(
        "oauth/authorization/parameters.py",
        'if sent is None or "#" in sent or not any(_matches(client, uri, sent) for uri in client.redirect_uris):',
        'if sent is None or "#" in sent:',
        named("tests/oauth/authorization/test_refusals.py::test_a_way_back_of_a_web_application_matches_to_the_letter"),
    ),
    "redirect_uri of a stored request": Mutation(
        "oauth/authorization/request.py",
        "way_back = match_redirect_uri(client, self.parameters, self.issuer, profile_of(self.server, client))",
        'way_back = ReturnTo(self.parameters.values["redirect_uri"], self.issuer, "query", self.parameters.state)',
        named("tests/oauth/authorization/test_interactions.py::test_what_changed_meanwhile_counts"),
    ),
    "browser of a waiting request": Mutation(
        "oauth/authorization/request.py",
        "if arrival.waiting is not None and arrival.waiting.browser != visitor.browser:",
        "if False:",
    ),
    "client of a hint": Mutation(
        "oauth/authorization/rules.py",
        "if hint is None or hint.client_id != arrival.client.id:",
        "if hint is None:",
    ),
    "issuer of a hint": Mutation(
        "oauth/access_tokens.py",
        'if jws.payload.get("iss") != issuer or not isinstance(jti, str)',
        "if not isinstance(jti, str)",
        named("tests/oauth/authorization/test_interactions.py::test_hints_of_others_are_no_hints"),
    ),
    "kind of a hint": Mutation(
        "oauth/access_tokens.py",
        "not isinstance(jti, str) or not jti.startswith(jti_prefix):",
        "not isinstance(jti, str):",
        named("tests/oauth/authorization/test_interactions.py::test_an_access_token_is_no_hint"),
    ),
    "kind of a token": Mutation(
        "oauth/access_tokens.py", "not isinstance(jti, str) or not jti.startswith(jti_prefix):", "False:",
    ),
    "family of the server and the client": Mutation(
        "oauth/token_validity.py",
        "if family.server_id != server.id or family.client_id != client.id:",
        "if False:",
    ),
    "client of a refresh token at revocation": Mutation(
        "oauth/revocation.py",
        "if family.client_id != call.client.id or family.server_id != call.server.id:",
        "if family.server_id != call.server.id:",
    ),
    "server of a refresh token at revocation": Mutation(
        "oauth/revocation.py",
        "if family.client_id != call.client.id or family.server_id != call.server.id:",
        "if family.client_id != call.client.id:",
    ),
}  # fmt: skip


@pytest.fixture(scope="session")
def mutants(aws: LocalAws) -> Iterator[Nursery]:
    with nursery(**{SHARED: aws.endpoint}) as started:
        yield started


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_missing_comparison_is_noticed(mutants: Nursery, name: str) -> None:
    mutation = MUTATIONS[name]

    done = mutants.run(Order(mutation.noticed_by, mutation.file, mutation.code, mutation.instead))

    assert not done.problem
    assert done.status != 0, "nothing noticed"
    assert "ModuleNotFoundError" not in done.said


@pytest.mark.parametrize("command", sorted({mutation.noticed_by for mutation in MUTATIONS.values()}))
def test_without_a_mutation_nothing_is_noticed(mutants: Nursery, command: tuple[str, ...]) -> None:
    done = mutants.run(Order(command))

    assert done.status == 0, done.said
