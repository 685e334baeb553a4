"""Names, endings, words and numbers that a varied request may have."""

from __future__ import annotations

import re


def words(text: str) -> list[str]:
    """The words of a text: a list that is easy to read and to add to."""
    return text.split()


_TEXT = words(
    """
    notes journal poem letter essay speech chapter draft ideas shopping recipe minutes agenda lyrics script outline
    summary manual words names guests  members players cities animals plants colors tools tasks todo wishlist results
    output input raw clean merged lines items entries quotes  lecture memo interview transcript glossary vocab plan
    diary story thesis abstract changelog faq handout survey answers questions ids  hosts urls paths emails domains
    keywords stopwords tags books movies songs birds stations routes streets inventory parts devices
    """
)
_TABLE = words(
    """
    sales orders customers people employees students grades products prices stock payments invoices expenses budget
    weather stations sensors flights  trips hotels bookings patients visits tests scores teams matches players goals
    rivers countries population rainfall energy meters cars trips_2023  shipments suppliers parts tickets users logins
    ratings reviews movies books loans members donations harvest fields crops wines survey samples
    """
)
_LOG = words(
    """
    app server access error auth build deploy worker mail cron kernel boot system backup sync payment gateway proxy api
    debug update install crash db queue scan
    """
)
_CODE = words(
    """
    main app utils server client parser index models views helpers config test router game player engine tools loader
    setup worker hello solve shapes
    """
)
_CONF = words(
    """
    settings config app server nginx database network local prod dev site users printer router proxy mail backup cache
    theme game
    """
)
_MEDIA = words(
    """
    photo picture cover scan logo banner clip movie trailer song intro interview lecture portrait map diagram holiday
    wedding concert drone ticket
    """
)
_PACKED = words(
    """
    backup archive release site photos project data docs source logs snapshot bundle export old_files music thesis_v2
    website december
    """
)
_OTHER = words(
    """
    report data file invoice contract offer slides budget letter plan manual form ticket book key disk image dump cache
    sample output
    """
)
_BY_ENDING = {
    ending: names
    for endings_, names in (
        (".txt .md .tex", _TEXT),
        (".csv .tsv .json .sql .sql.gz .csv.gz", _TABLE),
        (".log .log.gz", _LOG),
        (".py .c .js .sh .html .java .go", _CODE),
        (".conf .ini .cfg .env .yml .yaml", _CONF),
        (".jpg .png .mp3 .mp4 .gif .mov", _MEDIA),
        (".tar .tar.gz .zip .tar.bz2 .tar.xz", _PACKED),
    )
    for ending in endings_.split()
}

_TELLING = {
    "numbers": words(
        "numbers values amounts measurements readings prices temps weights ages counts distances durations"
    ),
    "sizes": words("sizes usage volumes filesizes"),
    "versions": words("versions releases packages"),
    "months": ["months"],
}

# Endings of text, and those that any command may meet that does not read what is in the file.
_TEXT_ENDINGS = words(
    """
    txt log md csv json xml html css py js ts java rb rs php yaml yml sql conf ini cfg tex rst tsv svg sh toml cpp srt
    bib
    """
)
_ANY_ENDINGS = [
    *_TEXT_ENDINGS,
    *words("jpg jpeg png gif webp bmp tiff pdf docx odt xlsx ods pptx epub mp3 mp4 wav ogg flac avi mkv mov"),
    *words("iso deb rpm bak tmp swp pyc dat bin ttf psd exe"),
]
# Endings whose commands hold for them alone, and those that are words of their own and need their dot.
FIXED_ENDINGS = {"gz", "zip", "tar", "bz2", "xz", "sh", "o", "ipynb", "md5", "TXT", "h", "jar"}
ORDINARY = {"old", "go", "key", "lock", "class", "conf", "orig", "dat", "doc", "table"}
# A request with such a word says the kind of its files in another way than by the ending.
SAYS_KIND = re.compile(
    r"\b(logs|pictures?|photos?|images?|[Pp]ython|scripts?|songs?|music|markdown|videos?|movies?|notebooks?|headers?|"
    r"javascript|camera|C source|YAML|C\+\+ files|texts?|sheets?|exports?|spreadsheets?|tables?|documents?|Go tests|"
    r"recordings?|bills?|modules?|lines? of|columns?|spellings|web ?pages?|pages?|subtitles?|recipes?|fonts?|"
    r"checksums?|measurements|dumps?|archives?|soups?|copies|backups?)\b"
)
_READS = re.compile(r"\b(wc|grep|sed|cat|head|tail|sort|dos2unix|cut|awk|tr|diff)\b")

FOLDERS = words(
    """
    docs photos src logs backup archive music videos projects data assets public images papers downloads reports scripts
    config lib include site html build  cache inbox mirror dest safe documents notes www export team private shared
    project recipes books invoices letters models uploads media  tests vendor samples results drafts exports imports
    games themes plugins templates fonts icons slides scans receipts taxes family work school  homework garden kitchen
    travel lab survey research figures tables maps clips podcasts lectures contracts clients orders incoming outgoing
    done processed staging release dist output input archive_2022 holiday birthday wedding
    """
)
SOUGHT = words(
    """
    error warning failed timeout denied refused success started stopped connected missing invalid unknown retry urgent
    important pending  cancelled approved rejected paid overdue apple banana garlic butter sugar coffee lemon river
    mountain castle dragon robot planet engine password  token secret license deprecated import export return function
    class select update delete insert login logout admin guest root session cookie cache  database server client proxy
    printer network upload download version release feature bug ticket invoice refund customer order delivery
    """
)
SHOUTED = words(
    """
    ERROR WARN FATAL INFO DEBUG CRITICAL FAILED TODO FIXME HACK NOTE XXX BUG URGENT SELECT INSERT GET POST DELETE PUT
    DONE OPEN CLOSED
    """
)
TITLED = words(
    """
    Error Warning Exception Started Stopped Connected Failed Copyright Berlin Paris London Madrid Vienna Oslo Chapter
    Section Figure Total Invoice  Anna Peter Monday Friday January March Accepted Rejected Subject Date Author Title
    """
)
NAMED = words(
    """
    report invoice budget draft final summary readme notes contract config backup letter meeting holiday survey sample
    test demo export  screenshot scan receipt resume logo poster schedule plan chapter tutorial exam lesson track
    episode map recipe menu offer order
    """
)
# Words of one kind, one of which may stand for another.
ALIKE = (
    ("alice", "bob", "carol", "dave", "erin", "frank", "maria", "jonas", "lena", "omar", "priya", "chen", "www-data"),
    ("nginx", "apache2", "postgresql", "redis", "mysql", "cron", "cups", "sshd", "rabbitmq-server"),
    ("staff", "developers", "users", "admins", "students", "editors", "audio", "sales"),
    ("firefox", "chrome", "gimp", "vlc", "spotify"),
)
# Modes of files; those of folders let their owner in.
FOLDER_MODES = ("755", "700", "750", "775", "711", "770", "555")
MODES = ("644", "755", "600", "700", "640", "750", "664", "775", "444", "400", "660", "770", "777", "555", "711")
SIZES = (1, 2, 3, 5, 8, 10, 15, 20, 25, 30, 40, 50, 64, 75, 100, 120, 128, 150, 200, 250, 256, 300, 400, 500, 512, 600)
# Days, how they are said after "the last", and how otherwise.
AGES = (
    *((days, f"{days} days", f"{days} days") for days in (2, 3, 4, 5, 6, 8, 9, 10, 12, 14, 15, 20, 21, 25, 28, 30)),
    *((days, f"{days} days", f"{days} days") for days in (40, 45, 60, 90, 100, 120, 180, 200, 365)),
    *((7, "week", "a week"), (7, "7 days", "7 days"), (7, "seven days", "seven days"), (7, "week", "one week")),
    *((14, "two weeks", "two weeks"), (14, "2 weeks", "2 weeks"), (21, "3 weeks", "three weeks")),
    *((28, "4 weeks", "four weeks"), (30, "month", "a month"), (30, "month", "a month")),
    *((60, "two months", "two months"), (90, "3 months", "three months"), (365, "year", "a year")),
    *((3, "three days", "three days"), (5, "five days", "five days"), (2, "two days", "two days")),
)


def stems(stem: str, ending: str) -> list[str]:
    """Names for a file with this ending; one whose name says what is in it gets another that says so."""
    return _TELLING.get(stem) or _BY_ENDING.get(ending, _OTHER)


def endings(command: str) -> list[str]:
    """Endings of files that the command can work on."""
    return _TEXT_ENDINGS if _READS.search(command) else _ANY_ENDINGS
