"""The engine: llama.cpp behind a scheduler. Importing it settles how its threads wait for each other."""

import os

# Threads of llama.cpp meet at a thousand barriers a token. GNU OpenMP lets them spin there for milliseconds, so with
# another busy program each waits for one that has no core: 0.3 tokens a second on two cores instead of 20. This many
# rounds cost nothing on a quiet machine and keep a busy one going (docs/engine.md). Read when the library is loaded.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")
