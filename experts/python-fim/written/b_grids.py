"""Matrices, grids and boards as lists of rows."""

from __future__ import annotations

Grid = list[list[int]]


def identity(size: int) -> Grid:
    """Return the identity matrix of a size.

    >>> identity(2)
    [[1, 0], [0, 1]]
    """
    return [[1 if row == column else 0 for column in range(size)] for row in range(size)]


def row_sums(matrix: Grid) -> list[int]:
    """Return the sum of each row.

    >>> row_sums([[1, 2], [3, 4]])
    [3, 7]
    """
    return [sum(row) for row in matrix]


def column_maxima(matrix: Grid) -> list[int]:
    """Return the largest value of each column.

    >>> column_maxima([[1, 8], [5, 2]])
    [5, 8]
    """
    maxima = matrix[0][:]
    for row in matrix[1:]:
        for i, value in enumerate(row):
            if value > maxima[i]:
                maxima[i] = value
    return maxima


def trace(matrix: Grid) -> int:
    """Return the sum of the main diagonal.

    >>> trace([[1, 2], [3, 4]])
    5
    """
    total = 0
    for i in range(len(matrix)):
        total += matrix[i][i]
    return total


def multiply(first: Grid, second: Grid) -> Grid:
    """Return the product of two matrices.

    >>> multiply([[1, 2], [3, 4]], [[0, 1], [1, 0]])
    [[2, 1], [4, 3]]
    """
    rows, inner, columns = len(first), len(second), len(second[0])
    result = [[0] * columns for _ in range(rows)]
    for i in range(rows):
        for j in range(columns):
            for k in range(inner):
                result[i][j] += first[i][k] * second[k][j]
    return result


def determinant(matrix: Grid) -> int:
    """Return the determinant by expanding the first row.

    >>> determinant([[2, 0, 1], [1, 3, 2], [1, 1, 1]])
    0
    """
    if len(matrix) == 1:
        return matrix[0][0]
    total = 0
    for column, value in enumerate(matrix[0]):
        minor = [row[:column] + row[column + 1 :] for row in matrix[1:]]
        total += (-1) ** column * value * determinant(minor)
    return total


def flip_horizontal(matrix: Grid) -> Grid:
    """Return the matrix mirrored left to right.

    >>> flip_horizontal([[1, 2], [3, 4]])
    [[2, 1], [4, 3]]
    """
    return [row[::-1] for row in matrix]


def is_symmetric(matrix: Grid) -> bool:
    """Whether a square matrix equals its transpose.

    >>> is_symmetric([[1, 7], [7, 2]])
    True
    """
    size = len(matrix)
    for i in range(size):
        for j in range(i):
            if matrix[i][j] != matrix[j][i]:
                return False
    return True


def neighbours_sum(grid: Grid, row: int, column: int) -> int:
    """Return the sum of the up to eight cells around a cell.

    >>> neighbours_sum([[1, 2, 3], [4, 5, 6], [7, 8, 9]], 0, 0)
    11
    """
    total = 0
    for r in range(max(0, row - 1), min(len(grid), row + 2)):
        for c in range(max(0, column - 1), min(len(grid[0]), column + 2)):
            if (r, c) != (row, column):
                total += grid[r][c]
    return total


def checkerboard(rows: int, columns: int) -> list[str]:
    """Return a board of black and white squares.

    >>> checkerboard(2, 4)
    ['#.#.', '.#.#']
    """
    lines = []
    for row in range(rows):
        line = ""
        for column in range(columns):
            line += "#" if (row + column) % 2 == 0 else "."
        lines.append(line)
    return lines


def zero_cross(matrix: Grid) -> Grid:
    """Return the matrix with zeros in each row and column that holds a zero.

    >>> zero_cross([[1, 0], [2, 3]])
    [[0, 0], [2, 0]]
    """
    rows = {i for i, row in enumerate(matrix) if 0 in row}
    columns = {j for j in range(len(matrix[0])) if any(row[j] == 0 for row in matrix)}
    result = []
    for i, row in enumerate(matrix):
        result.append([0 if i in rows or j in columns else value for j, value in enumerate(row)])
    return result


def find_cell(grid: Grid, wanted: int) -> tuple[int, int] | None:
    """Return row and column of the first cell with a value, or None.

    >>> find_cell([[1, 2], [3, 4]], 3)
    (1, 0)
    """
    for i, row in enumerate(grid):
        for j, value in enumerate(row):
            if value == wanted:
                return i, j
    return None


def drop_stones(column: list[str]) -> list[str]:
    """Let the stones of a column fall down until something holds them.

    >>> drop_stones(["o", ".", "#", "o", "."])
    ['.', 'o', '#', '.', 'o']
    """
    result = column[:]
    free = len(result) - 1
    for i in range(len(result) - 1, -1, -1):
        if result[i] == "#":
            free = i - 1
        elif result[i] == "o":
            result[i] = "."
            result[free] = "o"
            free -= 1
    return result


def largest_square(grid: Grid) -> int:
    """Return the side of the largest square of ones.

    >>> largest_square([[1, 1, 0], [1, 1, 1], [0, 1, 1]])
    2
    """
    best = 0
    sides = [[0] * len(grid[0]) for _ in grid]
    for i in range(len(grid)):
        for j in range(len(grid[0])):
            if grid[i][j] == 0:
                continue
            if i == 0 or j == 0:
                sides[i][j] = 1
            else:
                sides[i][j] = 1 + min(sides[i - 1][j], sides[i][j - 1], sides[i - 1][j - 1])
            best = max(best, sides[i][j])
    return best


def diagonal_order(matrix: Grid) -> list[int]:
    """Return the values of a matrix along its diagonals that go down to the left.

    >>> diagonal_order([[1, 2], [3, 4]])
    [1, 2, 3, 4]
    """
    rows, columns = len(matrix), len(matrix[0])
    values = []
    for total in range(rows + columns - 1):
        for row in range(max(0, total - columns + 1), min(rows, total + 1)):
            values.append(matrix[row][total - row])
    return values


def best_row(matrix: Grid) -> int:
    """Return the index of the row with the largest sum, the first of several.

    >>> best_row([[1, 2], [9, 0], [4, 5]])
    1
    """
    sums = [sum(row) for row in matrix]
    return sums.index(max(sums))


def reshape(matrix: Grid, columns: int) -> Grid:
    """Return the values of a matrix in rows of another length.

    >>> reshape([[1, 2, 3], [4, 5, 6]], 2)
    [[1, 2], [3, 4], [5, 6]]
    """
    values = [value for row in matrix for value in row]
    if len(values) % columns != 0:
        raise ValueError(f"{len(values)} values do not fill rows of {columns}")
    return [values[i : i + columns] for i in range(0, len(values), columns)]


def perimeter(grid: Grid) -> int:
    """Return how long the border around the ones of a grid is.

    >>> perimeter([[1, 1], [0, 1]])
    8
    """
    length = 0
    for i, row in enumerate(grid):
        for j, cell in enumerate(row):
            if cell == 0:
                continue
            length += 4
            if i > 0 and grid[i - 1][j] == 1:
                length -= 2
            if j > 0 and row[j - 1] == 1:
                length -= 2
    return length
