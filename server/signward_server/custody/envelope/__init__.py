"""Keys sealed under a key-encryption key, opened into locked memory to sign."""
