"""Real daemons in processes of their own, started as a user starts them."""
