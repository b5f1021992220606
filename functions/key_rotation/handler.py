"""The schedule of key rotation, or a direct invocation."""

from authmint.runtime.entrypoint import entrypoint
from authmint.runtime.wiring import key_rotation

lambda_handler = entrypoint(key_rotation)
