"""What tests of the replay share with those of the runtime."""

from tests.integration.runtime.conftest import collected, log, worker_settings

__all__ = ["collected", "log", "worker_settings"]
