"""What the bench loads servers with: requests in closed loops or at a rate, each of which is answered and counted."""

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bench import load
from bench.load import CLOSED, Answers, Load
from local.errors import Problem

GET = load.request("GET", "/v1/tasks", {"Authorization": "Bearer token"})


class Hello(BaseHTTPRequestHandler):
    """Answers every request in two pieces, head and body."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture(scope="module")
def port():
    with ThreadingHTTPServer(("127.0.0.1", 0), Hello) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.mark.parametrize("connections", [1, 8])
def test_every_request_of_a_closed_loop_is_answered_and_timed(port: int, connections: int):
    found = load.run(Load(port, GET, 0.2, connections))
    assert found.statuses == {200: found.count}
    assert found.count >= connections
    assert found.seconds >= 0.2
    assert found.milliseconds == sorted(found.milliseconds)
    assert 0 < found.cpu < found.seconds + 1


def test_a_rate_is_kept_however_long_answers_take(port: int):
    found = load.run(Load(port, GET, 0.5, rate=100, seed=3))
    assert 25 <= found.statuses[200] <= 75


@pytest.mark.parametrize("seconds", [0.0, 40.0])
def test_a_connection_that_is_closed_instead_of_answered_is_counted_and_ends_the_load(seconds: float):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up() -> None:
            connection, _ = server.accept()
            connection.recv(4096)
            connection.close()

        threading.Thread(target=hang_up, daemon=True).start()
        found = load.run(Load(server.getsockname()[1], GET, seconds))
        assert found.statuses == {CLOSED: 1}
        assert found.seconds < 30


def test_a_load_without_a_server_fails():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(Problem, match="The load failed: ConnectionRefusedError"):
        load.run(Load(port, GET, 0.1))


def test_a_request_is_sent_as_http_says():
    sent = load.request("POST", "/v1/tasks", {"Content-Type": "application/json"}, b"{}")
    assert sent.startswith(b"POST /v1/tasks HTTP/1.1\r\nHost: 127.0.0.1\r\n")
    assert sent.endswith(b"Content-Length: 2\r\n\r\n{}")


def test_percentiles_are_of_the_answers():
    assert Answers({202: 100}, [float(number) for number in range(101)], 2.0, 0.1).percentile(50) == 50
    assert Answers({202: 1}, [7.0], 2.0, 0.1).percentile(99) == 7
