"""How often who may do what, and who fails to show who they are."""
