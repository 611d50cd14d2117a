"""Metrics: one pure per-image function and one torchmetrics class per file."""
