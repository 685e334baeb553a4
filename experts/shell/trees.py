"""The folders that held-out requests are about.

A path has a text, or of {text, size, mode, days (ago), date, dir, link} what it needs: see `jail.build`.
"""

from __future__ import annotations

from typing import Any

_ACCESS = """\
10.0.0.5 - - [12/Feb/2024:06:25:01] "GET /index.html HTTP/1.1" 200 5120
10.0.0.9 - - [12/Feb/2024:06:25:07] "GET /shop HTTP/1.1" 200 8812
172.16.4.2 - - [12/Feb/2024:06:26:40] "POST /login HTTP/1.1" 401 310
10.0.0.5 - - [12/Feb/2024:06:27:12] "GET /img/logo.png HTTP/1.1" 304 0
192.168.7.77 - - [12/Feb/2024:06:30:00] "GET /admin HTTP/1.1" 403 199
10.0.0.9 - - [12/Feb/2024:06:31:18] "GET /shop/cart HTTP/1.1" 500 1204
172.16.4.2 - - [12/Feb/2024:06:31:59] "POST /login HTTP/1.1" 200 415
10.0.0.5 - - [12/Feb/2024:06:33:33] "GET /missing HTTP/1.1" 404 220
10.0.0.9 - - [12/Feb/2024:06:40:02] "GET /shop HTTP/1.1" 200 8812
10.0.0.5 - - [12/Feb/2024:06:41:27] "GET /old-page HTTP/1.1" 404 220
203.0.113.8 - - [12/Feb/2024:06:44:44] "GET /index.html HTTP/1.1" 200 5120
10.0.0.5 - - [12/Feb/2024:06:59:59] "GET /index.html HTTP/1.1" 200 5120
"""

_APP = """\
2024-02-11 23:59:58 INFO worker started
2024-02-12 00:00:01 INFO queue empty
2024-02-12 01:13:20 WARNING disk 81% full
2024-02-12 01:14:00 ERROR cannot open config.yml
2024-02-12 01:14:01 INFO retry in 5 s
2024-02-12 01:14:06 ERROR cannot open config.yml
2024-02-12 01:14:11 error handler: giving up
2024-02-12 02:40:39 INFO user anna logged in
2024-02-12 02:41:10 WARNING slow query (3120 ms)
2024-02-12 02:55:00 INFO user bert logged in
2024-02-12 03:00:00 INFO backup done
2024-02-12 03:07:45 ERROR timeout talking to mail server
2024-02-13 08:00:00 INFO user anna logged in
2024-02-13 08:15:15 DEBUG cache hit ratio 0.82
"""

_SALES = """\
date,region,product,units,price
2024-01-03,north,kettle,4,29.90
2024-01-03,south,lamp,10,12.50
2024-01-05,east,kettle,1,29.90
2024-01-09,north,chair,6,49.00
2024-01-11,west,lamp,3,12.50
2024-02-01,south,chair,2,49.00
2024-02-02,north,lamp,8,12.50
2024-02-14,east,desk,1,199.00
2024-02-20,north,desk,2,199.00
"""

_PEOPLE = """\
name;age;city
Olga;34;Turku
Ben;29;Leeds
Chandra;41;Pune
Dario;29;Turin
Emily;52;Leeds
Farid;38;Pune
Greta;29;Graz
"""

LOGS: dict[str, Any] = {
    "access.log": _ACCESS,
    "app.log": _APP,
    "auth.log": "sshd: Accepted password for anna\nsshd: Failed password for root\nsshd: Failed password for root\n"
    "sudo: anna : command not allowed\nsshd: Failed password for invalid user guest\ncron: session opened for root\n",
    "old/app.log.1": {"text": "2024-01-30 ERROR old trouble\n2024-01-30 INFO ok\n", "days": 40},
    "old/app.log.2": {"text": "2024-01-29 INFO ok\n", "days": 70},
    "old/archive/app.log.9": {"text": "2023-10-01 ERROR ancient\n", "days": 200},
    "old/notes.txt": {"text": "keep the archive\n", "days": 3},
    "debug/trace.log": {"size": 1_500_000, "days": 1},
    "debug/heap.dump": {"size": 2_200_000, "days": 12},
    "debug/small.log": {"size": 900, "days": 8},
    "debug/empty.log": {"text": "", "days": 2},
    "nginx/error.log": "2024/02/12 [crit] no space left\n2024/02/12 [warn] upstream slow\n"
    "2024/02/12 [crit] no space left\n",
    "nginx/access.log": "GET / 200\nGET /a 404\n",
}

DATA: dict[str, Any] = {
    "sales.csv": _SALES,
    "people.csv": _PEOPLE,
    "scores.tsv": "team\tplayed\tpoints\nLynx\t10\t22\nOtters\t10\t17\nBears\t9\t25\nFoxes\t10\t8\nSwans\t8\t12\n",
    "words.txt": "pear\nApple\nplum\npear\ncherry\nfig\nplum\npear\nbanana\nfig\nApple\n",
    "numbers.txt": "12\n7\n100\n-3\n45\n7\n0\n9\n",
    "poem.txt": "The rain has come  to town today,\nand all the cats have gone away.\n\n"
    "The roofs are wet, the roads are grey,\nthe rain, the rain!\n\nWe wait inside and hope it may\nbe done by May.\n",
    "emails.txt": "anna@corp.example\nben@mail.test\nnot an address\nANNA@corp.example\nzoe@corp.example\n"
    "ben@mail.test\n",
    "hosts.txt": "web1 10.1.0.11 up\nweb2 10.1.0.12 down\ndb1 10.1.0.21 up\ncache1 10.1.0.31 up\ndb2 10.1.0.22 down\n",
    "list_a.txt": "ant\nbee\ncow\ndog\n",
    "list_b.txt": "bee\ndog\nelk\n",
    "settings.ini": "# main settings\n[server]\nport = 8080\nhost = localhost\n\n# paths\n[paths]\ncache = tmp/cache\n"
    "# port = 9090\ndebug = false\n",
    "windows.txt": "first line\r\nsecond line\r\nthird line\r\n",
    "tabs.txt": "a\tb\tc\nd\te\tf\n",
    "book/ch1.txt": "Once upon a time.\nThe end of chapter one.\n",
    "book/ch2.txt": "More things happen.\n",
    "book/ch3.txt": "And then it ends.\nReally.\nThe end.\n",
    "page.html": '<html>\n<a href="one.html">One</a>\n<p>text</p>\n'
    '<a href="two.html">Two</a> <a href="three.html">3</a>\n</html>\n',
}

PROJECT: dict[str, Any] = {
    "README.md": "# Birdsong\n\nCounts birds by their songs.\n\nTODO: add pictures\n",
    "Makefile": "all:\n\tpython src/main.py\n",
    "setup.cfg": "[metadata]\nname = birdsong\nversion = 0.3.1\n",
    ".gitignore": "__pycache__/\n*.pyc\nbuild/\n",
    ".env": {"text": "TOKEN=abc123\n", "mode": "600"},
    "src/main.py": "import sys\nfrom birds import Bird\n\n\ndef main():\n    # TODO: read the file\n"
    "    print(Bird('wren'))\n\n\nmain()\n",
    "src/birds.py": "class Bird:\n    def __init__(self, name):\n        self.name = name\n\n    def sing(self):\n"
    "        print(self.name)\n",
    "src/util/audio.py": "import wave\n\n\ndef load(path):\n    # FIXME: close it\n    return wave.open(path)\n",
    "src/util/__init__.py": "",
    "src/util/math_helpers.py": "def mean(xs):\n    return sum(xs) / len(xs)\n",
    "src/__pycache__/birds.cpython-311.pyc": {"size": 700},
    "src/util/__pycache__/audio.cpython-311.pyc": {"size": 500},
    "src/legacy.py.bak": "print 'old'\n",
    "tests/test_birds.py": "from birds import Bird\n\n\ndef test_name():\n    assert Bird('owl').name == 'owl'\n",
    "tests/test_audio.py": "import audio\n\n# TODO: write it\n",
    "tests/data/owl.wav": {"size": 150_000},
    "tests/data/wren.wav": {"size": 48_000},
    "docs/intro.md": "# Intro\n\nBirds sing at dawn.\n",
    "docs/api.md": "# API\n\n`Bird(name)` makes a bird.\n",
    "docs/img/owl.png": {"size": 30_000},
    "scripts/deploy.sh": {"text": "#!/bin/bash\necho deploying\n", "mode": "755"},
    "scripts/clean.sh": {"text": "#!/bin/sh\nrm -rf build\n", "mode": "644"},
    "build/out.txt": "built\n",
    "build/lib/core.o": {"size": 2_000},
    "build/lib/song.o": {"size": 2_500},
}

HOME: dict[str, Any] = {
    "Documents/letter.txt": {"text": "Dear Mum,\nall is well.\n", "days": 2},
    "Documents/tax 2022.pdf": {"size": 80_000, "date": "2023-04-20"},
    "Documents/tax 2023.pdf": {"size": 95_000, "date": "2024-04-18"},
    "Documents/notes/shopping.txt": {"text": "milk\neggs\nbread\n", "days": 0},
    "Documents/notes/ideas.md": {"text": "- a boat\n- a shed\n", "days": 20},
    "Documents/notes/old/ideas.md": {"text": "- a kite\n", "days": 400},
    "Pictures/beach.JPG": {"size": 1_400_000, "date": "2023-07-15"},
    "Pictures/cat.jpg": {"size": 420_000, "date": "2024-01-02"},
    "Pictures/cat (copy).jpg": {"size": 420_000, "date": "2024-01-02"},
    "Pictures/scan.png": {"size": 2_600_000, "date": "2022-11-30"},
    "Pictures/trip/hill.jpg": {"size": 990_000, "date": "2023-08-01"},
    "Pictures/trip/lake.jpg": {"size": 1_150_000, "date": "2023-08-02"},
    "Downloads/setup.exe": {"size": 1_900_000, "days": 35},
    "Downloads/song.mp3": {"size": 910_000, "days": 5},
    "Downloads/song (1).mp3": {"size": 900_000, "days": 4},
    "Downloads/archive.zip": {"size": 650_000, "days": 90},
    "Downloads/readme.txt": {"text": "", "days": 61},
    "Downloads/part.tmp": {"size": 1_000, "days": 1},
    "Downloads/empty": {"dir": True},
    "Music/abba.mp3": {"size": 300_000},
    "Music/bach.flac": {"size": 700_000},
    "Music/playlist.m3u": "abba.mp3\nbach.flac\n",
    "Desktop/todo.txt": {"text": "call Ann\nfix bike\n", "mode": "666"},
    "Desktop/run.sh": {"text": "#!/bin/sh\necho hi\n", "mode": "644"},
    "Desktop/backup.sh": {"text": "#!/bin/sh\necho copy\n", "mode": "755"},
    "Desktop/junk": {"dir": True},
    "Desktop/link to letter": {"link": "../Documents/letter.txt"},
    "draft1.txt": {"text": "one\n", "days": 6},
    "draft2.txt": {"text": "two\n", "days": 9},
    "draft 3.txt": {"text": "three\n", "days": 1},
    ".secret": {"text": "pssst\n", "mode": "600"},
    "old.tmp": {"text": "x\n", "days": 50},
    "core.tmp": {"text": "yy\n", "days": 0},
}

TREES: dict[str, dict[str, Any]] = {"logs": LOGS, "data": DATA, "project": PROJECT, "home": HOME}
