from tests.functions.conftest import calls, functions

__all__ = ["calls", "functions"]
