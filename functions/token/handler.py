"""POST ``/oauth2/{authServerId}/v1/token``."""

from authmint.runtime.entrypoint import entrypoint
from authmint.runtime.wiring import token

lambda_handler = entrypoint(token)
