"""How start, memory and latency change with the number of keys: ``make bench-keys``."""
