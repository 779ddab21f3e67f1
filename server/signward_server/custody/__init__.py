"""Where private material lives and how it signs."""
