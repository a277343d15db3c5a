"""One cause per file: `CAUSE = Cause(...)`."""
