#!/usr/bin/env bash
# Build llama-server from the very source that the installed llama-cpp-python was built from, so that a comparison
# differs in nothing but the program. Minutes once; prints the path of the binary.
set -euo pipefail
python=${PYTHON:-.venv/bin/python}
version=$("$python" -c 'from importlib.metadata import version; print(version("llama-cpp-python"))')
home=${XDG_CACHE_HOME:-$HOME/.cache}/expertd-peers/$version
server=$home/build/bin/llama-server
if [[ ! -x $server ]]; then
  mkdir -p "$home"
  "$python" -m pip download --quiet --no-deps --no-binary :all: --dest "$home" "llama-cpp-python==$version" >&2
  tar -xzf "$home"/llama_cpp_python-"$version".tar.gz -C "$home"
  # As the Makefile builds ours.
  no_amx=$(echo | "${CC:-cc}" -mno-amx-int8 -E - >/dev/null 2>&1 && echo -mno-amx-int8 || true)
  export CFLAGS="${CFLAGS:-} $no_amx" CXXFLAGS="${CXXFLAGS:-} $no_amx"
  cmake -S "$home/llama_cpp_python-$version/vendor/llama.cpp" -B "$home/build" -DCMAKE_BUILD_TYPE=Release \
    -DLLAMA_CURL=OFF -DLLAMA_OPENSSL=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_UI=OFF >&2
  cmake --build "$home/build" --parallel "$(getconf _NPROCESSORS_ONLN)" --target llama-server >&2
fi
echo "$server"
