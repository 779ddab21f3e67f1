"""Call-level work, composed once per method at start-up, one file each."""
