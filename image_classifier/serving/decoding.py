"""Decoding in a process of its own: images that cost much, and formats of large libraries, cannot hold a worker up.

One process forks a child per image, so that one is decoded at a time however many workers there are. A child has so
many seconds and so much memory; the kernel ends it when it wants more.
"""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import socket
import struct
import sys
from pathlib import Path
from typing import NoReturn

import numpy as np

from common.logs import get_logger
from image_classifier.images import (
    VIDEO_FORMATS,
    BrokenImageError,
    ImageError,
    OversizedImageError,
    UnsupportedImageError,
    load_video_format,
)
from image_classifier.preprocessing import Pixels, preprocess
from image_classifier.serving.problems import OverloadedError
from image_classifier.serving.supervision import start_supervised

log = get_logger(__name__)
SECONDS = 10  # of a processor, for one image; the largest that are accepted take about one
_WALL_SECONDS = 60  # on a machine that is too busy, or where who asked has stopped
MEMORY_BYTES = 640 << 20  # of address space beyond what the process has; the largest take some 400 MiB
_HEADER = struct.Struct("!II")  # the model's side, the length of the file
_PICTURE, _PROBLEM = b"P", b"E"
_ERRORS = {error.__name__: error for error in (BrokenImageError, OversizedImageError, UnsupportedImageError)}


class Decoder:
    """The client's side: asks the process that listens at a socket."""

    def __init__(self, path: Path, wait_seconds: float = 20.0) -> None:
        self._path, self._wait_seconds = path, wait_seconds

    def decode(self, data: bytes, side: int) -> Pixels:
        """Return the image as `preprocess` does; raises its errors, and `OverloadedError` when it gets no turn."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(self._wait_seconds)
            try:
                connection.connect(str(self._path))
                connection.sendall(_HEADER.pack(side, len(data)))
                connection.sendall(data)
                answer = _read_all(connection)
            except (BrokenPipeError, ConnectionResetError):  # its child was ended
                answer = b""
            except OSError as error:
                log.warning("the decoder does not answer", reason=str(error))
                raise OverloadedError from None
        if answer[:1] == _PICTURE:
            return np.frombuffer(answer, np.uint8, offset=1).reshape(side, side, 3)
        if answer[:1] == _PROBLEM:
            name, message, limit, bound = json.loads(answer[1:])
            raise _ERRORS[name](message, limit, bound)
        raise OversizedImageError(
            f"decoding the image takes over {SECONDS} seconds of a processor, or more memory than it may",
            "decoding_seconds",
            SECONDS,
        )


def start_decoder(path: Path) -> None:
    """Start the process that decodes; it ends when this process and all that it forks are gone."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    listener.listen(128)
    start_supervised("decoder", lambda gone: _serve(listener, gone))
    listener.close()


def _serve(listener: socket.socket, gone: int) -> None:
    while True:
        if gone in select.select([listener.fileno(), gone], [], [])[0]:
            return
        connection, _ = listener.accept()
        for name in VIDEO_FORMATS:
            load_video_format(name)  # once, and not in the child of every such image
        child = os.fork()
        if not child:
            _decode_and_end(connection)
        connection.close()
        os.waitpid(child, 0)


def _decode_and_end(connection: socket.socket) -> NoReturn:
    try:
        # Both end the process, whatever library it is in.
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        signal.alarm(_WALL_SECONDS)
        _bound_memory()
        file = connection.makefile("rb")
        side, length = _HEADER.unpack(file.read(_HEADER.size))
        connection.sendall(_answer(file.read(length), side))
    finally:
        os._exit(0)


def _answer(data: bytes, side: int) -> bytes:
    try:
        return _PICTURE + preprocess(data, side).tobytes()
    except ImageError as error:
        return _PROBLEM + json.dumps([type(error).__name__, str(error), error.limit, error.bound]).encode()


def _bound_memory() -> None:
    if sys.platform != "linux":
        return
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY_BYTES, used + MEMORY_BYTES))
    Path("/proc/self/oom_score_adj").write_text("1000")


def _read_all(connection: socket.socket) -> bytes:
    chunks = []
    while chunk := connection.recv(1 << 18):
        chunks.append(chunk)
    return b"".join(chunks)
