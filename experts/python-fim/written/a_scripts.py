"""A script at module level: a report on the log files of a folder."""

import collections
import csv
import datetime
import gzip
import os
import re
import sys
from pathlib import Path

FOLDER = Path(os.environ.get("LOG_FOLDER", "logs"))
PATTERN = re.compile(r"^(\d{4}-\d{2}-\d{2}) (\d{2}):\d{2}:\d{2} (\w+) (.*)$")
LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR"]

counts = collections.Counter()
by_hour = collections.defaultdict(int)
messages = []
skipped = 0

for path in sorted(FOLDER.glob("*.log*")):
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as file:
        for line in file:
            match = PATTERN.match(line)
            if not match:
                skipped += 1
                continue
            day, hour, level, message = match.groups()
            counts[level] += 1
            by_hour[int(hour)] += 1
            if level == "ERROR":
                messages.append((day, message.strip()))

total = sum(counts.values())
if total == 0:
    print(f"no log lines in {FOLDER}", file=sys.stderr)

for level in LEVELS:
    share = counts[level] / total if total else 0
    print(f"{level:<8} {counts[level]:>8} {share:6.1%}")

if by_hour:
    busiest = max(by_hour, key=by_hour.get)
    print(f"busiest hour: {busiest}:00 with {by_hour[busiest]} lines")

repeated = collections.Counter(message for _, message in messages)
for message, count in repeated.most_common(5):
    print(f"{count:>5}x {message[:80]}")

today = datetime.date.today()
recent = [message for day, message in messages if datetime.date.fromisoformat(day) > today - datetime.timedelta(days=7)]
print(f"{len(recent)} errors in the last week, {skipped} lines skipped")

if len(sys.argv) > 1 and sys.argv[1].endswith(".csv"):
    with open(sys.argv[1], "w", newline="", encoding="utf-8") as output:  # noqa: PTH123
        writer = csv.writer(output)
        writer.writerow(["day", "message"])
        writer.writerows(messages)
