"""`python -m pacsd` is `pacsd`."""

from pacsd.app.cli import main

if __name__ == "__main__":
    main()
