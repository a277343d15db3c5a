"""Reports as plain data, rendered to Markdown and HTML."""
