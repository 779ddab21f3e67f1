"""Call-level work, composed once per method at start-up, one file each.

Each interceptor takes the next behaviour and returns one: ``(request, call) -> response``,
where ``request`` and ``response`` are bytes or iterators of bytes.
"""
