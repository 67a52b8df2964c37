"""How long others wait while 200 clients send a byte a second: `python -m benchmarks.classifier_slow`."""

from __future__ import annotations

import argparse
import http.client
import socket
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from benchmarks import classifier_servers as servers
from image_classifier.drawing import draw_picture
from tests.image_classifier.conftest import encoded

_HEAD = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: 100000\r\n\r\n"


def main() -> None:
    """Measure without slow clients and with them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slow", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=20.0, help="of each measurement")
    parser.add_argument("--rate", type=float, default=40.0, help="requests a second of the others, one after the other")
    options = parser.parse_args()
    image = encoded(draw_picture("chart", 11, 2))
    with tempfile.TemporaryDirectory() as scratch, servers.started(servers.OURS, Path(scratch)) as (_, port):
        servers.wait_until_it_answers(port, "/predict", servers.raw(image))
        _report("alone", _latencies(port, image, options.seconds, options.rate))
        stop = threading.Event()
        slow = threading.Thread(target=_send_slowly, args=(port, options.slow, stop))
        slow.start()
        time.sleep(2)
        _report(f"beside {options.slow} slow clients", _latencies(port, image, options.seconds, options.rate))
        stop.set()
        slow.join()


def _latencies(port: int, image: bytes, seconds: float, rate: float) -> list[float]:
    """Post at a steady rate, each time on a connection of its own as a new client would; return each answer's time."""
    found, begun = [], time.perf_counter()
    for number in range(int(seconds * rate)):
        time.sleep(max(0.0, begun + number / rate - time.perf_counter()))
        started = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("POST", "/predict", image, {"Content-Type": "image/png"})
        response = connection.getresponse()
        response.read()
        connection.close()
        assert response.status == 200, response.status
        found.append(time.perf_counter() - started)
    return found


def _send_slowly(port: int, count: int, stop: threading.Event) -> None:
    connections = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
    for connection in connections:
        connection.sendall(_HEAD)
    while not stop.wait(1.0):
        for connection in connections:
            connection.sendall(b"x")
    for connection in connections:
        connection.close()


def _report(title: str, seconds: list[float]) -> None:
    middle, worst = (1e3 * np.quantile(seconds, share) for share in (0.5, 0.99))
    print(f"{title}: {len(seconds)} answers, median {middle:.1f} ms, p99 {worst:.1f} ms", flush=True)


if __name__ == "__main__":
    main()
