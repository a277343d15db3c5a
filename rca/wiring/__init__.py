"""The wiring audit: how an agent's parts hang together, seen from the real computation."""
