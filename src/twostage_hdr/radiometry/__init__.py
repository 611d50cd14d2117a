"""What a pixel means: pure tensor functions between encodings, luminances and colour spaces."""
