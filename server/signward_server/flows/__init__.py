"""Use cases. They know ports only."""
