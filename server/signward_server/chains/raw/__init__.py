"""Raw messages."""
