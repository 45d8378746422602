"""What holds for every test: a busy machine is no failure, so no example has a deadline."""

from hypothesis import settings

settings.register_profile("pacsd", parent=settings(), deadline=None)
settings.load_profile("pacsd")
