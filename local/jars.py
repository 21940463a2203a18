"""Apache Kafka's jars, exactly those that ``kafka.jars`` lists by Maven coordinate and SHA-256.

They are fetched by jgo from the list alone. As nothing is left to resolve, this takes 4 to 8 s for the 44 MB, where
Maven takes 11. Maven, if there is one, is asked when jgo gets nowhere: it knows the machine's mirrors.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from local.problem import Problem

KAFKA = "4.3.1"
_LIST = Path(__file__).with_name("kafka.jars")
_POM = Path(__file__).with_name("kafka.pom.xml")


@dataclass(frozen=True)
class Jar:
    """One jar: Maven coordinate and SHA-256 of its bytes."""

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
    """Return whether every jar is there. They got there whole, by a rename."""
    return directory.is_dir()


def fetch(directory: Path, cache: Path) -> None:
    """Put every listed jar into ``directory``, checked; raise ``Problem`` when they can't be had."""
    jars = listed(_LIST.read_text())
    tried: list[str] = []
    for fetcher in (_by_jgo, _by_maven):
        part = directory.with_name(f"{directory.name}.{os.getpid()}")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        try:
            fetcher(jars, part, cache)
            check(jars, part)
            part.replace(directory)
        except Problem:
            raise
        except Exception as error:  # noqa: BLE001 - whatever went wrong, the other way may work
            tried.append(f"{fetcher.__name__.removeprefix('_by_')}: {error}")
        else:
            return
        finally:
            shutil.rmtree(part, ignore_errors=True)
    raise Problem(
        "Apache Kafka's jars could not be fetched, as no Maven repository answered: connect to the internet, or name a"
        f" running broker with RONDO_KAFKA.\n  {'; '.join(tried)}"
    )


def check(jars: Sequence[Jar], directory: Path) -> None:
    """Raise ``Problem`` unless ``directory`` holds the very bytes of each jar."""
    for jar in jars:
        found = hashlib.sha256((directory / jar.file).read_bytes()).hexdigest()
        if found != jar.sha256:
            raise Problem(
                f"{jar.file} is not the file that local/kafka.jars pins (SHA-256 {found}): fetch it again from a"
                " repository that you trust."
            )


def _by_jgo(jars: Sequence[Jar], directory: Path, cache: Path) -> None:
    from jgo.maven import MavenContext  # noqa: PLC0415 - half a second that a warm start does not need

    context = MavenContext(repo_cache=cache)

    def copy(jar: Jar) -> None:
        artifact = context.project(jar.group, jar.artifact).at_version(jar.version).artifact()
        shutil.copyfile(artifact.resolve(), directory / jar.file)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(copy, jars))


def _by_maven(_: Sequence[Jar], directory: Path, cache: Path) -> None:
    goal = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
    options = ["--batch-mode", "--quiet", "--file", str(_POM), f"-Dmaven.repo.local={cache}"]
    wanted = ["-DincludeScope=runtime", f"-DoutputDirectory={directory}"]
    done = subprocess.run(["mvn", *options, goal, *wanted], capture_output=True, text=True, check=False)
    if done.returncode:
        raise ChildProcessError(done.stdout.strip()[-500:])


def main(arguments: Sequence[str], fetch: Callable[[Path, Path], None] = fetch) -> None:
    """Fetch the jars into the first directory, with the second as Maven's local repository."""
    try:
        fetch(*map(Path, arguments))
    except Problem as problem:
        sys.exit(str(problem))


if __name__ == "__main__":
    main(sys.argv[1:])
