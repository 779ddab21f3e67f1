"""The home of a daemon: its folder, its lock, its sockets, and how one is made."""
