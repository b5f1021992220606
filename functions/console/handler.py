"""What administrators see: ``/console``."""

from authmint.runtime.entrypoint import entrypoint
from authmint.runtime.wiring import console

lambda_handler = entrypoint(console)
