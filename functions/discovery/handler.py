"""GET of the documents below ``.well-known`` (OpenID Connect Discovery 1.0, RFC 8414)."""

from authmint.runtime.entrypoint import entrypoint
from authmint.runtime.wiring import discovery

lambda_handler = entrypoint(discovery)
