"""One self-contained HTML page per comparison or run."""
