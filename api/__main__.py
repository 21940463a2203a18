"""Serves the API: ``python -m api``, on 127.0.0.1 and RONDO_PORT."""

import uvicorn

from api.app import create_app
from api.settings import Settings
from schemas import logs, settings


def main() -> None:
    """Serve until SIGINT or SIGTERM; requests that are under way are answered first."""
    configured = settings.load(Settings)
    logs.configure(configured.log)
    uvicorn.run(
        create_app(configured),
        host=configured.host,
        port=configured.port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=10,
    )


if __name__ == "__main__":
    main()
