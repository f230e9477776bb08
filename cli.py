"""The door: `python cli.py COMMAND` is the same as the console script `restore COMMAND`."""

from restore.main import main

if __name__ == "__main__":
    raise SystemExit(main())
