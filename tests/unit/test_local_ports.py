"""The choice of ports."""

import socket
import subprocess
import sys

from local import ports
from local.settings import ROOT


def test_ports_chosen_together_differ():
    chosen = ports.choose(map(str, range(50)), {})
    assert len(set(chosen.values())) == 50


def test_a_port_that_is_chosen_is_chosen_by_no_other_process_until_that_one_ends():
    chosen = ports.choose(["mine"], {})
    code = f"from local import ports; print(ports.choose(['theirs'], {{'theirs': {chosen['mine']}}})['theirs'])"
    theirs = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    ).stdout
    assert int(theirs) != chosen["mine"]
    assert ports.choose(["again"], {"again": int(theirs)})["again"] == int(theirs)


def test_a_chosen_port_is_none_that_an_outgoing_connection_may_have():
    assert all(port < 32_768 for port in ports.choose(map(str, range(50)), {}).values())


def test_a_remembered_port_that_somebody_took_is_replaced():
    with socket.create_server((ports.HOST, 0)) as somebody:
        taken = somebody.getsockname()[1]
        assert ports.choose(["broker"], {"broker": taken})["broker"] != taken


def test_a_port_is_taken_while_somebody_listens_on_all_addresses():
    with socket.create_server(("", 0)) as somebody:
        assert not ports.free(somebody.getsockname()[1])


def test_loopback_is_reached_without_a_proxy():
    environment = {"NO_PROXY": "example.org", "HTTP_PROXY": "http://proxy.example.org"}
    ports.spare_proxies(environment)
    assert environment["NO_PROXY"] == "example.org,127.0.0.1,localhost"
