"""A base model: its file, vocabulary and metadata, as llama.cpp reads them."""

from __future__ import annotations

import ctypes
import hashlib
import logging
from functools import cache
from pathlib import Path

from llama_cpp import llama_cpp as llama

from expertd.engine.llama_log import call, reason
from expertd.errors import BaseRefused, EngineFailed
from expertd.experts.tensors import BaseShape

log = logging.getLogger(__name__)

SAMPLES = 256  # places at which the file is read to know it again


class Base:
    """A GGUF model: weights, vocabulary and metadata. Its text methods read only the vocabulary and are thread-safe."""

    def __init__(self, path: Path, *, vocab_only: bool = False, n_gpu_layers: int = 0) -> None:
        """Load `path`. Raises `BaseRefused`, which names the file and the reason."""
        self.path = path
        check_magic(path)
        params = llama.llama_model_default_params()
        params.vocab_only, params.n_gpu_layers = vocab_only, n_gpu_layers
        params.use_extra_bufts = _repacks_safely()
        model = call(llama.llama_model_load_from_file, str(path).encode(), params)
        if not model:
            raise BaseRefused(f"{path} cannot be loaded: {reason()}. Give another file with --base, or pull it again.")
        self.model = model
        self.vocab = llama.llama_model_get_vocab(model)
        self.n_vocab = llama.llama_vocab_n_tokens(self.vocab)
        self.architecture = self.meta("general.architecture") or "unknown"
        # Asked between any two decodes, where a call into llama.cpp hands the interpreter to other threads.
        self._is_end = cache(lambda token: bool(llama.llama_vocab_is_eog(self.vocab, token)))
        self._piece = cache(self._read_piece)
        self.n_ctx_train = llama.llama_model_n_ctx_train(model)
        if not vocab_only and (llama.llama_model_has_encoder(model) or not llama.llama_model_has_decoder(model)):
            self.close()
            raise BaseRefused(
                f"{path} is a {self.architecture} model, which does not generate text. Give a causal model."
            )

    def meta(self, key: str) -> str | None:
        """A value of the GGUF's metadata as text, or None."""
        size = llama.llama_model_meta_val_str(self.model, key.encode(), None, 0)
        if size < 0:
            return None
        buffer = ctypes.create_string_buffer(size + 1)
        llama.llama_model_meta_val_str(self.model, key.encode(), buffer, size + 1)
        return buffer.value.decode("utf-8", "replace")

    def number(self, key: str, default: int = 0) -> int:
        """An integer of the architecture's own metadata, such as `embedding_length`."""
        value = self.meta(f"{self.architecture}.{key}")
        return int(value) if value is not None and value.isdigit() else default

    @property
    def chat_template(self) -> str | None:
        """The GGUF's own Jinja template, or None."""
        template = llama.llama_model_chat_template(self.model, None)
        return template.decode("utf-8", "replace") if template else None

    @property
    def shape(self) -> BaseShape:
        """What an expert of this base must match: sizes, and the tokenizer by its kind and vocabulary."""
        # From the metadata: llama.cpp's own functions abort where only the vocabulary was loaded.
        n_embd, n_head = self.number("embedding_length"), self.number("attention.head_count")
        kind = [self.meta(f"tokenizer.ggml.{key}") or "" for key in ("model", "pre")]
        return BaseShape(
            architecture=self.architecture,
            n_embd=n_embd,
            n_layer=self.number("block_count"),
            n_head=n_head,
            n_head_kv=self.number("attention.head_count_kv", n_head),
            n_ff=self.number("feed_forward_length"),
            head_dim=self.number("attention.key_length", n_embd // max(n_head, 1)),
            tokenizer=f"{'/'.join(kind)}/{self.n_vocab}",
        )

    @property
    def cuttable(self) -> bool:
        """Whether the KV of a sequence holds that of every shorter prefix.

        A recurrent state is of its last token alone, and a sliding window has lost what lies before it.
        """
        recurrent = llama.llama_model_is_recurrent(self.model) or llama.llama_model_is_hybrid(self.model)
        return not recurrent and llama.llama_model_n_swa(self.model) == 0

    @property
    def size_bytes(self) -> int:
        return int(llama.llama_model_size(self.model))

    def file_digest(self) -> bytes:
        """Tells base files apart, 16 bytes: by size, mtime and samples, since to read all would take seconds."""
        status = self.path.stat()
        digest = hashlib.blake2b(f"{status.st_size} {status.st_mtime_ns}".encode(), digest_size=16)
        with self.path.open("rb") as file:
            for i in range(SAMPLES):
                file.seek(i * status.st_size // SAMPLES)
                digest.update(file.read(4096))
        return digest.digest()

    def tokenize(self, text: str, *, add_special: bool = False, parse_special: bool = False) -> list[int]:
        """Token ids of `text`. `parse_special` reads control tokens such as `<|im_end|>` out of it."""
        data = text.encode("utf-8", "surrogatepass")
        room = len(data) + 8
        buffer = (ctypes.c_int32 * room)()
        n = llama.llama_tokenize(self.vocab, data, len(data), buffer, room, add_special, parse_special)
        if n < 0:
            raise EngineFailed(f"the tokenizer needs {-n} tokens for {len(data)} bytes")
        return list(buffer[:n])

    @property
    def tokenize_address(self) -> int:
        """Of `llama_tokenize`, for a library that calls it by itself."""
        return int(ctypes.cast(llama._lib.llama_tokenize, ctypes.c_void_p).value or 0)

    def piece(self, token: int, *, special: bool = False) -> bytes:
        """The bytes of a token; control tokens are empty unless `special`."""
        return self._piece(token, special)

    def _read_piece(self, token: int, special: bool) -> bytes:
        buffer = ctypes.create_string_buffer(64)
        n = llama.llama_token_to_piece(self.vocab, token, buffer, len(buffer), 0, special)
        if n < 0:
            buffer = ctypes.create_string_buffer(-n)
            n = llama.llama_token_to_piece(self.vocab, token, buffer, len(buffer), 0, special)
        return buffer.raw[:n]

    def is_end(self, token: int) -> bool:
        """Whether `token` ends a generation."""
        return self._is_end(token)

    def ends(self) -> list[int]:
        """All tokens that end a generation."""
        return [token for token in range(self.n_vocab) if llama.llama_vocab_is_eog(self.vocab, token)]

    def is_control(self, token: int) -> bool:
        return bool(llama.llama_vocab_is_control(self.vocab, token))

    @property
    def bos(self) -> int:
        """The begin-of-text token, or -1."""
        return int(llama.llama_vocab_bos(self.vocab))

    @property
    def eos(self) -> int:
        """The token that ends a turn: the end-of-turn token where the chat template has it, else end-of-text, or -1."""
        eot, eos = int(llama.llama_vocab_eot(self.vocab)), int(llama.llama_vocab_eos(self.vocab))
        if eot < 0 or eos < 0:
            return max(eot, eos)
        # Where the file names none, llama.cpp guesses one by its text, and takes SmolLM2's <|endoftext|> for it.
        return eot if self.piece(eot, special=True).decode("utf-8", "replace") in (self.chat_template or "") else eos

    def close(self) -> None:
        llama.llama_model_free(self.model)


def check_magic(path: Path) -> None:
    """Refuse what is plainly no GGUF before llama.cpp sees it. Raises `BaseRefused`."""
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise BaseRefused(f"{path} cannot be read: {error.strerror}. Check the path given with --base.") from error
    if magic != b"GGUF":
        raise BaseRefused(f"{path} is not a GGUF file (it starts with {magic!r}). Give a .gguf file.")


@cache
def _repacks_safely() -> bool:
    """Whether llama.cpp may repack weights. For its AMX code it must not: that crashes where many compilers built it.

    See llama.cpp's pull request 26954. Without repacking prompts are read at about half the speed.
    """
    amx = b"AMX_INT8 = 1" in llama.llama_print_system_info()
    if amx:
        log.warning(
            "llama.cpp was built with AMX, whose code can crash: weights are not repacked, which is slower. Build it "
            "anew: CFLAGS=-mno-amx-int8 CXXFLAGS=-mno-amx-int8 pip install --force-reinstall --no-cache-dir "
            "--no-binary llama-cpp-python llama-cpp-python"
        )
    return not amx
