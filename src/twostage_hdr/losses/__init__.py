"""Losses: `nn.Module`s that map (prediction, target) to a scalar."""
