"""`python -m pacsd` is `pacsd`."""

from pacsd.app.cli.main import main

if __name__ == "__main__":
    main()
