"""POST ``/oauth2/{authServerId}/v1/introspect`` and ``/oauth2/{authServerId}/v1/revoke``."""

from authmint.runtime.entrypoint import entrypoint
from authmint.runtime.wiring import token_status

lambda_handler = entrypoint(token_status)
