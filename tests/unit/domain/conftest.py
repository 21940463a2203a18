"""Laws are held to be true, not to be fast: on a machine that others use, too, a deadline fails by chance."""

from hypothesis import settings

settings.register_profile("domain", deadline=None)
settings.load_profile("domain")
