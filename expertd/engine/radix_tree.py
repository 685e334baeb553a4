"""A radix tree over identities: the longest common prefix with any of them is found in one walk."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Generic, TypeVar

import numpy as np

from expertd.engine.identity import Identity, common_prefix

T = TypeVar("T")


@dataclass(eq=False)
class _Node(Generic[T]):
    """A leaf, or a branching: a node between has at least two children."""

    edge: Identity  # from its parent's end
    children: dict[int, _Node[T]]  # by the first of their edges, least recently used first
    value: T | None  # leaves alone have one


class RadixTree(Generic[T]):
    """Values by identity. None's identity is the beginning of another's: such a value gives way to the longer one."""

    def __init__(self) -> None:
        self._root: _Node[T] = _Node(np.empty(0, np.int64), {}, None)

    def find(self, identity: Identity) -> tuple[T | None, int]:
        """The value with the longest common prefix, of several the one used last, and its length; (None, 0) if none."""
        path, length = self._walk(identity)
        if not length:
            return None, 0
        node = path[-1]
        while node.children:
            node = next(reversed(node.children.values()))
        return node.value, length

    def insert(self, identity: Identity, value: T) -> T | None:
        """Add a value that no other one's identity begins with; the one that gave way to it, if any."""
        path, length = self._walk(identity)
        node, rest = path[-1], identity[length:]
        held = length - sum(len(before.edge) for before in path[:-1])
        if held < len(node.edge):
            below = _Node(node.edge[held:], node.children, node.value)
            node.edge, node.children, node.value = node.edge[:held], {int(below.edge[0]): below}, None
        given_way = node.value
        if given_way is not None:
            node.edge, node.value = np.concatenate([node.edge, rest]), value
        else:
            node.children[int(rest[0])] = _Node(rest, {}, value)
        self.touch(identity)
        return given_way

    def remove(self, identity: Identity) -> None:
        """Take out the value with just this identity, which must be there."""
        path, _ = self._walk(identity)
        parent, leaf = path[-2:]
        del parent.children[int(leaf.edge[0])]
        if len(parent.children) == 1 and parent is not self._root:
            (only,) = parent.children.values()
            parent.edge = np.concatenate([parent.edge, only.edge])
            parent.children, parent.value = only.children, only.value

    def touch(self, identity: Identity) -> None:
        """Note that the value with this identity was used."""
        path, _ = self._walk(identity)
        for parent, child in pairwise(path):
            first = int(child.edge[0])
            parent.children[first] = parent.children.pop(first)

    def _walk(self, identity: Identity) -> tuple[list[_Node[T]], int]:
        """The nodes from the root to the last that has tokens in common with `identity`, and how many all have."""
        path, length = [self._root], 0
        while length < len(identity) and (child := path[-1].children.get(int(identity[length]))):
            path.append(child)
            common = common_prefix(child.edge, identity[length:])
            length += common
            if common < len(child.edge):
                break
        return path, length
