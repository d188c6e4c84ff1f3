"""A filter made of a classifier and a policy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from inference.engines.base import Image
from inference.errors import EngineError
from inference.safety import Verdict
from inference.safety.policy import Policy
from inference.safety.views import views_of

_VIEWS_MAX = 16  # looked at in one go: four photos; bounds the memory to about 100 MB


class Classifier(Protocol):
    """Gives every label a probability."""

    @property
    def labels(self) -> tuple[str, ...]: ...

    @property
    def side_px(self) -> int:
        """Of the pictures that the network sees."""
        ...

    def classify(self, views: Sequence[Image]) -> NDArray[np.float32]:
        """Return N × labels for N pictures of any size, H×W×3 uint8 RGB."""
        ...


class ClassifierFilter:
    """Looks at the whole and at its squares; what counts is the view in which a category shows most."""

    def __init__(self, name: str, classifier: Classifier, policy: Policy) -> None:
        """Raises `BadPolicy` if the policy names labels that the classifier does not have."""
        policy.check_labels(classifier.labels)
        self.name = name
        self._classifier, self._policy = classifier, policy

    def check(self, image: Image) -> Verdict:
        """Judge one H×W×3 uint8 RGB picture."""
        return self.check_many([image])[0]

    def check_many(self, images: Sequence[Image]) -> list[Verdict]:
        """Judge several pictures, in order; faster than one by one on a GPU."""
        views = [views_of(image, self._classifier.side_px) for image in images]
        together = [view for of_one in views for view in of_one]
        rows: list[NDArray[np.float32]] = []
        for start in range(0, len(together), _VIEWS_MAX):
            rows.extend(self._classifier.classify(together[start : start + _VIEWS_MAX]))
        verdicts = []
        for of_one in views:
            mine, rows = rows[: len(of_one)], rows[len(of_one) :]
            verdicts.append(self._judge(mine))
        return verdicts

    def _judge(self, rows: Sequence[NDArray[np.float32]]) -> Verdict:
        labels = self._classifier.labels
        if any(len(row) != len(labels) for row in rows):
            raise EngineError("The content filter's model gave another number of labels than it has.")
        scores = [self._policy.score(dict(zip(labels, map(float, row), strict=True))) for row in rows]
        return self._policy.judge({name: max(score[name] for score in scores) for name in scores[0]})
