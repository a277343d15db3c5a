"""Embedded server speaking CARLA 0.9.16's wire protocol to the real client, as its own process."""
