"""How often who may do what."""
