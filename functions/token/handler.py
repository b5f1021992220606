"""POST ``/oauth2/{authServerId}/v1/token``, ``…/par`` and ``…/device/authorize``."""

from authmint.runtime.entrypoint import entrypoint
from authmint.runtime.wiring import token

lambda_handler = entrypoint(token)
