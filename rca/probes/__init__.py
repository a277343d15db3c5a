"""One signal per file."""
