"""What counts as a right command when the shell expert and its base are scored, and what is never run."""

from pathlib import Path

import pytest

from experts.scoring import Item
from experts.shell import sandbox
from experts.shell.guard import refused
from experts.shell.sandbox import NoJail
from experts.shell.score import BARS, extract, grade, items

ITEMS = items()
jailed = pytest.mark.skipif(not sandbox.available(), reason="no namespaces to hold a command in")


def _asked(words: str) -> Item:
    return next(item for item in ITEMS if words in item.about)


def test_the_items_are_many_and_distinct() -> None:
    assert len(ITEMS) >= 80
    assert len({item.about for item in ITEMS}) == len(ITEMS)
    assert {len(item.base_bodies) for item in ITEMS} == {5}
    assert set(BARS) <= {"all"} | {item.group for item in ITEMS}


@jailed
def test_every_reference_is_right() -> None:
    wrong = [item.about for item in ITEMS for right in item.wanted["commands"] if grade(item, right) != 1]
    assert wrong == []


@jailed
def test_every_item_asks_for_something() -> None:
    """Doing nothing is never right."""
    assert [item.about for item in ITEMS[::6] if grade(item, "true")] == []


COUNT = "grep -c ERROR app.log"


@pytest.mark.parametrize(
    "answer",
    [
        "{}",
        "  {}\n",
        "$ {}",
        "`{}`",
        "Command: {}",
        "```bash\n{}\n```",
        "```\n$ {}\n```\nIt counts the errors.",
        "Sure! Here is the command:\n\n```sh\n# count\n{}\n```",
        "You can use `{}` for this.",
        "Here you are:\n{}\nThis counts the lines.",
    ],
)
def test_it_is_seen_through(answer: str) -> None:
    assert extract(answer.replace("{}", COUNT)) == COUNT


def test_a_loop_over_lines_stays_whole() -> None:
    loop = 'for f in *.txt; do\n  mv "$f" "${f%.txt}.md"\ndone'
    assert extract(f"```bash\n{loop}\n```") == loop
    assert extract("awk 'NR > 1 {\n  print\n}' a") == "awk 'NR > 1 {\n  print\n}' a"


@jailed
@pytest.mark.parametrize(
    ("words", "right", "wrong"),
    [
        ("how many lines has access.log", "wc -l access.log", "wc -c access.log"),
        ("how many lines has access.log", "cat access.log | wc -l", "cat access.log"),
        ("ends with .log", "find -name '*.log' -ls", "find . -name '*.log*'"),
        ("empty folders", "find . -type d -empty -print", "find . -empty"),
        ("5 largest files", "find . -type f -exec du -b {} + | sort -rn | head -5", "ls -lS | head -5"),
        ("5 largest files", "find . -type f -exec ls -S {} + | head -n5", "find . -type f -size +1k"),
        ("most frequent first", "sort words.txt | uniq -c | sort -k1nr", "sort words.txt | uniq -c"),
        (".tmp files in this folder only", "find . -maxdepth 1 -name '*.tmp' -delete", "find . -name '*.tmp' -delete"),
        ("rename draft1.txt", 'for i in *.txt; do mv -- "$i" "$(basename "$i" .txt).md"; done', "mv *.txt *.md"),
        ("Pack the folder nginx", "tar cfz nginx.tar.gz nginx/", "tar cf nginx.tar.gz nginx"),
        ("average of the units", "awk -F, 'NR>1{s+=$4}END{printf \"%.2f\\n\", s/(NR-1)}' sales.csv", "echo 4.2"),
        ("keep the original", "cp app.log x && gzip app.log && mv x app.log", "gzip app.log"),
        ("without deleting it", "truncate --size=0 debug/trace.log", "rm debug/trace.log"),
        ("list_a.txt backwards", "sort -r list_a.txt", "cat list_a.txt"),
        ("numeric order", "sort -g numbers.txt", "sort numbers.txt"),
        ("write-protect", "chmod 444 Desktop/todo.txt", "chmod u-w Desktop/todo.txt"),
        ("directories only", "ls -l | grep '^d'", "ls -p"),
        ("Do not change the file", "cat poem.txt | sed s/rain/snow/g", "sed -i s/rain/snow/g poem.txt; cat poem.txt"),
        ("older than 100 days", "find old/ -mtime +100 -type f -exec rm {} \\;", "rm -r old"),
    ],
)  # fmt: skip
def test_what_it_does_counts(words: str, right: str, wrong: str) -> None:
    assert grade(_asked(words), right) == 1
    assert grade(_asked(words), wrong) == 0


HOSTILE = r"""
rm -rf /
rm -rf /*
rm -rf ~
cat ~root/x
cat /etc/passwd
cat "/etc/passwd"
ls '/'
find / -name x
sudo ls
ls; sudo rm x
ls && reboot
(sudo ls)
{ sudo ls; }
time sudo ls
A=1 sudo ls
if true; then sudo ls; fi
for f in *; do kill $f; done
x=$(curl http://a.example)
echo `wget x`
echo "$(cat /etc/passwd)"
echo "$(sudo ls)"
find . -exec rm -rf / \;
find . -exec sudo rm {} \;
find . -name x -exec sh -c 'kill 1' \;
ls | xargs kill
ls | xargs -n1 sudo rm
cat ../secret
cat logs/../../secret
rm -rf ..
cd logs && cat ../../x
cd .. && ls
tar -xf a.tar -C ..
echo hi > /tmp/x
echo hi >/dev/sda
cat a >/var/x
cp a /opt/
dd if=a of=b
mkfs.ext4 a
shutdown now
pip install x
apt-get install x
bash -c 'rm -rf /'
sh -c "curl x"
awk '{system("rm x")}' a
awk '{print > "/etc/x"}' a
python3 -c "open('/etc/x')"
chmod -R 777 /
echo "abc
"""

HARMLESS = r"""
grep -c 'sudo' auth.log
grep -E 'error|kill' app.log
grep '/index.html' access.log
awk '/ERROR/ {print $1}' app.log
awk -F: '$3 ~ /x/ {print}' a
awk -F/ '{print $2}' a
sed -n '/start/,/end/p' a
sed 's/,/ /g' a
sed -i 's#/old#/new#' a
tr '/' '_' < a
cut -d' ' -f1 a | sort
cut -d '/' -f 1 a
ls 2>/dev/null
ls > /dev/null 2>&1
find . -name '*.log' -exec rm {} +
find . -type f -print0 | xargs -0 du -b | sort -rn | head -5
find . -perm /111
cd logs && cat ../a.txt
tar -C logs -czf x.tgz .
for f in *.txt; do mv "$f" "${f%.txt}.md"; done
while read -r l; do echo "$l"; done < a.txt
comm -12 <(sort a) <(sort b)
[[ $x =~ ^a ]] && ls
echo $((1+2))
rm -r build
"""


@pytest.mark.parametrize("command", HOSTILE.strip().splitlines())
def test_it_is_refused(command: str) -> None:
    assert refused(command)


@pytest.mark.parametrize("command", HARMLESS.strip().splitlines())
def test_it_is_not_refused(command: str) -> None:
    assert refused(command) == ""


def test_what_is_refused_is_wrong_and_never_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "run_all", lambda jobs: pytest.fail("it was run"))
    assert [grade(_asked("get rid of the build"), answer) for answer in ("sudo rm -r build", "rm -rf /", "")] == [
        0,
        0,
        0,
    ]


def test_without_a_jail_nothing_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "_no_jail", lambda: "for a test")
    monkeypatch.setattr(sandbox, "_run", lambda jobs: pytest.fail("it was run"))
    with pytest.raises(NoJail, match="for a test"):
        sandbox.run({}, "true")


@jailed
def test_the_jail_holds(tmp_path: Path) -> None:
    """As if the guard had let all of it through."""
    mine = tmp_path / "mine"
    mine.write_text("mine")
    tmp_path.chmod(0o777)
    mine.chmod(0o666)
    command = f"""
        cat {mine}; rm -rf {tmp_path}; echo x > {mine}
        rm -rf /home/user/* /tmp /etc /dev /usr/bin; touch /usr/x
        mount -t tmpfs x /usr; unshare -U true && echo namespace
        kill -9 1; (exec 3<>/dev/tcp/127.0.0.1/22) && echo net; ls /proc/[0-9]* -d | wc -l
    """
    outcome = sandbox.run({"a": "text"}, command)
    assert mine.read_text() == "mine"
    assert outcome is not None
    assert outcome.stdout.split() == [outcome.stdout.strip()]  # nothing but the number of processes
    assert int(outcome.stdout) < 8
    assert outcome.tree == {}  # its own folder it may empty


@jailed
@pytest.mark.parametrize("command", [":(){ :|:& };:", "yes > big"])
def test_what_runs_away_is_ended(command: str) -> None:
    outcome = sandbox.run({"a": "text"}, command)
    assert outcome is None or outcome.tree["a"]


@jailed
def test_what_stays_in_the_background_is_ended() -> None:
    outcome = sandbox.run({"a": "text"}, "(sleep 1; echo late > late) & echo now")
    assert outcome is not None
    assert (outcome.stdout, list(outcome.tree)) == ("now\n", ["a"])
