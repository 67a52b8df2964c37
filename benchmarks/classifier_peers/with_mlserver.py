"""MLServer: a custom runtime in two inference workers."""

from mlserver import MLModel
from mlserver.codecs import Base64Codec, StringCodec
from mlserver.types import InferenceRequest, InferenceResponse

from image_classifier.artifact import SHIPPED, load_artifact
from image_classifier.classifier import Classifier


class Peer(MLModel):
    """One classifier in each worker."""

    async def load(self) -> bool:
        """Load the artifact."""
        self.classifier = Classifier(load_artifact(SHIPPED))
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Answer for files sent as base64, as its protocol wants them."""
        answers = [self.classifier.classify(data) for data in Base64Codec.decode_input(payload.inputs[0])]
        outputs = [
            StringCodec.encode_output("class", [answer.label for answer in answers]),
            StringCodec.encode_output("probability", [repr(answer.probability) for answer in answers]),
        ]
        return InferenceResponse(model_name=self.name, outputs=outputs)
