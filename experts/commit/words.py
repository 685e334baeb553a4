"""Words that one diff's words may be exchanged for, and the ways people ask for a commit message."""

from __future__ import annotations


def _words(text: str) -> list[str]:
    return text.split()


def _pairs(text: str) -> list[tuple[str, str]]:
    """Singular and plural of every word; the plural is written out where it is not the word and an s."""
    return [(word, plural or word + "s") for word, _, plural in (item.partition("/") for item in text.split())]


# Things a program may be about. Any of them may stand for any other, in names, tables and prose.
NOUNS = _pairs("""
user customer member guest patient doctor teacher student driver player pilot tenant donor voter author seller buyer
visitor employee/employees supplier subscriber passenger product order invoice payment booking ticket coupon review
article recipe song movie book lesson course quiz/quizzes exam grade trip flight vehicle parcel shipment warehouse
hotel room venue concert album playlist podcast episode photo sensor camera alarm plant garden pet animal meal
ingredient bakery/bakeries library/libraries airport contract loan donation campaign survey ballot auction bid
listing subscription newsletter team league score trail hike workout voucher receipt refund delivery/deliveries
courier truck depot bridge ferry/ferries train bus/buses taxi/taxis island museum exhibit painting poem novel
chapter orchestra choir wedding festival tournament match/matches arena gym coach/coaches clinic vaccine
pharmacy/pharmacies insurance claim policy/policies account wallet mortgage orchard harvest tractor farm barn cow
sheep/sheep beehive forecast storm
""")

# Words that must not be touched in a diff that has such text: there they mean something else.
UNSAFE = {
    "order": ("order by", "orderby", "order_by", "border", "sort"),
    "match": ("match ", "regex", ".match", "Match"),
    "train": ("train(", "ml/", "epoch"),
    "user": ("USER ", "user.name", "userns", "users/", "User=", "DB_USER"),
    "account": ("@account", "aws_account"),
    "team": ("-team",),
    "policy": ("policy_arn", "Policy:"),
    "alarm": ("alarm(",),
    "book": ("bookworm",),
    "camera": ("Camera3D",),
    "bus": ("class Bus", "event bus"),
    "library": ("add_library", "libraries:"),
    "product": ("productName",),
    "score": ("underscore",),
    "driver": ("postgres", "mysql", "spi"),
    "recipe": ("justfile",),
    "bakery": ("Fresh bread",),
    "image": ("image:",),
    "sensor": ("SensorManager",),
    "insurance": ("insurances",),
}

VERBS = _words("""
get load read fetch parse build make find list count check send store render update merge split clean format convert
compute
""")
OBJECTS = _words("""
config header footer token record entry batch chunk option label column report summary window buffer cursor path
folder archive theme layout filter digest offset range region window banner
""")

# Packages of one ecosystem each; a bump of one looks like a bump of another.
PACKAGES = [
    _words("""
requests django flask celery pillow sqlalchemy numpy pandas httpx pydantic fastapi uvicorn jinja2 click rich lxml
redis boto3
"""),
    _words("""
express axios lodash react vue vite eslint prettier typescript webpack jest svelte zod dayjs chalk fastify
mongoose
"""),
    _words("""
serde tokio clap anyhow regex reqwest tracing rayon hyper axum rand thiserror bytes futures
"""),
    _words("""
postgres mysql redis nginx mariadb rabbitmq memcached mongo caddy traefik
"""),
]
CODENAMES = _words("""
tidepool heron finch sparrow orchard seedbank meadow lantern juniper pebble walrus saffron quill ember cobalt
""")
DIRS = _words("""
src lib app core pkg internal server client tools scripts shared common
""")
OUTER = [
    "services/api/",
    "packages/web/",
    "apps/admin/",
    "backend/",
    "frontend/",
    "modules/core/",
    "projects/main/",
    "crates/engine/",
]

SYSTEMS = [
    "You write commit messages.",
    "You write the subject line of a git commit: imperative, no full stop, under 65 characters.",
    "Answer with one commit subject line.",
    "You are a git assistant. Given a diff, reply with its commit message and nothing else.",
    "git commit helper",
]
LAYOUTS = [
    "Write a commit message:\n\n{}",
    "Write a commit message for this diff:\n\n{}",
    "Commit message for this change?\n\n{}",
    "```diff\n{}```",
    "```diff\n{}\n```",
    "```\n{}```",
    "Write a commit message.\n\n```diff\n{}```",
    "Here is my diff:\n\n```diff\n{}```\n\nWhat should the commit message be?",
    "Subject line for this commit:\n{}",
    "Summarize this diff in one line:\n\n{}",
    "$ git diff --cached\n{}",
    "$ git diff\n{}",
    "{}\n\nCommit message:",
    "{}\nWrite the commit message.",
    "Diff:\n{}\nMessage:",
    "what do i write as commit msg for this\n\n{}",
    "Please give me a short commit message for the following staged changes:\n\n{}",
    "commit msg pls\n{}",
    "Generate a git commit subject line.\n\n{}",
    "I changed this:\n\n{}\n\nName the commit.",
    "<diff>\n{}</diff>",
    "Describe this change as a commit subject:\n\n{}",
    "The staged diff:\n\n{}\n\nReply with the commit message only.",
]
