"""What a person checks before a training of days: one file per check, all pure, and a page to look at."""
