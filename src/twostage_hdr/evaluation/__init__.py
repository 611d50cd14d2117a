"""One protocol for every method: scores, tables, report."""
