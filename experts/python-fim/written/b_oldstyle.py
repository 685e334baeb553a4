"""Code as it was written years ago: os.path, percent signs, explicit loops and base classes."""

import os
import re
import shutil
import sys
import threading
import time


class Logger(object):  # noqa: UP004
    """Writes messages to a file, with the time before them."""

    def __init__(self, filename, level=1):
        self.filename = filename
        self.level = level
        self.lock = threading.Lock()

    def write(self, level, message):
        """Write a message if its level is high enough."""
        if level < self.level:
            return
        stamp = time.strftime("%Y-%m-%d %H:%M:%S")
        self.lock.acquire()
        try:
            f = open(self.filename, "a")  # noqa: PTH123, SIM115
            f.write("%s [%d] %s\n" % (stamp, level, message))  # noqa: UP031
            f.close()
        finally:
            self.lock.release()

    def error(self, message):
        """Write an error."""
        self.write(3, message)


class Config(object):  # noqa: UP004
    """Settings read from a file of names and values."""

    def __init__(self, filename):
        self.filename = filename
        self.values = {}
        self.load()

    def load(self):
        """Read the file again."""
        self.values = {}
        if not os.path.exists(self.filename):  # noqa: PTH110
            return
        f = open(self.filename)  # noqa: PTH123, SIM115
        for line in f.readlines():
            line = line.strip()
            if line == "" or line.startswith("#"):
                continue
            name, value = line.split("=", 1)
            self.values[name.strip()] = value.strip()
        f.close()

    def get(self, name, default=None):
        """Return a value as text, or the default."""
        if name in self.values:
            return self.values[name]
        return default

    def get_int(self, name, default=0):
        """Return a value as a number, or the default if it is none."""
        try:
            return int(self.values[name])
        except (KeyError, ValueError):
            return default

    def save(self):
        """Write all values back, sorted by name."""
        f = open(self.filename, "w")  # noqa: PTH123, SIM115
        for name in sorted(self.values.keys()):
            f.write("%s = %s\n" % (name, self.values[name]))  # noqa: UP031
        f.close()


class Worker(threading.Thread):
    """A thread that takes functions from a list and calls them."""

    def __init__(self, jobs):
        threading.Thread.__init__(self)
        self.jobs = jobs
        self.running = True
        self.daemon = True

    def run(self):
        """Call the jobs until the thread is told to stop."""
        while self.running:
            if len(self.jobs) == 0:
                time.sleep(0.1)
                continue
            job = self.jobs.pop(0)
            try:
                job()
            except Exception as e:
                sys.stderr.write("job failed: %s\n" % e)  # noqa: UP031

    def stop(self):
        """Tell the thread to stop and wait for it."""
        self.running = False
        self.join()


class Shape(object):  # noqa: UP004
    """Something with an area."""

    def __init__(self, name):
        self.name = name

    def area(self):
        """Return the area."""
        raise NotImplementedError("subclasses must do this")

    def describe(self):
        """Return name and area as a text."""
        return "%s with area %.2f" % (self.name, self.area())  # noqa: UP031


class Square(Shape):
    """A square."""

    def __init__(self, side):
        Shape.__init__(self, "square")
        self.side = side

    def area(self):
        """Return the area."""
        return self.side * self.side


def find_files(folder, extension):
    """Return the paths of all files with an extension below a folder."""
    found = []
    for root, dirs, files in os.walk(folder):  # noqa: B007
        for name in files:
            if os.path.splitext(name)[1] == extension:  # noqa: PTH122
                found.append(os.path.join(root, name))  # noqa: PTH118
    return found


def file_age(path):
    """Return how many days ago a file was changed."""
    seconds = time.time() - os.path.getmtime(path)  # noqa: PTH204
    return int(seconds / 86400)


def copy_tree(source, target):
    """Copy a folder with all that is in it, one file after the other."""
    if not os.path.isdir(target):  # noqa: PTH112
        os.makedirs(target)  # noqa: PTH103
    for name in os.listdir(source):  # noqa: PTH208
        old = os.path.join(source, name)  # noqa: PTH118
        new = os.path.join(target, name)  # noqa: PTH118
        if os.path.isdir(old):  # noqa: PTH112
            copy_tree(old, new)
        else:
            shutil.copy(old, new)


def count_lines(filename):
    """Return the number of lines of a file."""
    count = 0
    f = open(filename)  # noqa: PTH123, SIM115
    while True:
        line = f.readline()
        if not line:
            break
        count = count + 1
    f.close()
    return count


def print_table(rows):
    """Print rows of texts in columns."""
    widths = []
    for i in range(len(rows[0])):
        width = 0
        for row in rows:
            if len(row[i]) > width:
                width = len(row[i])
        widths.append(width)
    for row in rows:
        line = ""
        for i in range(len(row)):
            line = line + row[i].ljust(widths[i]) + "  "
        print(line.rstrip())


def ask_yes_no(question):
    """Ask until the answer is yes or no."""
    while True:
        answer = input(question + " (y/n) ").lower()
        if answer in ("y", "yes"):
            return True
        if answer in ("n", "no"):
            return False
        print("Please answer y or n.")


def parse_http_date(text):
    """Return year, month and day of a date like 06 Nov 1994."""
    months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    m = re.search(r"(\d+) (\w{3}) (\d{4})", text)
    if not m:
        return None
    day = int(m.group(1))
    month = months.index(m.group(2)) + 1
    year = int(m.group(3))
    return (year, month, day)


def to_html(rows):
    """Return rows as an HTML table."""
    html = "<table>\n"
    for row in rows:
        html += "<tr>"
        for cell in row:
            cell = str(cell).replace("&", "&amp;").replace("<", "&lt;")
            html += "<td>%s</td>" % cell  # noqa: UP031
        html += "</tr>\n"
    html += "</table>"
    return html


def usage():
    """Print how the script is called and stop."""
    print("usage: %s [-v] FOLDER" % os.path.basename(sys.argv[0]))  # noqa: PTH119, UP031
    sys.exit(2)


def main(argv):
    """Print the files of a folder that are older than a week."""
    verbose = False
    if "-v" in argv:
        verbose = True
        argv.remove("-v")
    if len(argv) != 2:
        usage()
    total = 0
    for path in find_files(argv[1], ".log"):
        age = file_age(path)
        if age > 7:
            total += 1
            if verbose:
                print("%s: %d days" % (path, age))  # noqa: UP031
    print("%d old files" % total)  # noqa: UP031
    return 0
