"""LightningModules and callbacks: optimisation and nothing else."""
