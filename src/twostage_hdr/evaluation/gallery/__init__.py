"""Pictures for print: crops of methods side by side at several exposures, and where they differ, in stops."""
