"""rca finds out why a visual TD3 driving agent does not learn, and proves it."""

__version__ = "0.1.0"
