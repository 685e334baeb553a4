"""Numbers and tables without numpy or pandas."""

import itertools
import math
from collections import Counter, defaultdict


def mean(values):
    """Return the arithmetic mean of the values."""
    values = list(values)
    if not values:
        raise ValueError("mean of nothing")
    return sum(values) / len(values)


def weighted_mean(values, weights):
    """Return the mean of the values by their weights."""
    total = sum(weights)
    return sum(value * weight for value, weight in zip(values, weights, strict=True)) / total


def median(values):
    """Return the middle of the sorted values."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2


def modes(values):
    """Return the values that occur most often."""
    counts = Counter(values)
    most = max(counts.values(), default=0)
    return [value for value, count in counts.items() if count == most]


def variance(values, sample=True):
    """Return the variance of a sample or of a whole population."""
    center = mean(values)
    squares = sum((value - center) ** 2 for value in values)
    return squares / (len(values) - 1 if sample else len(values))


def standard_deviation(values):
    """Return the standard deviation of a sample."""
    return math.sqrt(variance(values))


def percentile(values, percent):
    """Return a percentile, interpolated between neighbours."""
    ordered = sorted(values)
    position = (len(ordered) - 1) * percent / 100
    low = math.floor(position)
    high = math.ceil(position)
    if low == high:
        return ordered[low]
    return ordered[low] * (high - position) + ordered[high] * (position - low)


def correlation(xs, ys):
    """Return the correlation of two lists of values."""
    mean_x, mean_y = mean(xs), mean(ys)
    covariance = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True))
    spread_x = math.sqrt(sum((x - mean_x) ** 2 for x in xs))
    spread_y = math.sqrt(sum((y - mean_y) ** 2 for y in ys))
    return covariance / (spread_x * spread_y)


def linear_fit(xs, ys):
    """Return slope and intercept of the line that fits best."""
    mean_x, mean_y = mean(xs), mean(ys)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True))
    slope /= sum((x - mean_x) ** 2 for x in xs)
    return slope, mean_y - slope * mean_x


def histogram(values, bins=10):
    """Count the values in bins of equal width."""
    low, high = min(values), max(values)
    width = (high - low) / bins or 1
    counts = [0] * bins
    for value in values:
        index = min(int((value - low) / width), bins - 1)
        counts[index] += 1
    return counts


def outliers(values, factor=1.5):
    """Return the values far outside of the middle half."""
    q1, q3 = percentile(values, 25), percentile(values, 75)
    margin = factor * (q3 - q1)
    return [value for value in values if value < q1 - margin or value > q3 + margin]


def normalize(values):
    """Scale the values to the range from 0 to 1."""
    low, high = min(values), max(values)
    if low == high:
        return [0.0 for _ in values]
    return [(value - low) / (high - low) for value in values]


def standardize(values):
    """Return the values as distances from the mean in standard deviations."""
    center, spread = mean(values), standard_deviation(values)
    return [(value - center) / spread for value in values]


def moving_average(values, size):
    """Return the means of all windows of the given size."""
    return [mean(values[i : i + size]) for i in range(len(values) - size + 1)]


def exponential_smoothing(values, alpha=0.3):
    """Return the values smoothed, newer ones weighing more."""
    smoothed = [values[0]]
    for value in values[1:]:
        smoothed.append(alpha * value + (1 - alpha) * smoothed[-1])
    return smoothed


def cumulative(values):
    """Return the running totals of the values."""
    total = 0
    totals = []
    for value in values:
        total += value
        totals.append(total)
    return totals


def percent_changes(values):
    """Return the change from each value to the next, in percent."""
    changes = []
    for before, after in itertools.pairwise(values):
        changes.append((after - before) / before * 100)
    return changes


def group_means(rows, key, value):
    """Return the mean of a column for each group of rows."""
    sums = defaultdict(float)
    counts = defaultdict(int)
    for row in rows:
        sums[row[key]] += row[value]
        counts[row[key]] += 1
    return {group: sums[group] / counts[group] for group in sums}


def left_join(left, right, key):
    """Join two lists of rows on a key and keep all rows of the left one."""
    by_key = {row[key]: row for row in right}
    return [{**row, **by_key.get(row[key], {})} for row in left]


def drop_missing(rows, columns):
    """Return the rows that have a value in each of the columns."""
    return [row for row in rows if all(row.get(column) is not None for column in columns)]


def fill_missing(rows, column, value):
    """Set a value where the column has none."""
    for row in rows:
        if row.get(column) is None:
            row[column] = value


def one_hot(labels):
    """Return the distinct labels and a vector of zeros and a one for each label."""
    names = sorted(set(labels))
    vectors = [[1 if name == label else 0 for name in names] for label in labels]
    return names, vectors


def train_test_split(rows, share, rng):
    """Split the rows at random into two parts."""
    rows = list(rows)
    rng.shuffle(rows)
    cut = round(len(rows) * share)
    return rows[:cut], rows[cut:]


def accuracy(expected, predicted):
    """Return the share of predictions that are right."""
    right = sum(e == p for e, p in zip(expected, predicted, strict=True))
    return right / len(expected)


def confusion_matrix(expected, predicted):
    """Count how often each label was predicted as each other one."""
    matrix = defaultdict(Counter)
    for true, guess in zip(expected, predicted, strict=True):
        matrix[true][guess] += 1
    return matrix


def f1_score(expected, predicted, positive):
    """Return the harmonic mean of precision and recall for a label."""
    pairs = list(zip(expected, predicted, strict=True))
    hits = sum(e == p == positive for e, p in pairs)
    if hits == 0:
        return 0.0
    precision = hits / sum(p == positive for _, p in pairs)
    recall = hits / sum(e == positive for e, _ in pairs)
    return 2 * precision * recall / (precision + recall)


def softmax(scores):
    """Turn scores into probabilities that add up to one."""
    highest = max(scores)
    powers = [math.exp(score - highest) for score in scores]
    total = sum(powers)
    return [power / total for power in powers]


def cosine_similarity(a, b):
    """Return the cosine of the angle between two vectors."""
    dot = sum(x * y for x, y in zip(a, b, strict=True))
    length_a = math.sqrt(sum(x * x for x in a))
    length_b = math.sqrt(sum(y * y for y in b))
    if not length_a or not length_b:
        return 0.0
    return dot / (length_a * length_b)


def nearest_neighbors(points, target, k=3):
    """Return the k points closest to the target."""
    return sorted(points, key=lambda point: math.dist(point, target))[:k]


def k_means(points, k, rounds, rng):
    """Return the centers of k clusters of points."""
    centers = rng.sample(points, k)
    for _ in range(rounds):
        clusters = [[] for _ in range(k)]
        for point in points:
            index = min(range(k), key=lambda i: math.dist(point, centers[i]))
            clusters[index].append(point)
        for i, cluster in enumerate(clusters):
            if cluster:
                centers[i] = tuple(mean(axis) for axis in zip(*cluster, strict=True))
    return centers
