"""Coverage-guided fuzzing of every decoder and of the error classifier, with atheris.

    pip install atheris
    python tests/chaos/fuzz_wire.py --seconds 600 [--corpus FOLDER]

The first byte of an input chooses the dialect and whether a stream was asked for, the second how
the rest is cut. A decoder must never raise, must say the same however its input is cut, and must
never pass an answer off as good that holds nothing. What is found is written by libFuzzer as
`crash-…`; keep it as a test of that dialect.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "wire"))

try:
    import atheris
except ImportError:
    sys.exit("this campaign needs atheris: pip install atheris")

with atheris.instrument_imports(include=["nbapimgr.wire"]):
    from nbapimgr.wire import DIALECTS, dialect, failures

    SPOKEN = [dialect(name) for name in DIALECTS]

HEADERS = (
    {"content-type": "text/event-stream"},
    {"content-type": "application/json"},
    {"content-type": "application/vnd.amazon.eventstream"},
    {"content-type": "application/x-ndjson"},
)


def outcome(data: bytes, spoken, stream: bool, headers: dict[str, str], step: int):  # noqa: FBT001  # a case
    decoder = spoken.decoder(headers, stream=stream, now=0.0)
    shown = ""
    for start in range(0, len(data), step):
        shown += "".join(
            d.text for d in decoder.feed(data[start : start + step]) if d.kind == "text"
        )
    return decoder.end(), shown


def one_input(data: bytes) -> None:
    if len(data) < 3:  # two bytes choose, the rest is the body
        return
    choice, step, body = data[0], 1 + data[1] % 64, data[2:]
    spoken = SPOKEN[choice % len(SPOKEN)]
    stream = bool(choice & 64)
    headers = HEADERS[choice % len(HEADERS)] if choice & 128 else HEADERS[0 if stream else 1]
    whole, shown = outcome(body, spoken, stream, headers, max(1, len(body)))
    cut, shown_cut = outcome(body, spoken, stream, headers, step)
    assert whole == cut, f"{spoken.NAME}: the cut decides"
    assert shown == shown_cut, f"{spoken.NAME}: what is shown depends on the cut"
    if whole.failure is None:
        something = whole.text or whole.content or whole.refusal
        assert something, f"{spoken.NAME}: nothing, and no failure"
    failures.classify(spoken.NAME, 400 + choice, headers, body, now=0.0)


def seeds(folder: Path) -> None:
    """Good answers of every dialect, so that the search starts beyond the first brace."""
    from wire_samples import SAMPLES

    for number, sample in enumerate(SAMPLES):
        place = list(DIALECTS).index(sample.dialect)
        choice = place | (0 if sample.whole else 64)
        (folder / f"seed-{number}").write_bytes(bytes([choice, 7]) + sample.body)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--corpus", type=Path)
    options = parser.parse_args()
    folder = options.corpus or Path(tempfile.mkdtemp(prefix="nbapimgr-fuzz-"))
    folder.mkdir(parents=True, exist_ok=True)
    seeds(folder)
    flags = [f"-max_total_time={options.seconds}", "-max_len=20000", "-print_final_stats=1"]
    atheris.Setup([sys.argv[0], *flags, str(folder)], one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
