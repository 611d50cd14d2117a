"""What can be compared: networks, operators, other people's files, and doing nothing."""
