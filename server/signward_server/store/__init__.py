"""Keys, their sealed material and request ids, durably."""
