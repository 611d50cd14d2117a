"""Plain `nn.Module` networks: no loss, device or file in them."""
