"""POST ``/oauth2/{authServerId}/v1/introspect`` and ``…/revoke``; GET and POST ``…/userinfo``."""

from authmint.runtime.entrypoint import entrypoint
from authmint.runtime.wiring import token_status

lambda_handler = entrypoint(token_status)
