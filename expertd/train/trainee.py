"""The base with an adapter to be trained, of any kind that is served, beside the same base without."""

from __future__ import annotations

import copy
import itertools
import random
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias, cast

import torch
from peft import (
    IA3Config,
    LoraConfig,
    PromptTuningConfig,
    get_peft_model,
    get_peft_model_state_dict,
    set_peft_model_state_dict,
)
from peft.helpers import disable_input_dtype_casting
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from transformers import AutoConfig, AutoModelForCausalLM, GgufConfig
from transformers.utils import logging as transformers_logging

from expertd.engine.base import Base
from expertd.errors import TrainingRefused
from expertd.experts.peft_adapter import CONFIG, PROMPT, TENSORS
from expertd.train.attention import NAME
from expertd.train.recipe import Kind, Recipe

State = dict[str, torch.Tensor]
Config: TypeAlias = LoraConfig | IA3Config | PromptTuningConfig

FILES = (CONFIG, TENSORS)
# B learns faster than A by this factor: "LoRA+", Hayou et al. 2024, arXiv:2402.12354.
B_RATIO = 6.0


class Trainee:
    """A base with a fresh adapter, and the same base without: two sets of modules over one set of weights.

    So the prompt's pass never turns the adapter off, and several threads may run batches at once.
    """

    def __init__(
        self, base: Any, config: LoraConfig | IA3Config | PromptTuningConfig, soft: Sequence[int] = ()
    ) -> None:
        """`soft` are the tokens that a soft prompt begins as."""
        base.set_attn_implementation(NAME)
        self.config = config
        shared = {id(t): t for t in itertools.chain(base.parameters(), base.buffers())}
        self.trunk = copy.deepcopy(base.model, shared)  # of the plain base, from embeddings to the last norm
        self.lm_head = base.lm_head
        self.logit_cap: float | None = getattr(base.config, "final_logit_softcapping", None)
        self.soft: torch.nn.Parameter | None = None  # [tokens, n_embd]
        self.peft: Any = None
        if isinstance(config, PromptTuningConfig):
            base.requires_grad_(False)
            rows = base.get_input_embeddings().weight[list(soft)]
            self.soft = torch.nn.Parameter(rows.detach().float().clone())
            self.adapted_trunk = self.trunk
            self.parameters = [self.soft]
        else:
            self.peft = get_peft_model(base, config)
            self.adapted_trunk = self.peft.get_base_model().model
            self.lm_head = self.peft.get_base_model().lm_head
            self.parameters = [p for p in self.peft.parameters() if p.requires_grad]

    def rated(self) -> list[dict[str, Any]]:
        """The optimizer's groups: `ratio` is to the learning rate. Only matrices decay: a vector's rest is not zero."""
        if self.soft is not None:
            return [{"params": [self.soft], "ratio": 1.0, "weight_decay": 0.0}]
        named = [(name, p) for name, p in self.peft.named_parameters() if p.requires_grad]
        a = [p for name, p in named if "lora_A." in name]
        b = [p for name, p in named if "lora_B." in name]
        vectors = [p for name, p in named if "lora_A." not in name and "lora_B." not in name]
        kinds = ((a, 1.0, 0.01), (b, B_RATIO, 0.01), (vectors, 1.0, 0.0))
        return [{"params": p, "ratio": ratio, "weight_decay": decay} for p, ratio, decay in kinds if p]

    def state(self) -> State:
        """The adapter as PEFT names it; not a copy."""
        if self.soft is not None:
            return {PROMPT: self.soft.detach()}
        return cast(State, get_peft_model_state_dict(self.peft))

    def set_state(self, state: State) -> None:
        if self.soft is not None:
            with torch.no_grad():
                self.soft.copy_(state[PROMPT])
        else:
            set_peft_model_state_dict(self.peft, state)

    def save(self, folder: Path, base_name: str) -> None:
        """The PEFT folder: matrices in f16, vectors as they are. Raises `OSError`."""
        self.config.base_model_name_or_path = base_name
        self.config.inference_mode = True
        self.config.save_pretrained(str(folder))
        matrices = ("lora_A", "lora_B")
        weights = {
            name: weight.to("cpu", torch.float16 if any(m in name for m in matrices) else torch.float32).contiguous()
            for name, weight in self.state().items()
        }
        # Not `save_file`: its files are their writer's alone, and a full disk is no `OSError` of it.
        (folder / TENSORS).write_bytes(save(weights, metadata={"format": "pt"}))

    def to_bf16(self) -> None:
        """The base's weights in bf16, the adapter's in fp32; autocast casts what the adapter reads."""
        trained = {id(p) for p in self.parameters}
        for module in (self.trunk, self.adapted_trunk, self.lm_head):
            for parameter in module.parameters():
                if id(parameter) not in trained:
                    parameter.data = parameter.data.to(torch.bfloat16)
        if self.peft is not None:  # PEFT would cast the adapter's input up to fp32 first
            self._no_casts = disable_input_dtype_casting(self.peft)
            self._no_casts.__enter__()

    def start_from(self, folder: Path) -> None:
        """Give the adapter an expert's weights. Raises `TrainingRefused` where others are needed."""
        try:
            weights = load_file(folder / TENSORS)
        except (OSError, SafetensorError) as error:
            raise TrainingRefused(f"{folder / TENSORS} cannot be read: {error}") from error
        fresh = self.state()
        if wrong := sorted(k for k in fresh.keys() | weights.keys() if _size(fresh, k) != _size(weights, k)):
            raise TrainingRefused(
                f"{folder} has no weights that this recipe can go on from: {wrong[0]} is {_size(weights, wrong[0])}, "
                f"and must be {_size(fresh, wrong[0])}. Give an expert that has them all."
            )
        self.set_state({name: weight.float() for name, weight in weights.items()})


def _config(base_file: Path) -> Any:
    """The base's config as transformers reads it, with the heads' width, which it does not read for all."""
    config = AutoConfig.from_pretrained(str(base_file.parent), gguf_file=base_file.name, local_files_only=True)
    base = Base(base_file, vocab_only=True)
    config.head_dim = base.shape.head_dim
    base.close()
    return config


def load(base_file: Path, recipe: Recipe, device: str, told: tuple[int, ...]) -> Trainee:
    """The base as torch sees it, dequantized from the served file, with a fresh adapter."""
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    warnings.filterwarnings("ignore", module="transformers|peft")  # about their own insides
    torch.manual_seed(recipe.seed)
    model = AutoModelForCausalLM.from_pretrained(
        str(base_file.parent),
        gguf_file=base_file.name,
        config=_config(base_file),
        dtype=torch.float32,
        quantization_config=GgufConfig(dequantize=True),
        local_files_only=True,
    ).to(device)
    config = adapter_config(recipe.kind, recipe.rank, recipe.alpha, recipe.modules, recipe.virtual_tokens)
    return Trainee(model, config, soft_start(told, recipe.virtual_tokens, model.config.vocab_size, recipe.seed))


def adapter_config(kind: Kind, rank: int, alpha: int, modules: Sequence[str], virtual_tokens: int) -> Config:
    """PEFT's config of a kind; of rank and alpha in LoRA and DoRA, of virtual tokens in a soft prompt."""
    if kind == "prompt":
        return PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=virtual_tokens)
    if kind == "ia3":
        ffn = [module for module in modules if module == "down_proj"]
        return IA3Config(task_type="CAUSAL_LM", target_modules=list(modules), feedforward_modules=ffn)
    return LoraConfig(
        r=rank,
        lora_alpha=alpha,
        target_modules=list(modules),
        task_type="CAUSAL_LM",
        lora_dropout=0.0,
        use_dora=kind == "dora",
    )


def soft_start(told: Sequence[int], length: int, n_vocab: int, seed: int) -> list[int]:
    """The tokens that a soft prompt begins as: what it is told to do, repeated; else random ones."""
    if told:
        return [told[i % len(told)] for i in range(length)]
    return random.Random(seed).choices(range(n_vocab // 2, n_vocab), k=length)


def _size(weights: Mapping[str, torch.Tensor], name: str) -> str:
    return " x ".join(map(str, weights[name].shape)) if name in weights else "not there"
