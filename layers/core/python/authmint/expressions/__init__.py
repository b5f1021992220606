"""The expression language: parsed and checked when saved, evaluated within a budget. It knows nothing of claims."""
