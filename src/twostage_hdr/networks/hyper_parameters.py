"""What rebuilds a network: its constructor's arguments as plain, serialisable values."""

from typing import TypeAlias

HyperParameters: TypeAlias = dict[str, int | float | str | bool | list]
"""`type(network)(**network.hyper_parameters)` builds the same architecture; goes into a weight file's header."""
