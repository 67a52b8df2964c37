"""The service as processes under gunicorn: what happens when clients are slow, workers die, and it is told to stop."""

from __future__ import annotations

import base64
import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.error
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from image_classifier.drawing import draw_picture
from tests.image_classifier.conftest import Running, Serve, children, encoded, free_port


def resident_megabytes(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def raw_request(port: int, *parts: bytes, pause: float = 0.0) -> bytes:
    """Send the parts with pauses between them and return all that comes back."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        for part in parts:
            connection.sendall(part)
            time.sleep(pause)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
        return received


def test_metrics_add_up_over_the_workers(serve: Serve, chart: bytes) -> None:
    service = serve(SERVE_WORKERS="2")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: service.post("/predict", chart), range(40)))
    scraped = {service.get("/metrics") for _ in range(6)}
    for text in scraped:
        assert 'image_classifier_requests_total{route="/predict",status="200"} 40.0' in text


def test_a_killed_worker_is_replaced_while_others_answer_and_its_counts_stay(serve: Serve, chart: bytes) -> None:
    service = serve(SERVE_WORKERS="2")
    for _ in range(10):
        service.post("/predict", chart)
    before = service.workers()
    os.kill(before[0], signal.SIGKILL)
    answered = 0
    while len(set(service.workers()) - {before[0]}) < 2 or answered < 10:
        answered += post_or_reset(service, chart)
    assert 'route="/predict",status="200"} ' in service.get("/metrics")
    counted = next(line for line in service.get("/metrics").splitlines() if 'requests_total{route="/predict"' in line)
    assert float(counted.rsplit(" ", 1)[1]) >= 10 + answered


def post_or_reset(service: Running, data: bytes) -> bool:
    """Post; a connection that the killed worker had already accepted is lost with it."""
    try:
        service.post("/predict", data)
    except (ConnectionError, http.client.HTTPException, urllib.error.URLError):
        return False
    return True


def test_sigterm_finishes_what_is_in_flight(serve: Serve) -> None:
    """Requests whose bodies are still arriving when SIGTERM comes are answered, and the service then ends by itself."""
    service = serve(SERVE_WORKERS="2")
    data = encoded(draw_picture("meme", 5, 1))
    head = (
        f"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: {len(data)}\r\n\r\n".encode()
    )
    connections = [socket.create_connection(("127.0.0.1", service.port), timeout=60) for _ in range(6)]
    for connection in connections:
        connection.sendall(head + data[: len(data) // 2])
    time.sleep(1)
    service.process.send_signal(signal.SIGTERM)
    time.sleep(1)
    for connection in connections:
        connection.sendall(data[len(data) // 2 :])
    for connection in connections:
        with connection:
            assert connection.recv(65536).startswith(b"HTTP/1.1 200")
    assert service.process.wait(40) == 0
    with pytest.raises(OSError, match="refused"):
        service.get("/healthz")


def test_sigterm_loses_no_request_that_was_accepted(serve: Serve, chart: bytes) -> None:
    """Under steady load every request is either answered in full or its connection is refused: none is cut off."""
    service = serve(SERVE_WORKERS="2")

    def ask(_: int) -> str:
        try:
            return service.post("/predict", chart)[:9].decode()
        except urllib.error.URLError as error:
            return "refused" if isinstance(error.reason, ConnectionRefusedError) else f"lost: {error.reason!r}"
        except (ConnectionError, http.client.HTTPException) as error:
            return f"lost: {error!r}"

    with ThreadPoolExecutor(6) as pool:
        asked = [pool.submit(ask, number) for number in range(400)]
        time.sleep(0.5)
        service.process.send_signal(signal.SIGTERM)
        outcomes = {future.result() for future in asked}
    assert service.process.wait(40) == 0
    assert outcomes <= {'{"class":', "refused"}
    assert '{"class":' in outcomes


def test_connections_that_wait_when_the_service_is_told_to_stop_are_answered(serve: Serve) -> None:
    """The only worker is stopped while connections pile up in the listener's backlog, then told to end, and woken."""
    service = serve(SERVE_WORKERS="1")
    (worker,) = service.workers()
    os.kill(worker, signal.SIGSTOP)
    waiting = [socket.create_connection(("127.0.0.1", service.port), timeout=60) for _ in range(500)]
    for connection in waiting:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    service.process.send_signal(signal.SIGTERM)
    while not _is_pending(worker, signal.SIGTERM):  # until gunicorn has closed its own listener and passed it on
        time.sleep(0.05)
    os.kill(worker, signal.SIGCONT)
    answers = Counter(_first_bytes(connection) for connection in waiting)
    assert answers.keys() <= {b"HTTP/1.1 200", b"HTTP/1.1 503"}  # so many at once are too many, and are told so


def _is_pending(pid: int, number: signal.Signals) -> bool:
    status = Path(f"/proc/{pid}/status").read_text()
    return any(int(line.split()[1], 16) >> (number - 1) & 1 for line in status.splitlines() if "Pnd" in line)


def _first_bytes(connection: socket.socket) -> bytes:
    with connection:
        try:
            return connection.recv(12)
        except ConnectionError:
            return b"cut off"


def test_the_memory_of_one_picture_serves_for_the_next(serve: Serve) -> None:
    """Left to itself the allocator gives every picture's memory back, and each page of the next is a fault."""
    service = serve(SERVE_WORKERS="1")
    (worker,) = service.workers()
    picture = encoded(Image.effect_noise((640, 640), 60).convert("RGB"))

    def faults() -> int:
        return int(Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()[7])

    for _ in range(200):  # until the heap has room for a picture among what else it holds
        service.post("/predict", picture)
    before = faults()
    for _ in range(10):
        service.post("/predict", picture)
    assert (faults() - before) / 10 < 100  # of the some 300 that its pixels take


def quantile(seconds: list[float], share: float) -> float:
    return sorted(seconds)[int(share * (len(seconds) - 1))]


def timed_answers(service: Running, data: bytes, count: int) -> list[float]:
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
    seconds = []
    for _ in range(count):
        begun = time.perf_counter()
        connection.request("POST", "/predict", data, {"Content-Type": "image/png"})
        assert connection.getresponse().read().startswith(b'{"class"')
        seconds.append(time.perf_counter() - begun)
    connection.close()
    return seconds


def test_two_hundred_slow_clients_do_not_slow_the_others(serve: Serve, chart: bytes) -> None:
    """Each sends a byte at a time of its headers or its body; the others wait no longer than they do without them."""
    service = serve(SERVE_WORKERS="2")
    alone = timed_answers(service, chart, 100)
    head = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\n"
    slow = [socket.create_connection(("127.0.0.1", service.port), timeout=60) for _ in range(200)]
    for number, connection in enumerate(slow):
        connection.sendall(head if number % 2 else head + b"Content-Length: 5000\r\n\r\n")
    beside: list[float] = []
    for _ in range(5):
        for connection in slow:
            connection.sendall(b"x")
        beside += timed_answers(service, chart, 20)
    for connection in slow:
        connection.close()
    assert quantile(beside, 0.5) < 5 * quantile(alone, 0.5)
    assert max(beside) < 10 * max(alone)


def test_who_does_not_send_in_time_is_told_so(serve: Serve, chart: bytes) -> None:
    service = serve(SERVE_WORKERS="1", SERVE_REQUEST_SECONDS="2")
    head = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\n"
    stalled = [head + b"Content-Length: 5000\r\n\r\n", head + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabc", head]
    with ThreadPoolExecutor(3) as pool:
        answers = [pool.submit(raw_request, service.port, part) for part in stalled]
        assert service.post("/predict", chart).startswith(b'{"class"')
        for answer in answers:
            assert answer.result().startswith(b"HTTP/1.1 408")
            assert b"did not arrive in time" in answer.result()


def test_bodies_that_come_in_part_take_so_much_memory_and_no_more(serve: Serve, chart: bytes) -> None:
    """Where more is sent and held than a worker keeps, what is at it longest makes room; the others are answered."""
    service = serve(SERVE_WORKERS="1")
    (worker,) = service.workers()
    before = resident_megabytes(worker)
    part = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: 8000000\r\n\r\n"
    held = []
    for _ in range(12):
        connection = socket.create_connection(("127.0.0.1", service.port), timeout=60)
        connection.sendall(part + b"x" * 7_000_000)
        held.append(connection)
    assert service.post("/predict", chart).startswith(b'{"class"')
    assert held[0].recv(1000).startswith(b"HTTP/1.1 408")
    assert resident_megabytes(worker) < before + 60
    for connection in held:
        connection.close()


def test_kept_connections_are_all_answered(serve: Serve, chart: bytes) -> None:
    service = serve(SERVE_WORKERS="1")
    with ThreadPoolExecutor(6) as pool:
        assert [len(seconds) for seconds in pool.map(lambda _: timed_answers(service, chart, 15), range(6))] == [15] * 6


def test_requests_that_follow_without_waiting_are_answered_in_order(service: Running, chart: bytes) -> None:
    """Pipelined: those that a thread answers, and those that the loop answers itself."""
    post = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: %d\r\n\r\n" % len(chart)
    get = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    last = b"GET /v2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    received = raw_request(service.port, get + post + chart + get + post + chart + post + chart + last)
    found = [received.find(text) for text in (b'"alive"', b'"class"', b'"extensions"')]
    assert found == sorted(found)
    assert received.count(b"HTTP/1.1 200 OK") == 6
    assert received.count(b'"class"') == 3


def test_a_client_that_waits_for_leave_to_send_gets_it(service: Running, chart: bytes) -> None:
    head = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nConnection: close\r\n"
    head += b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(chart)
    received = raw_request(service.port, head, chart, pause=0.2)
    assert received.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 100_000 + b"\r\n\r\n", b"431"),
        (b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", b"400"),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: h2c\r\n\r\n", b"200"),
        (b"GET /healthz HTTP/1.0\r\n\r\n", b"200"),
        (b"HEAD /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"200"),
    ],
)
def test_what_is_no_plain_request_gets_a_plain_answer(service: Running, sent: bytes, status: bytes) -> None:
    assert raw_request(service.port, sent).startswith(b"HTTP/1.1 " + status)


LARGEST = Image.new("RGB", (5000, 5000))


def test_a_list_cannot_multiply_what_an_image_may_cost(service: Running) -> None:
    """Thirty-two times 25 million pixels in two kilobytes are refused from their headers."""
    data = encoded(LARGEST, "WEBP", lossless=True)
    body = json.dumps({"image": [base64.b64encode(data).decode()] * 32}).encode()
    begun = time.process_time()
    with pytest.raises(urllib.error.HTTPError) as caught:
        service.post("/predict", body, "application/json")
    assert caught.value.code == 413
    assert json.loads(caught.value.read())["limit"] == {"name": "request_pixels", "value": 50_000_000}
    assert time.process_time() - begun < 5


def test_costly_images_wait_for_each_other_and_nobody_else_does(serve: Serve, chart: bytes) -> None:
    """Sixteen of the costliest are decoded one at a time; every one is answered or told to come again."""
    service = serve(SERVE_WORKERS="2")
    data = encoded(LARGEST, "WEBP", lossless=True)
    with ThreadPoolExecutor(16) as pool:
        costly = [pool.submit(status_of, service, data) for _ in range(16)]
        beside = timed_answers(service, chart, 40)
        assert not all(future.done() for future in costly), "the others were to be answered in the meantime"
        statuses = {future.result() for future in costly}
    assert statuses <= {200, 503}
    assert 200 in statuses
    assert quantile(beside, 0.9) < 1.0
    assert max(resident_megabytes(pid) for pid in service.workers()) < 200


def test_a_decoder_that_is_killed_costs_one_answer(serve: Serve) -> None:
    """The child that decodes may die of what it reads: the image is refused, and the next one is decoded."""
    service = serve(SERVE_WORKERS="1")
    data = encoded(LARGEST, "WEBP", lossless=True)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(status_of, service, data)
        while not answer.done() and not (found := children(service.decoder())):
            time.sleep(0.005)
        os.kill(found[0], signal.SIGKILL)
        assert answer.result() == 413
    assert status_of(service, data) == 200


def test_a_killed_decoder_is_started_again_and_who_asks_meanwhile_waits(serve: Serve) -> None:
    service = serve(SERVE_WORKERS="1")
    before = service.decoder()
    os.kill(before, signal.SIGKILL)
    assert status_of(service, encoded(draw_picture("chart", 3, 1), "AVIF")) == 200
    assert service.decoder() != before


def test_the_decoder_ends_with_the_service(serve: Serve) -> None:
    service = serve(SERVE_WORKERS="1")
    decoder = service.decoder()
    service.process.kill()
    deadline = time.monotonic() + 20
    while Path(f"/proc/{decoder}").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not Path(f"/proc/{decoder}").exists()


@pytest.mark.parametrize("framing", [b"Content-Length: 50000000\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n"])
def test_a_huge_body_is_refused_while_it_is_read(service: Running, framing: bytes) -> None:
    head = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/octet-stream\r\n" + framing
    chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n" if b"chunked" in framing else b"x" * 0x100000
    sent = 0
    with socket.create_connection(("127.0.0.1", service.port), timeout=60) as connection:
        connection.sendall(head)
        received = b""
        try:
            while sent < 40:
                connection.sendall(chunk)
                sent += 1
            received = connection.recv(65536)
        except ConnectionError:
            received = received or connection.recv(65536) if sent == 0 else b"HTTP/1.1 413"
    assert sent < 40
    assert received.startswith(b"HTTP/1.1 413")


def status_of(service: Running, data: bytes) -> int:
    try:
        service.post("/predict", data)
    except urllib.error.HTTPError as error:
        return error.code
    return 200


def test_mutated_images_leave_the_workers_alive_and_within_bounds(service: Running) -> None:
    """A thousand broken files, some of them large pictures: every one is answered, and no worker grows or dies."""
    source = random.Random(7)
    seeds = [encoded(draw_picture("chart", 3, n), kind) for n, kind in enumerate(["PNG", "JPEG", "WEBP", "GIF", "BMP"])]
    seeds.append(encoded(Image.new("RGB", (4800, 5000)), "PNG"))
    workers = service.workers()
    for number in range(1000):
        data = bytearray(seeds[number % len(seeds)] if number % 50 else seeds[-1])
        for _ in range(source.randrange(1, 20)):
            data[source.randrange(len(data))] = source.randrange(256)
        cut = source.randrange(1, len(data) + 1) if number % 3 else len(data)
        assert status_of(service, bytes(data[:cut])) in {200, 413, 415, 422}
        if number == 300:
            before = [resident_megabytes(pid) for pid in workers]
    assert service.workers() == workers
    assert max(resident_megabytes(pid) for pid in workers) < 350
    assert sum(resident_megabytes(pid) for pid in workers) < sum(before) + 60


def test_a_worker_at_rest_holds_at_most_100_megabytes(serve: Serve, chart: bytes) -> None:
    service = serve(SERVE_WORKERS="2")
    for _ in range(30):
        service.post("/predict", chart)
    assert max(proportional_megabytes(pid) for pid in service.workers()) < 100


def test_workers_share_the_model_that_was_loaded_before_they_were_forked(serve: Serve, chart: bytes) -> None:
    """Loaded by each, it alone would take twice its 12 MB: as it is in the file, and as it is computed with."""
    service = serve(SERVE_WORKERS="2")
    for _ in range(30):
        service.post("/predict", chart)
    assert max(own_megabytes(pid) for pid in service.workers()) < 25


def proportional_megabytes(pid: int) -> float:
    """Memory of a process with shared pages divided among those that share them (PSS)."""
    return memory_megabytes(pid)["Pss"]


def own_megabytes(pid: int) -> float:
    """What a process has written of its own memory."""
    return memory_megabytes(pid)["Private_Dirty"]


def memory_megabytes(pid: int) -> dict[str, float]:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    return {name: int(size.split()[0]) / 1e3 for name, size in (line.split(":") for line in lines)}


@pytest.mark.parametrize(
    ("settings", "code", "words"),
    [
        ({"SERVE_PORT": "99999"}, 78, "SERVE_PORT"),
        ({"SERVE_WORKERS": "none"}, 78, "SERVE_WORKERS"),
        ({"SERVE_ARTIFACT": "/nowhere"}, 66, "/nowhere is not a model artifact"),
    ],
)
def test_wrong_settings_are_one_line_and_an_exit_code(settings: dict[str, str], code: int, words: str) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "image_classifier", "serve"],
        env={**os.environ, "SERVE_PORT": str(free_port()), **settings},
        capture_output=True,
        text=True,
    )
    assert run.returncode == code
    assert words in run.stderr
    assert "Traceback" not in run.stderr


def test_a_port_in_use_is_said_at_once(service: Running) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "image_classifier", "serve", "--port", str(service.port)], capture_output=True, text=True
    )
    assert run.returncode == 78
    assert f"port {service.port} on 127.0.0.1 is in use" in run.stderr
