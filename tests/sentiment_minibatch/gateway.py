"""A gateway between a command and the database that kills the command at one of its messages."""

from __future__ import annotations

import multiprocessing
import os
import socket
import threading
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from multiprocessing.process import BaseProcess

from psycopg.conninfo import conninfo_to_dict

from common.cli import run
from sentiment_minibatch.cli import main

# Children come from a server that has imported everything, so one costs milliseconds and not seconds.
_CHILDREN = multiprocessing.get_context("forkserver")
_CHILDREN.set_forkserver_preload([__name__])


@dataclass(frozen=True)
class Death:
    """Kill at the command's n-th message, from 1: before it reaches the server, or after, so that no answer comes."""

    message: int
    delivered: bool


def run_until(death: Death, url: str, arguments: Sequence[str]) -> bool:
    """Run a command until its death and return whether it came to that; else it has ended by itself, with success."""
    with ExitStack() as open_:
        listener = open_.enter_context(socket.create_server(("127.0.0.1", 0)))
        address = conninfo_to_dict(url)
        through = f"postgresql://postgres@127.0.0.1:{listener.getsockname()[1]}/{address['dbname']}"
        command = _CHILDREN.Process(
            target=_command, args=(f"{through}?sslmode=disable&gssencmode=disable", list(arguments))
        )
        command.start()
        client, _ = listener.accept()
        server = socket.socket(socket.AF_UNIX)
        open_.enter_context(client)
        open_.enter_context(server)
        server.connect(f"{address['host']}/.s.PGSQL.5432")
        answers = threading.Thread(target=_pass_on, args=(server, client), daemon=True)
        answers.start()
        died = _pass_on_until(death, client, server, command)
        server.shutdown(socket.SHUT_RDWR)
        answers.join()
    command.join()
    assert died or command.exitcode == 0
    return died


def _command(url: str, arguments: list[str]) -> None:
    os.environ["DATABASE_URL"] = url
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123 (a descriptor is what is replaced)
        os.dup2(nowhere.fileno(), 1)
    run(main, arguments)


def _pass_on_until(death: Death, client: socket.socket, server: socket.socket, command: BaseProcess) -> bool:
    messages = 0
    while message := client.recv(1 << 20):
        messages += 1
        if messages < death.message or death.delivered:
            server.sendall(message)
        if messages == death.message:
            command.kill()
            return True
    return False


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while message := source.recv(1 << 20):
            target.sendall(message)
