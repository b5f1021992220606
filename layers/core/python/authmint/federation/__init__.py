"""Signing in with an identity provider: requests to it, what it answers, and who that is here.

It asks others over the network, and only through ``oauth/outbound_fetch``. Sessions are made by ``sign_on``.
"""
