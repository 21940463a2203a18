"""Apache Kafka's jars, exactly those listed in ``kafka.jars`` by Maven coordinate and SHA-256.

jgo fetches them from the list. With nothing to resolve, that takes 4 to 8 s for the 44 MB, where Maven takes 11. If jgo
fails, Maven is tried, if there is one: it knows the machine's mirrors.
"""

import fcntl
import hashlib
import os
import shutil
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from local.errors import Problem, Stopped
from local.process import Command, Process

KAFKA = "4.2.2"
"""Not 4.3 or 4.4: after an unclean shutdown they lose transaction markers (KAFKA-20734). While a broker restarts, its
partitions have no leader. For such a partition, ``KRaftMetadataCache.getPartitionLeaderEndpoint`` returns nothing, as
for a deleted one, and the transaction coordinator skips it. 4.2 returns ``Node.noNode()``, and the marker waits.
(Read in the byte code of 4.2.0, 4.2.2, 4.3.1 and 4.4.0; tests/chaos/test_unclean.py kills this one under load.)"""
LIST = Path(__file__).with_name("kafka.jars")
_POM = Path(__file__).with_name("kafka.pom.xml")
_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"


@dataclass(frozen=True)
class Jar:
    """A jar: its Maven coordinate and the SHA-256 of its bytes."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def file(self) -> str:
        """The file's name."""
        return f"{self.artifact}-{self.version}.jar"


def listed(text: str) -> tuple[Jar, ...]:
    """Return the jars that lines of ``group:artifact:version sha256`` name."""
    return tuple(Jar(*line.replace(":", " ").split(" ")) for line in text.splitlines())


def present(directory: Path) -> bool:
    """Return whether every jar is there: a rename puts them there all at once."""
    return directory.is_dir()


def fetch(directory: Path, cache: Path, stopping: threading.Event | None = None, *, listing: Path = LIST) -> None:
    """Fetch and check every jar of ``listing`` into ``directory``; ``cache`` is Maven's local repository.

    Wait for another process that is fetching them. Raises ``Problem`` if they can't be fetched, ``Stopped`` if asked to
    stop.
    """
    with _alone(directory):
        if not present(directory):
            _fetch(directory, cache, stopping, listed(listing.read_text()))


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    directory.parent.mkdir(parents=True, exist_ok=True)
    with directory.with_name(f"{directory.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # until the file is closed
        yield


def _fetch(directory: Path, cache: Path, stopping: threading.Event | None, jars: Sequence[Jar]) -> None:
    for killed in directory.parent.glob(f"{directory.name}.[0-9]*"):
        shutil.rmtree(killed)
    part = directory.with_name(f"{directory.name}.{os.getpid()}")
    part.mkdir(parents=True)
    try:
        try:
            _by_jgo(jars, part, cache, stopping)
        except (OSError, RuntimeError) as error:  # what jgo and its HTTP client raise
            _by_maven(part, cache, stopping, error)
        check(jars, part)
        part.replace(directory)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def check(jars: Sequence[Jar], directory: Path) -> None:
    """Raise ``Problem`` unless ``directory`` holds each jar with the right SHA-256."""
    for jar in jars:
        found = sha256(directory / jar.file)
        if found != jar.sha256:
            raise Problem(
                f"{jar.file} is not the file that local/kafka.jars pins (SHA-256 {found}): fetch it again from a"
                " repository that you trust."
            )


def _by_jgo(jars: Sequence[Jar], directory: Path, cache: Path, stopping: threading.Event | None) -> None:
    from jgo.maven import MavenContext  # noqa: PLC0415 - takes half a second, and a warm start doesn't need it

    context = MavenContext(repo_cache=cache)

    def copy(jar: Jar) -> None:
        if stopping is not None and stopping.is_set():
            raise Stopped
        artifact = context.project(jar.group, jar.artifact).at_version(jar.version).artifact()
        found = Path(artifact.resolve())
        if sha256(found) != jar.sha256:  # left by a download that was killed
            found.unlink()
            found = Path(artifact.resolve())
        shutil.copyfile(found, directory / jar.file)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(copy, jars))


def _by_maven(directory: Path, cache: Path, stopping: threading.Event | None, before: Exception) -> None:
    log = cache.with_name("maven.log")
    if not shutil.which("mvn"):
        raise _unreachable(str(before)) from before
    options = ["--batch-mode", "--file", str(_POM), f"-Dmaven.repo.local={cache}"]
    wanted = ["-DincludeScope=runtime", f"-DoutputDirectory={directory}"]
    try:
        Process(Command("Maven", ["mvn", *options, _COPY, *wanted], log, foreign=True)).wait(stopping)
    except Problem:
        raise _unreachable(f"Maven's output is in {log}") from before


def _unreachable(more: str) -> Problem:
    return Problem(
        "Apache Kafka's jars could not be fetched, as no Maven repository answers: connect to the internet, or name a"
        f" running broker with RONDO_KAFKA ({more})."
    )


def relist(cache: Path) -> str:
    """Return the list that Maven resolves from ``kafka.pom.xml``, to be reviewed and saved as ``kafka.jars``."""
    with TemporaryDirectory() as directory:
        _by_maven(Path(directory), cache, None, LookupError("asked for"))
        files = {path.name for path in Path(directory).glob("*.jar")}
    found = (path.relative_to(cache) for path in cache.rglob("*.jar") if path.name in files)
    rows = ((".".join(path.parts[:-3]), *path.parts[-3:-1], sha256(cache / path)) for path in found)
    return "".join(sorted(f"{group}:{artifact}:{version} {digest}\n" for group, artifact, version, digest in rows))


def sha256(file: Path) -> str:
    """Return the SHA-256 of a file, as hexadecimal digits."""
    return hashlib.sha256(file.read_bytes()).hexdigest()
