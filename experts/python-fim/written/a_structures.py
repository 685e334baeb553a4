"""Data structures as classes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Stack(Generic[T]):
    """Last in, first out."""

    def __init__(self, items: Iterable[T] = ()) -> None:
        self._items = list(items)

    def push(self, item: T) -> None:
        """Put an item on top."""
        self._items.append(item)

    def pop(self) -> T:
        """Take the item off the top."""
        if not self._items:
            raise IndexError("pop from an empty stack")
        return self._items.pop()

    def peek(self) -> T | None:
        """Return the item on top without taking it, or None."""
        return self._items[-1] if self._items else None

    def __len__(self) -> int:
        return len(self._items)

    def __bool__(self) -> bool:
        return bool(self._items)


@dataclass
class Node:
    """One link of a list."""

    value: Any
    next: Node | None = None


class LinkedList:
    """A singly linked list."""

    def __init__(self, values: Iterable[Any] = ()) -> None:
        self.head: Node | None = None
        for value in values:
            self.append(value)

    def append(self, value: Any) -> None:
        """Add a value at the end."""
        node = Node(value)
        if self.head is None:
            self.head = node
            return
        current = self.head
        while current.next is not None:
            current = current.next
        current.next = node

    def remove(self, value: Any) -> bool:
        """Remove the first node with the value; whether there was one."""
        previous = None
        current = self.head
        while current is not None:
            if current.value == value:
                if previous is None:
                    self.head = current.next
                else:
                    previous.next = current.next
                return True
            previous, current = current, current.next
        return False

    def reverse(self) -> None:
        """Reverse the list in place."""
        previous = None
        current = self.head
        while current is not None:
            current.next, previous, current = previous, current, current.next
        self.head = previous

    def __iter__(self) -> Iterator[Any]:
        current = self.head
        while current is not None:
            yield current.value
            current = current.next

    def __repr__(self) -> str:
        return " -> ".join(repr(value) for value in self)


class LRUCache:
    """A mapping that forgets what was used least recently."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._entries: OrderedDict[Hashable, Any] = OrderedDict()

    def get(self, key: Hashable, default: Any = None) -> Any:
        """Return the value of a key and mark it as used."""
        if key not in self._entries:
            return default
        self._entries.move_to_end(key)
        return self._entries[key]

    def put(self, key: Hashable, value: Any) -> None:
        """Store a value and drop the oldest if there are too many."""
        self._entries[key] = value
        self._entries.move_to_end(key)
        if len(self._entries) > self.capacity:
            self._entries.popitem(last=False)

    def __len__(self) -> int:
        return len(self._entries)


class TreeNode:
    """A node of a binary search tree."""

    def __init__(self, key: int) -> None:
        self.key = key
        self.left: TreeNode | None = None
        self.right: TreeNode | None = None

    def insert(self, key: int) -> None:
        """Insert a key unless it is there already."""
        if key < self.key:
            if self.left is None:
                self.left = TreeNode(key)
            else:
                self.left.insert(key)
        elif key > self.key:
            if self.right is None:
                self.right = TreeNode(key)
            else:
                self.right.insert(key)

    def __contains__(self, key: int) -> bool:
        if key == self.key:
            return True
        child = self.left if key < self.key else self.right
        return child is not None and key in child

    def height(self) -> int:
        """Return the number of levels from here down."""
        left = self.left.height() if self.left else 0
        right = self.right.height() if self.right else 0
        return 1 + max(left, right)

    def in_order(self) -> Iterator[int]:
        """Yield the keys in ascending order."""
        if self.left:
            yield from self.left.in_order()
        yield self.key
        if self.right:
            yield from self.right.in_order()

    def smallest(self) -> int:
        """Return the smallest key of the tree."""
        node = self
        while node.left is not None:
            node = node.left
        return node.key


class Trie:
    """Words stored by their letters."""

    def __init__(self) -> None:
        self.children: dict[str, Trie] = {}
        self.is_word = False

    def add(self, word: str) -> None:
        """Add a word."""
        node = self
        for letter in word:
            node = node.children.setdefault(letter, Trie())
        node.is_word = True

    def find(self, prefix: str) -> Trie | None:
        """Return the node that a prefix leads to, or None."""
        node = self
        for letter in prefix:
            if letter not in node.children:
                return None
            node = node.children[letter]
        return node

    def complete(self, prefix: str) -> list[str]:
        """Return all words that begin with the prefix, sorted."""
        start = self.find(prefix)
        if start is None:
            return []
        words = []
        stack = [(prefix, start)]
        while stack:
            word, node = stack.pop()
            if node.is_word:
                words.append(word)
            for letter, child in node.children.items():
                stack.append((word + letter, child))
        return sorted(words)


class DisjointSets:
    """Items in sets that can be united."""

    def __init__(self, items: Iterable[Hashable]) -> None:
        self._parent = {item: item for item in items}
        self._size = dict.fromkeys(self._parent, 1)

    def find(self, item: Hashable) -> Hashable:
        """Return the representative of the item's set."""
        while self._parent[item] != item:
            self._parent[item] = self._parent[self._parent[item]]
            item = self._parent[item]
        return item

    def union(self, first: Hashable, second: Hashable) -> bool:
        """Unite the sets of two items; whether they were apart."""
        a, b = self.find(first), self.find(second)
        if a == b:
            return False
        if self._size[a] < self._size[b]:
            a, b = b, a
        self._parent[b] = a
        self._size[a] += self._size[b]
        return True


class RingBuffer:
    """The last values of a stream, in fixed space."""

    def __init__(self, size: int) -> None:
        self._values: list[Any] = [None] * size
        self._start = 0
        self._count = 0

    def append(self, value: Any) -> None:
        """Add a value and overwrite the oldest when full."""
        size = len(self._values)
        self._values[(self._start + self._count) % size] = value
        if self._count < size:
            self._count += 1
        else:
            self._start = (self._start + 1) % size

    def __iter__(self) -> Iterator[Any]:
        for i in range(self._count):
            yield self._values[(self._start + i) % len(self._values)]

    @property
    def is_full(self) -> bool:
        """Whether the next value overwrites one."""
        return self._count == len(self._values)


class MinHeap:
    """A priority queue in a list."""

    def __init__(self) -> None:
        self._items: list[tuple[float, Any]] = []

    def push(self, priority: float, item: Any) -> None:
        """Add an item with its priority."""
        self._items.append((priority, item))
        child = len(self._items) - 1
        while child > 0:
            parent = (child - 1) // 2
            if self._items[parent][0] <= self._items[child][0]:
                break
            self._items[parent], self._items[child] = self._items[child], self._items[parent]
            child = parent

    def pop(self) -> Any:
        """Remove and return the item with the lowest priority."""
        if not self._items:
            raise IndexError("pop from an empty heap")
        top = self._items[0]
        last = self._items.pop()
        if self._items:
            self._items[0] = last
            self._sink(0)
        return top[1]

    def _sink(self, parent: int) -> None:
        while True:
            children = [child for child in (2 * parent + 1, 2 * parent + 2) if child < len(self._items)]
            smallest = min(children, key=lambda child: self._items[child][0], default=parent)
            if self._items[parent][0] <= self._items[smallest][0]:
                return
            self._items[parent], self._items[smallest] = self._items[smallest], self._items[parent]
            parent = smallest


class Matrix:
    """A small matrix of numbers."""

    def __init__(self, rows: list[list[float]]) -> None:
        if len({len(row) for row in rows}) > 1:
            raise ValueError("rows differ in length")
        self.rows = [list(row) for row in rows]

    @property
    def shape(self) -> tuple[int, int]:
        """Return the number of rows and columns."""
        return len(self.rows), len(self.rows[0]) if self.rows else 0

    @classmethod
    def identity(cls, size: int) -> Matrix:
        """Return the identity matrix of a size."""
        return cls([[1.0 if i == j else 0.0 for j in range(size)] for i in range(size)])

    def __add__(self, other: Matrix) -> Matrix:
        if self.shape != other.shape:
            raise ValueError("shapes differ")
        pairs = zip(self.rows, other.rows, strict=True)
        return Matrix([[a + b for a, b in zip(left, right, strict=True)] for left, right in pairs])

    def __matmul__(self, other: Matrix) -> Matrix:
        if self.shape[1] != other.shape[0]:
            raise ValueError("shapes do not fit")
        columns = list(zip(*other.rows, strict=True))
        return Matrix([[sum(a * b for a, b in zip(row, col, strict=True)) for col in columns] for row in self.rows])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Matrix) and self.rows == other.rows
