"""General lexicons to compare with, where their packages are installed: VADER, and VADER with FinVADER's word lists."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

Score = Callable[[str], float]
_SENTIBIGNOMICS_FACTOR = 0.1  # FinVADER's own


def peers() -> Iterator[tuple[str, Score]]:
    """Yield the name and the scoring function of each peer that is installed."""
    if find_spec("vaderSentiment") is None:
        return
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer  # noqa: PLC0415 (no part of the run time)

    yield "VADER", _compound(SentimentIntensityAnalyzer())
    if (package := find_spec("finvader")) is not None and package.submodule_search_locations:
        # Importing FinVADER itself downloads a lexicon; its two lists are what it adds to VADER.
        folder = Path(package.submodule_search_locations[0])
        general = _module(folder / "SentiBignomics.py").lexicon1()
        analyser = SentimentIntensityAnalyzer()
        analyser.lexicon.update({word: strength * _SENTIBIGNOMICS_FACTOR for word, strength in general.items()})
        analyser.lexicon.update(_module(folder / "Henry.py").lexicon2())
        yield "FinVADER's lists in VADER", _compound(analyser)


def _compound(analyser: object) -> Score:
    return lambda text: float(analyser.polarity_scores(text)["compound"])  # type: ignore[attr-defined]


def _module(path: Path) -> ModuleType:
    spec = spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no module")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
