"""The Signward daemon: signatures over mTLS, with keys that never leave its custody."""
