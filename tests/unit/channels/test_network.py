"""What a sending may reach."""

import socket
import threading
import time
from pathlib import Path

import pytest

from channels.network import Forbidden, Networks, Sending

PUBLIC, HOME = Networks.parse("public"), Networks.parse("public, 192.168.0.0/16 fd00::/8")


@pytest.mark.parametrize("host", ["8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8"])
def test_public_addresses_may_be_reached(host: str):
    assert PUBLIC.allow(host)
    assert HOME.allow(host)
    assert not Networks.parse("10.0.0.0/8").allow(host)


@pytest.mark.parametrize("host", ["192.168.0.7", "::ffff:192.168.0.7", "fd00::7"])
def test_a_named_network_may_be_reached_and_no_other_that_is_not_public(host: str):
    assert not PUBLIC.allow(host)
    assert HOME.allow(host)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "::1", "0.0.0.0", "169.254.169.254", "fe80::1%eth0", "10.0.0.1", "100.64.0.1", "224.0.0.1"],
)
def test_the_machine_itself_and_special_networks_may_not_be_reached(host: str):
    assert not PUBLIC.allow(host)
    assert not HOME.allow(host)


@pytest.mark.parametrize("host", ["localhost", "example.org", "", "1.2.3", None])
def test_a_host_is_reached_by_its_ip_address_alone(host: object):
    assert not Networks.parse("0.0.0.0/0 ::/0").allow(host)


@pytest.mark.parametrize("text", ["home", "192.168.0.0/33", "192.168.0.1/16", "public example.org"])
def test_what_is_no_network_is_refused(text: str):
    with pytest.raises(ValueError, match=r"."):
        Networks.parse(text)


def test_no_connection_is_made_to_a_forbidden_host_and_others_of_the_process_are():
    with socket.create_server(("127.0.0.1", 0)) as server:
        sending = Sending(PUBLIC)
        with sending.running(), pytest.raises(Forbidden):
            socket.create_connection(server.getsockname())
        assert sending.forbidden
        socket.create_connection(server.getsockname()).close()


def test_no_file_is_read_but_those_of_python():
    with Sending(PUBLIC).running(), pytest.raises(PermissionError):
        Path("/etc/hostname").read_text()


def test_a_sending_that_is_aborted_ends_though_its_server_is_silent():
    allowed = Networks.parse("127.0.0.0/8")
    with socket.create_server(("127.0.0.1", 0)) as server:
        sending, connected, read = Sending(allowed), threading.Event(), list[bytes]()

        def receive() -> None:
            with sending.running(), socket.create_connection(server.getsockname()) as connection:
                connected.set()
                read.append(connection.recv(1))

        thread = threading.Thread(target=receive)
        thread.start()
        assert connected.wait(10)
        began = time.monotonic()
        sending.abort()
        thread.join(10)
        assert read == [b""]
        assert time.monotonic() - began < 5
