"""LitServe: two workers behind a queue."""

import sys

import litserve
from fastapi import Request

from image_classifier.artifact import SHIPPED, load_artifact
from image_classifier.classifier import Classifier


class Peer(litserve.LitAPI):
    """One classifier in each worker."""

    def setup(self, device: str) -> None:
        """Load the artifact."""
        self.classifier = Classifier(load_artifact(SHIPPED))

    def decode_request(self, request: Request) -> bytes:
        """Take the file from a multipart field `image`."""
        return request["image"].file.read()

    def predict(self, image: bytes) -> dict[str, object]:
        """Answer for a file."""
        return vars(self.classifier.classify(image))

    def encode_response(self, output: dict[str, object]) -> dict[str, object]:
        """Send the answer as it is."""
        return output


if __name__ == "__main__":
    server = litserve.LitServer(Peer(), accelerator="cpu", workers_per_device=2, fast_queue=False)
    server.run(host="127.0.0.1", port=int(sys.argv[1]), generate_client_file=False, log_level="warning")
