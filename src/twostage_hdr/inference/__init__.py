"""From weights and a photograph to an HDR image."""
