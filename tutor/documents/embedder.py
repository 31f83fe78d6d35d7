"""The process that turns texts into vectors: ``python -m tutor.documents.embedder FOLDER``. One JSON line in, one out.

Says ``ready`` once the model is loaded. {"texts": […]} → {"vectors": base64 of float32 [texts, size]}. Ends with its input.
"""

from __future__ import annotations

import base64
import json
import resource
import sys
from pathlib import Path
from typing import Final

from tutor.documents.bert import Encoder

MEMORY: Final = 4 * 1024 * 1024 * 1024


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    encoder = Encoder(Path(sys.argv[1]))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        vectors = encoder.embed(json.loads(line)["texts"])
        sys.stdout.write(json.dumps({"vectors": base64.b64encode(vectors.tobytes()).decode()}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
