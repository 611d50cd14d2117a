"""LDR / 8-bit / 16-bit triples: sources, splits, patches and the DataModule."""
