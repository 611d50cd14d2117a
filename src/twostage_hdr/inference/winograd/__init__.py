"""The CPU engine of the two-stage network: Winograd convolutions on a stream of rows."""
