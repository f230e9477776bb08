"""One file a command, imported by `restore.main` when it runs."""
