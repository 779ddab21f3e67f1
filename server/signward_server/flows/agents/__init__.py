"""Agents of Hyperliquid accounts: approved, rotated, listed and ended."""
