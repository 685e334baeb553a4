"""The engine: llama.cpp behind a scheduler. Importing it settles how its threads wait for each other."""

import os

# Threads of llama.cpp meet at a thousand barriers a token. GNU OpenMP lets them spin there for milliseconds, so with
# another busy program on the machine each waits for one that has no core: 0.3 tokens a second instead of 133 on two
# cores (measured; 39 with this value, which costs nothing on a quiet machine). Read when the library is loaded.
os.environ.setdefault("GOMP_SPINCOUNT", "500")
