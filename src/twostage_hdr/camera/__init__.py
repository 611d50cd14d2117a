"""HDR to LDR: exposure, response curve, sensor noise, quantisation (the virtual camera)."""
