# Everything a person runs. `make run` and `make test` need Python 3.10+, a C++ compiler and make, and nothing else.
PYTHON ?= python3
TORCH ?= torch==2.13.0
BIN := .venv/bin
LLAMA := $(shell sed -n 's/^ *"\(llama-cpp-python[^"]*\)".*/\1/p' pyproject.toml)
# Its stamp carries the version that is asked for, so that another one in pyproject.toml is built.
BUILT := .venv/$(shell echo '$(LLAMA)' | tr -c 'a-z0-9.\n' -)
# Many compilers optimize the tile configuration of llama.cpp's AMX code away, and it crashes (its pull request 26954).
NO_AMX := $(shell echo | $${CC:-cc} -mno-amx-int8 -E - >/dev/null 2>&1 && echo -mno-amx-int8)
DEMO := "Which customers older than 30 have never ordered anything?"

.PHONY: run test test-slow check bench score experts docs clean

run: .venv/installed
	@dir=$$(mktemp -d) && export EXPERTD_SOCKET=$$dir/expertd.sock EXPERTD_PORT=0 && \
	echo '$$ cat experts/sql/example.sql | expertd ask -e sql --timings $(DEMO)' && \
	$(BIN)/expertd ask -e sql --timings $(DEMO) < experts/sql/example.sql; code=$$?; \
	$(BIN)/expertd stop; rm -rf $$dir; exit $$code

# By two processes: most tests wait for a daemon that decodes on one core.
test: .venv/installed-test
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

# 10,000 interleavings, and a soak of SOAK_SECONDS (600).
test-slow: .venv/installed-test
	$(BIN)/pytest -m slow --timeout 3600

check: .venv/installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/installed-test
	$(BIN)/python -m bench.peer
	$(BIN)/python -m bench.experts
	$(BIN)/python -m bench.structured
	$(BIN)/python -m bench.startup
	$(BIN)/python -m bench.base_layouts --docs
	$(BIN)/python -m bench.blend_sizes --docs

score: .venv/installed-test
	$(BIN)/python -m experts.scoring --write --keep-base
	$(BIN)/python -m bench.tools

# All shipped experts on any base, trained, scored and packed: make experts BASE=qwen3-0.6b OUT=~/qwen-experts
# or some of them: make experts NAMES="regex shell". docs/train.md has the time it takes.
experts: .venv/installed-test
	$(BIN)/python -m experts.build $(NAMES) $(if $(BASE),--base $(BASE)) $(if $(OUT),--out $(OUT)) --dist $(if $(OUT),$(OUT)-packages,dist)

docs: .venv/installed-test
	$(BIN)/python -m experts.table
	$(BIN)/python -m bench.readme

clean:
	rm -rf .venv build *.egg-info .pytest_cache .hypothesis .mypy_cache .ruff_cache

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo "expertd needs Python 3.10 or newer: make PYTHON=python3.11"; exit 1; }
	$(PYTHON) -m venv .venv

# llama.cpp, built once from source: some minutes. Its multimodal part is left out; OpenMP stays on.
$(BUILT): .venv/bin/python
	@echo "building llama.cpp (once; the log is .venv/llama.log)"
	@CFLAGS="$(CFLAGS) $(NO_AMX)" CXXFLAGS="$(CXXFLAGS) $(NO_AMX)" CMAKE_ARGS="-DLLAVA_BUILD=OFF -DGGML_OPENMP=ON" CMAKE_BUILD_PARALLEL_LEVEL=$$(getconf _NPROCESSORS_ONLN) \
	  $(BIN)/python -m pip install --verbose "$(LLAMA)" > .venv/llama.log 2>&1 & pid=$$!; \
	trap 'kill $$pid; echo; echo "interrupted: the next make builds it from the start"; exit 130' INT TERM; \
	while kill -0 $$pid 2>/dev/null; do \
	  sleep 2; printf '\r  %s ' "$$(grep -oE '^ *\[[0-9]+/[0-9]+\]' .venv/llama.log | tail -n 1 | tr -d ' ')"; \
	done; echo; wait $$pid || { tail -n 40 .venv/llama.log; exit 1; }
	@rm -f .venv/llama-cpp-python*
	@touch $@

.venv/installed: $(BUILT) pyproject.toml
	$(BIN)/python -m pip install --quiet -e .
	@touch $@

.venv/installed-test: .venv/installed
	$(BIN)/python -m pip install --quiet "$(TORCH)"
	$(BIN)/python -m pip install --quiet -e '.[train,test]'
	@touch $@
