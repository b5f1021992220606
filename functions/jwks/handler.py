"""GET ``/oauth2/{authServerId}/v1/keys``."""

from authmint.runtime.entrypoint import entrypoint
from authmint.runtime.wiring import key_set

lambda_handler = entrypoint(key_set)
