"""Image files: read and written typed, bounded and atomically."""
