"""``python -m antistokes.cli``: the command line where the script ``antistokes`` is not on the path."""

from antistokes.cli.main import main

if __name__ == "__main__":
    main()
