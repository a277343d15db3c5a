"""Controlled runs: many trials of one setting, changed one thing at a time."""
