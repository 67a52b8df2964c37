"""Posts an image twenty times a second, each on its own connection, until /tmp/stop appears; prints what came back.

It runs in a pod beside the service, since a Service spreads connections over its pods only inside the cluster.
"""

import io
import json
import random
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path

from PIL import Image

URL = "http://image-classifier/predict"
SECONDS_BETWEEN = 0.05
STOP = Path("/tmp/stop")


def picture() -> bytes:
    image = Image.new("RGB", (320, 240))
    image.putdata([tuple(random.randrange(256) for _ in range(3)) for _ in range(320 * 240)])
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def main() -> None:
    body, answers, threads = picture(), Counter(), []

    def post() -> None:
        request = urllib.request.Request(URL, body, {"Content-Type": "image/png"})
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                answers[str(response.status)] += 1
        except (OSError, urllib.error.HTTPError) as error:
            answers[repr(error)] += 1

    while not STOP.exists():
        threads.append(threading.Thread(target=post))
        threads[-1].start()
        time.sleep(SECONDS_BETWEEN)
    for thread in threads:
        thread.join()
    json.dump(answers, sys.stdout)


main()
