from tests.functions.conftest import calls, functions, unbraked

__all__ = ["calls", "functions", "unbraked"]
