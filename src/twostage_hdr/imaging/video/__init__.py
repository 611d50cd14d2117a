"""Videos: pictures, sound and time codes in; HDR10 and EXR sequences out."""
