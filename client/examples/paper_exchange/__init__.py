"""A paper exchange: what Hyperliquid does with a signed action, small enough to read.

It recovers the signer of every posted body with the exchange's own SDK, which shares no code with
the daemon; keeps the rules for nonces and expiry; and matches orders. No money, no margin, no
chain: for demos and tests on loopback.
"""
