"""Graphs, grids and paths."""

from __future__ import annotations

import heapq
from collections import defaultdict, deque
from collections.abc import Iterator

Graph = dict[str, dict[str, float]]


def build_graph(edges: list[tuple[str, str, float]], directed: bool = False) -> Graph:
    """Build a graph from edges with their lengths."""
    graph: Graph = defaultdict(dict)
    for start, end, length in edges:
        graph[start][end] = length
        if directed:
            graph.setdefault(end, {})
        else:
            graph[end][start] = length
    return dict(graph)


def breadth_first(graph: Graph, start: str) -> Iterator[str]:
    """Yield the nodes reached from start, the nearest first."""
    seen = {start}
    queue = deque([start])
    while queue:
        node = queue.popleft()
        yield node
        for neighbor in graph[node]:
            if neighbor not in seen:
                seen.add(neighbor)
                queue.append(neighbor)


def depth_first(graph: Graph, node: str, seen: set[str] | None = None) -> list[str]:
    """Return the nodes reached from a node, each branch to its end."""
    seen = set() if seen is None else seen
    seen.add(node)
    order = [node]
    for neighbor in graph[node]:
        if neighbor not in seen:
            order += depth_first(graph, neighbor, seen)
    return order


def shortest_distances(graph: Graph, start: str) -> dict[str, float]:
    """Return the distance from start to every node that can be reached."""
    distances = {start: 0.0}
    heap = [(0.0, start)]
    while heap:
        distance, node = heapq.heappop(heap)
        if distance > distances[node]:
            continue
        for neighbor, length in graph[node].items():
            candidate = distance + length
            if candidate < distances.get(neighbor, float("inf")):
                distances[neighbor] = candidate
                heapq.heappush(heap, (candidate, neighbor))
    return distances


def shortest_path(graph: Graph, start: str, end: str) -> list[str]:
    """Return the nodes on a path with the fewest edges, or an empty list."""
    previous: dict[str, str | None] = {start: None}
    queue = deque([start])
    while queue:
        node = queue.popleft()
        if node == end:
            break
        for neighbor in graph[node]:
            if neighbor not in previous:
                previous[neighbor] = node
                queue.append(neighbor)
    if end not in previous:
        return []
    path: list[str] = []
    step: str | None = end
    while step is not None:
        path.append(step)
        step = previous[step]
    return path[::-1]


def has_cycle(graph: dict[str, list[str]]) -> bool:
    """Whether a directed graph has a cycle."""
    visiting: set[str] = set()
    done: set[str] = set()

    def visit(node: str) -> bool:
        if node in done:
            return False
        if node in visiting:
            return True
        visiting.add(node)
        found = any(visit(neighbor) for neighbor in graph.get(node, []))
        visiting.discard(node)
        done.add(node)
        return found

    return any(visit(node) for node in graph)


def components(graph: Graph) -> list[set[str]]:
    """Return the connected components of an undirected graph."""
    left = set(graph)
    found = []
    while left:
        component = set(breadth_first(graph, next(iter(left))))
        found.append(component)
        left -= component
    return found


def minimum_spanning_tree(graph: Graph) -> list[tuple[str, str, float]]:
    """Return the edges of a tree of least length that joins all nodes."""
    start = next(iter(graph))
    joined = {start}
    edges = [(length, start, end) for end, length in graph[start].items()]
    heapq.heapify(edges)
    tree = []
    while edges and len(joined) < len(graph):
        length, source, target = heapq.heappop(edges)
        if target in joined:
            continue
        joined.add(target)
        tree.append((source, target, length))
        for end, further in graph[target].items():
            if end not in joined:
                heapq.heappush(edges, (further, target, end))
    return tree


def is_bipartite(graph: dict[str, list[str]]) -> bool:
    """Whether the nodes can be colored with two colors."""
    colors: dict[str, int] = {}
    for start in graph:
        if start in colors:
            continue
        colors[start] = 0
        queue = [start]
        while queue:
            node = queue.pop()
            for neighbor in graph[node]:
                if neighbor not in colors:
                    colors[neighbor] = 1 - colors[node]
                    queue.append(neighbor)
                elif colors[neighbor] == colors[node]:
                    return False
    return True


def degrees(edges: list[tuple[str, str]]) -> dict[str, int]:
    """Count the edges at each node."""
    counts: dict[str, int] = defaultdict(int)
    for a, b in edges:
        counts[a] += 1
        counts[b] += 1
    return dict(counts)


def neighbors(row: int, column: int, height: int, width: int) -> Iterator[tuple[int, int]]:
    """Yield the cells beside a cell that lie on the grid."""
    for dr, dc in ((0, 1), (1, 0), (0, -1), (-1, 0)):
        r, c = row + dr, column + dc
        if 0 <= r < height and 0 <= c < width:
            yield r, c


def maze_distance(maze: list[str], start: tuple[int, int], goal: tuple[int, int]) -> int:
    """Return the number of steps through a maze, or -1 if there is no way."""
    height, width = len(maze), len(maze[0])
    queue = deque([(start, 0)])
    seen = {start}
    while queue:
        cell, steps = queue.popleft()
        if cell == goal:
            return steps
        for other in neighbors(*cell, height, width):
            if maze[other[0]][other[1]] != "#" and other not in seen:
                seen.add(other)
                queue.append((other, steps + 1))
    return -1


def count_islands(grid: list[list[int]]) -> int:
    """Count the groups of neighbouring ones in a grid."""
    land = {(r, c) for r, row in enumerate(grid) for c, cell in enumerate(row) if cell}
    islands = 0
    while land:
        islands += 1
        stack = [land.pop()]
        while stack:
            r, c = stack.pop()
            for cell in ((r + 1, c), (r - 1, c), (r, c + 1), (r, c - 1)):
                if cell in land:
                    land.remove(cell)
                    stack.append(cell)
    return islands


def floyd_warshall(graph: Graph) -> dict[tuple[str, str], float]:
    """Return the distances between all pairs of nodes."""
    infinity = float("inf")
    distance = {(a, b): 0 if a == b else graph[a].get(b, infinity) for a in graph for b in graph}
    for k in graph:
        for i in graph:
            for j in graph:
                through = distance[i, k] + distance[k, j]
                distance[i, j] = min(distance[i, j], through)
    return distance


def reachable(links: dict[str, list[str]], start: str, depth: int) -> set[str]:
    """Return the pages that are at most so many links away."""
    found = {start}
    frontier = {start}
    for _ in range(depth):
        frontier = {page for source in frontier for page in links.get(source, [])} - found
        found |= frontier
    return found


def friends_of_friends(friends: dict[str, set[str]], person: str) -> set[str]:
    """Return the friends of a person's friends who are not friends yet."""
    result: set[str] = set()
    for friend in friends[person]:
        result |= friends[friend]
    return result - friends[person] - {person}


def to_dot(graph: Graph, name: str = "G") -> str:
    """Return the graph in Graphviz notation."""
    lines = [f"digraph {name} {{"]
    for start, ends in graph.items():
        for end, length in ends.items():
            lines.append(f'  "{start}" -> "{end}" [label="{length:g}"];')
    lines.append("}")
    return "\n".join(lines)
