"""The run folder, and importers for foreign recordings."""
