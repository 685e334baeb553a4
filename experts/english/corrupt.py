"""Mistakes made by rule: every place in a right text where one could stand, and a seeded choice among them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from random import Random

from experts.english.words import (
    ADVERBS, BASES, COMPARED, CONFUSED, DAYS, ING, IRREGULAR, LANGUAGES, MISSPELT, MONTHS, PARTICIPLE, PAST, PLACES, PLURALS,
    REGULARISED, SUPERLATIVES, THIRD,
)  # fmt: skip
from experts.recipe import typos

# Characters `start` to `end` of the right text, and what is written there instead.
Edit = tuple[int, int, str]
Rule = Callable[[str], Iterator[Edit]]


def _any(words: Iterable[str]) -> str:
    return "(?:" + "|".join(sorted(map(re.escape, words), key=len, reverse=True)) + ")"


_OF_BASE = {"THIRD": THIRD, "ING": ING, "PAST": PAST, "PARTICIPLE": PARTICIPLE}
_BACK = {kind: {form: base for base, form in forms.items()} for kind, forms in _OF_BASE.items()}
_NAMED = {
    "BASE": _any(BASES),
    **{kind: _any(forms.values()) for kind, forms in _OF_BASE.items()},
    "CHANGED": _any(form for base, form in PARTICIPLE.items() if form != base),
    "SIMPLE": _any(form for base, form in PAST.items() if form != base),
    "MODAL": "(?:can|could|must|should|may|might|would|can't|couldn't|mustn't|shouldn't|wouldn't|cannot)",
    "DET": "(?:the|a|an|my|your|his|her|its|our|their|this|that|each|every|one)",
    "ADV": "(?:always|never|often|usually|already|really|also|still|just|only)",
    "PERSON": "(?:man|woman|boy|girl|people|person|friend|sister|brother|teacher|students|children|someone|anyone|everyone|guy)",
    "PLAIN": "(?:new|old|right|last|next|first|second|other|same|small|big|good|best|long|main|few|wrong|great|short|free|old)",
    "DAY": _any(DAYS),
    "MONTH": _any((*MONTHS, "March", "May")),
    "COUNT": "(?:two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|thirty|fifty|many|several|few|both|these|those|[2-9][0-9]?)",
}  # fmt: skip


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"<([A-Z]+)>", lambda m: _NAMED[m[1]], text), re.IGNORECASE)


def _like(word: str, model: str) -> str:
    """The word with a capital where the model has one."""
    return word[:1].upper() + word[1:] if model[:1].isupper() else word


def _filled(match: re.Match[str], out: str) -> str:
    """`{1}` is a group, `{1:base}` the base of the verb in it, `{1:PAST}` another form of it."""

    def group(slot: re.Match[str]) -> str:
        text, form = match[int(slot[1])] or "", slot[2]
        if not form:
            return text
        kind, _, to = form.partition(">")
        base = text.lower() if kind == "BASE" else _BACK[kind].get(text.lower(), text)
        return _OF_BASE[to].get(base, base) if to else base

    return _like(re.sub(r"\{(\d)(?::([A-Z>]+))?\}", group, out), match[0])


def patterns(table: str) -> Rule:
    """A rule of lines `what is right => wrong | wrong`: regular expressions, in which `<BASE>` and the like are sets of words."""
    rows = []
    for line in table.strip().splitlines():
        left, _, right = line.strip().partition(" => ")
        rows.append((_pattern(left), [out.strip() for out in right.split(" | ")]))

    def rule(text: str) -> Iterator[Edit]:
        for pattern, outs in rows:
            for match in pattern.finditer(text):
                for out in outs:
                    yield match.start(), match.end(), _filled(match, out)

    return rule


def swaps(table: dict[str, str], after: str = "") -> Rule:
    """A rule that puts other words in the place of these, `|` between the ways; `after` must not follow."""
    pattern = re.compile(rf"(?<![\w'’-]){_any(table)}(?![\w'’-]{after})", re.IGNORECASE)

    def rule(text: str) -> Iterator[Edit]:
        for match in pattern.finditer(text):
            for wrong in table[match[0].lower()].split("|"):
                yield match.start(), match.end(), _like(wrong, match[0])

    return rule


_articles = patterns(r"""
    \ba ([a-z]+) => {1} | an {1}
    \ban ([a-z]+) => {1} | a {1}
    \bthe (same|first|second|third|only|best|worst|whole|end|beginning|end|next|last|most|other|biggest|rest|past|way) => {1}
    \b(in|on|at|to|from|of|for|near|through|into|with|by|behind|under|after) the ([a-z]+[a-rt-z])\b => {1} {2}
    \b(is|was|were|are|has|open|close|lock|clean|read|see|take|found|saw|lost|missed) the ([a-z]+[a-rt-z])\b => {1} {2}
    \b(at|from|after|before|for|to) (home|work|school|breakfast|lunch|dinner|bed)\b => {1} the {2}
    \b(in|to|from|since|like|speak|learn|learning|speaks) (English|Japan|Canada|nature|life|society|music)\b => {1} the {2}
    \b(my|your|our|their) (\w+) => the {1} {2}
    \b(next|last) (week|month|year|summer|winter|spring|night) => the {1} {2} | in {1} {2}
    \b(by) (bus|car|train|plane|bike|email|phone)\b => {1} the {2} | with {2} | with the {2}
    \b(some|any) (advice|information|furniture|homework|luggage|bread|evidence|work)\b => an {2} | a {2}
    \b(is|was|am|are) (a|an) (\w+) => {1} {3}
""")

_prepositions = patterns(r"""
    \b(depends?|depending) on\b => {1} of | {1} from
    \b(interested) in\b => {1} on | {1} for | {1} about
    \b(good|bad|better) at\b => {1} in
    \bon (<DAY>s?)\b => in {1} | at {1} | {1}
    \bin (the (?:morning|afternoon|evening))\b => at {1} | on {1}
    \bat (night|noon)\b => in {1} | in the {1} | on {1}
    \bin ((?:19|20)\d\d)\b => on {1} | at {1}
    \bin (<MONTH>)\b(?! \d) => on {1} | at {1}
    \bat (one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)( o'clock)?\b => in {1}{2} | on {1}{2}
    \b(married|similar|next|according|used|allergic|attached) to\b => {1} with | {1} | {1} of
    \b(listen|listens|listening|listened|belong|belongs) to\b => {1}
    \b(wait|waits|waiting|waited|look|looking|ask|asked|pay|search|apply|applying) for\b => {1}
    \b(arrived?|arrives) at\b => {1} to | {1} in
    \b(afraid|scared|tired|proud|full|sick|capable|aware|out|instead|because) of\b => {1} from | {1} with | {1}
    \b(famous|responsible|grateful|ready|sorry|reason|except) for\b => {1} of | {1} about
    \b(worried|complain|complained|talk|talked|talking|think|thinking|sure|excited|dream) about\b => {1} for | {1} of about | {1}
    \b(satisfied|agree|agreed|happy|busy|angry|compared) with\b => {1} of | {1} for | {1}
    \b(one|some|most|all|none|each|half|two|three|both|many) of (the|my|our|us|them|these) => {1} {2} | {1} from {2}
    \b(a lot|kind|cup|glass|bottle|piece|pair|slice|amount|number|couple|plenty|front) of\b => {1}
    \b(for) (\w+ (?:days|weeks|months|years|hours|ages))\b => since {2} | during {2} | from {2}
    \bfor (ages|years|hours|days|weeks|months|a long time|a week|an hour)\b => since {1}
    \bsince ((?:19|20)\d\d|<DAY>|<MONTH>|yesterday|last \w+|he|she|I|we|they|the)\b => for {1} | from {1} | since from {1}
    \b(\w+ (?:days|weeks|months|years|hours)) ago\b => before {1} | ago {1} | {1} before
    \b(go|went|goes|going|come|came|get|got|drive|walk|return|been|moved|travel) to (the|my|our|a|bed|school|work|\w+) => {1} {2} | {1} at {2}
    \b(in) (front of|the end|fact|total|charge|advance|general|my opinion) => on {2} | at {2}
    \bon (time|holiday|the phone|the table|the way|my way|foot|page|the floor|TV|television|Facebook|his own|my own)\b => in {1} | at {1}
    \bat (home|work|school|university|the moment|the door|the station|the airport|the end|the beginning)\b => in {1} | on {1} | {1}
    \b(smile[ds]?|look|looked|looking|shout(?:ed)?|laugh(?:ed)?) at\b => {1} to | {1}
    \b(told|tell|asked|ask|tells|asks|told) (me|him|us|them|you)\b => {1} to {2}
    \b(discuss(?:ed)?|enter(?:ed)?|contact(?:ed)?|reach(?:ed)?|answer(?:ed)?|mention(?:ed)?) (the|your|our|my|it|this|him|me|us) => {1} about {2} | {1} to {2}
    \bby the end of\b => until the end of | to the end of | by the end
    \b(different|far|away|suffer|suffering|recover) from\b => {1} of | {1} to
    \b(explain(?:ed)?) (\w+|the \w+) to (me|us|him|them|you)\b => {1} {3} {2}
    \b(succeed|participate|believe|specialize|experience) in\b => {1} at | {1} on | {1}
    \b(take|taking|took) (part) in\b => {1} {2} at | {1} {2} on | {1} {2} to
""")

_agreement = patterns(r"""
    \b(he|she|it|who|everyone|everybody|nobody|someone|somebody|which) (<THIRD>)\b => {1} {2:THIRD}
    \b(he|she|it|who|everyone|everybody|nobody|someone) (<ADV>) (<THIRD>)\b => {1} {2} {3:THIRD}
    \b(<DET>) (?!<PLAIN>\b)(\w*[a-rt-z]) (<THIRD>)\b => {1} {2} {3:THIRD}
    \b(I|we|they) (<BASE>)\b => {1} {2:BASE>THIRD}
    \b(I|we|they) (<ADV>) (<BASE>)\b => {1} {2} {3:BASE>THIRD}
    \b(?<!if )(?<!wish )(he|she|it|this|that|everyone|everybody|nobody|everything|nothing|what) (is)\b => {1} are
    \b(?<!if )(?<!wish )(he|she|it|this|that|everyone|everybody|nobody|everything|nothing) was\b => {1} were
    \b(he|she|it|everyone|everybody|nobody|someone|who) has\b => {1} have
    \b(he|she|it) (doesn't|does not)\b => {1} don't | {1} do not
    \b(I|we|you|they) don't\b => {1} doesn't
    \b(we|you|they) are\b => {1} is
    \b(we|you|they) were\b => {1} was
    \b(we|you|they|I) have\b => {1} has
    \bI am\b => I is | I are
    \b(?<!if )(?<!wish )(?<!though )I was\b => I were
    \bthere are\b => there is | there's | it has
    \bthere were\b => there was | it was
    \bthere is (a|no|an)\b => there are {1} | it has {1} | it is {1}
    \b(?<!one of the )(?<!each of the )(\w+[a-rt-z]s) are\b => {1} is
    \b(?<!one of the )(?<!each of the )(\w+[a-rt-z]s) were\b => {1} was
    \b(\w+[a-rt-z]s) have\b => {1} has
    \b(<DET>) (\w*[a-rt-z]) is\b => {1} {2} are
    \b(<DET>) (\w*[a-rt-z]) was\b => {1} {2} were
    \b(<DET>) (\w*[a-rt-z]) has\b => {1} {2} have
    \b(children|people|men|women) are\b => {1} is
    \b(children|people|men|women) were\b => {1} was
    \b(children|people|men|women) have\b => {1} has
    \b(<DET>) (\w*[a-rt-z]) (doesn't|does not)\b => {1} {2} don't
""")

_verbs = patterns(r"""
    \b(<MODAL>|will|won't) (<BASE>)\b => {1} to {2} | {1} {2:BASE>PAST} | {1} {2:BASE>ING}
    \b(he|she|it) (<MODAL>|will) (<BASE>)\b => {1} {2} {3:BASE>THIRD}
    \b(<MODAL>) be\b => {1} | {1} to be | {1} been
    \b(didn't|doesn't|don't|did not|does not) (<BASE>)\b => {1} {2:BASE>PAST} | {1} to {2} | {1} {2:BASE>ING}
    \b(he|she|it) doesn't (<BASE>)\b => {1} doesn't {2:BASE>THIRD} | {1} not {2} | {1} don't {2}
    \b(I|we|they|you) don't (<BASE>)\b => {1} not {2} | {1} no {2} | {1} am not {2}
    \b(I|he|she|we|they|you) didn't (<BASE>)\b => {1} not {2:BASE>PAST} | {1} didn't {2:BASE>PAST} | {1} don't {2:BASE>PAST}
    \b(have|has|had|'ve|haven't|hasn't|hadn't) (<CHANGED>)\b => {1} {2:PARTICIPLE} | {1} {2:PARTICIPLE>ING}
    \b(have|has|had|haven't|hasn't|hadn't) (never|already|always|just|been) (<CHANGED>)\b => {1} {2} {3:PARTICIPLE}
    \b(was|were|been|being|is|are|be) (<CHANGED>)\b => {1} {2:PARTICIPLE}
    \b(was|were|been) (<CHANGED>) by\b => {2} by | {1} {2} from | {1} {2} of
    \b(am|is|are|was|were) (<ING>)\b => {2} | {1} {2:ING}
    \b(I|you|we|they|he|she)'(?:m|re|s) (<ING>)\b => {1} {2}
    \bI(?: have|'ve) been (<ING>)\b => I am {1} | I been {1}
    \b(he|she|it)(?: has|'s) been (<ING>)\b => {1} is {2} | {1} been {2}
    \b(we|they|you)(?: have|'ve) been (<ING>)\b => {1} are {2} | {1} been {2}
    \b(want|wants|wanted|need|needs|decided|like|hope|plan|going|able|forgot|try|tried|used|have|has|had|learn|started|how) to (<BASE>)\b => {1} {2} | {1} to {2:BASE>PAST}
    \b(want|wants|need|needs|decided|hope|forgot|managed|promised|agreed|refused|able|easy|difficult|important|ready) to (<BASE>)\b => {1} {2:BASE>ING} | {1} for {2}
    \b(enjoy|enjoys|enjoyed|finish|finished|stop|avoid|mind|suggest|suggested|keep|keeps|imagine|miss) (<ING>)\b => {1} to {2:ING} | {1} {2:ING}
    \b(of|without|before|after|by|for|about|at|in|instead of|from) (<ING>)\b => {1} {2:ING} | {1} to {2:ING}
    \blook(ing)? forward to (<ING>)\b => look{1} forward to {2:ING} | look{1} foreward to {2}
    \bto (<BASE>)\b => to {1:BASE>PAST} | for {1} | to {1:BASE>ING}
    \b(made|make|makes|let|lets) (me|him|her|us|them|you) (<BASE>)\b => {1} {2} to {3} | {1} {2} {3:BASE>ING}
    \b(asked|told|want|wants|wanted) (me|him|her|us|them|you) to (<BASE>)\b => {1} {2} {3} | {1} that {2} {3}
    \b(he|she|we|they|you|it) (is|are|was|were) (not|very|so|too|still|always) => {1} {3}
    \bI am (not|very|so|too|still|always|a|from|in) => I {1} | I'm am {1}
    \b(could|should|would|might|must) have\b => {1} of | {1} had
    \b(could|should|would|might) have (<CHANGED>)\b => {1} have {2:PARTICIPLE} | {1} {2}
    \bI(?: have|'ve) (seen|done|been|gone|given|taken|written) => I {1}
    \bwill be (<CHANGED>)\b => will {1} | will be {1:PARTICIPLE}
    \bif (it|he|she) (<THIRD>)\b => if {1} will {2:THIRD}
    \b(when|if|as soon as) (I|you|we|they) (get|arrive|need|want|have|buy|see|find|come|go|finish|smell)\b => {1} {2} will {3}
    \bif (it|he|she|the \w+) is\b => if {1} will be
    \bsuggested (<ING>) => suggested to {1:ING}
    \bsuccessful\b => success | successfull
    \b(I|we|they|he|she) (saw|did|went|came|took) => {1} have {2}
""")

# Only where something else in the text tells that it is past.
_PAST_MARK = _pattern(r"\b(yesterday|last (?:week|night|month|year|summer)|ago|when I was|in (?:19|20)\d\d|this morning|was|were|had|didn't)\b")
_tense = patterns(r"""
    \b(I|he|she|we|they|it) (?!had\b)(<SIMPLE>)\b => {1} {2:PAST} | {1} {2:PAST>ING}
    \b(<DET>) (\w+) (<SIMPLE>)\b => {1} {2} {3:PAST}
    \band (<SIMPLE>)\b => and {1:PAST} | and {1:PAST>THIRD}
""")


def _past(text: str) -> Iterator[Edit]:
    for start, end, wrong in _tense(text):
        if _PAST_MARK.search(text[:start] + text[end:]):
            yield start, end, wrong


_PARTICIPLES = {verb[2]: verb[1] for verb in IRREGULAR if verb[1] != verb[2]}
_participles = patterns(rf"\b(have|has|had|'ve|been|was|were|be|never|already) ({_any(_PARTICIPLES)})\b => {{1}} {{2:PARTICIPLE>PAST}}")
_seen = patterns(r"""
    \b(I|we|he|she|they) saw\b => {1} seen
    \b(I|we|he|she|they) did\b => {1} done
    \b(I|we|he|she|they) (knew|gave|took|wrote|began|drank|sang|rang|swam)\b => {1} {2:PAST>PARTICIPLE}
""")

_nouns = patterns(r"""
    \b(<COUNT>) ([a-z]{2,}[a-rt-z])s\b(?!') => {1} {2} | {1} {2}'s
    \b(<COUNT>) (\w+) ([a-z]{3,}[a-rt-z])s\b(?!') => {1} {2} {3}
    \b(one of (?:the|my|our|these)) ((?:\w+est |most \w+ )?)([a-z]{3,}[a-rt-z])s\b => {1} {2}{3}
    \b(each|every|another|a single) ([a-z]{3,}[a-rt-z])\b(?! (?:one|of|other|few|two|time)) => {1} {2}s
    \b(different|important|new|other|small|good) ([a-z]{3,}[a-rt-z]s)\b => {1}s {2}
    \bothers? (people|students|countries|children) => others {1}
    \bmuch (\w+) => many {1}
    \bmany (\w+s)\b => much {1} | many of {1}
    \btoo much\b => too many
    \btoo many\b => too much
    \bhow much\b => how many
    \bhow many\b => how much
    \bfewer\b => less
    \bless (water|sugar|time|money|meat|noise|traffic)\b => fewer {1}
    \b(?<!a )few (\w+s)\b => little {1}
    \blittle (water|time|information|money|milk|is known) => few {1}
    \bthis ([a-z]+[a-rt-z])\b => these {1}
    \b(these|those) ([a-z]+s)\b => this {2} | that {2}
    \ball the ([a-z]{3,}[a-rt-z])s\b => all the {1} | all {1}
    \b(\w+ly) (well) => {1} good
    \bmost of the\b => the most of the | most of
    \bmost people\b => most of people | the most people
    \ba lot of\b => a lots of | alot of | a lot
    \bboth of\b => the both of | booth of
    \b(he|she) is (\w+) years old => {1} has {2} years | {1} is {2} years
    \ban hour\b => a hour | an ours
    \banother (\w+) => other {1} | an other {1}
""")

_words = patterns(r"""
    \b(don't|doesn't|didn't|can't|couldn't|won't|isn't|aren't|wasn't|haven't|hasn't) (\w+) any\b => {1} {2} no
    \b(don't|doesn't|didn't|can't|couldn't|won't|isn't|aren't|wasn't|haven't|hasn't) (\w+) anything\b => {1} {2} nothing
    \b(don't|doesn't|didn't|can't|couldn't|won't|isn't|aren't|wasn't|haven't|hasn't) (\w+) (?:anybody|anyone)\b => {1} {2} nobody
    \bnobody (<THIRD>|knew|was|is|has|had|answered|saw) => nobody didn't {1} | nobody not {1}
    \bnever (<SIMPLE>)\b => never didn't {1:PAST} | not never {1}
    \b(can|could) hardly\b => {1}'t hardly
    \b(<PERSON>) who\b => {1} which | {1} what | {1} who he
    \b(book|film|house|car|thing|file|phone|machine|law|museum|company), which\b => {1}, what | {1}, who
    \b(thing|book|email|man|woman|one|everything) that\b => {1} what
    \b(told|tell) (me|him|us|them|you|her) (that|about|what) => said {2} {3} | {1} to {2} {3}
    \b(said|says) that\b => told that | {1}, that
    \b(think|thought|know|hope|believe|sure|afraid|true|means|said|agreed|found) that\b => {1}, that | {1} than
    \bmade (mistakes|a mistake|a decision)\b => did {1}
    \b(do|does|did|done|doing) (homework|his homework|my homework|the dishes|exercise|sport) => make {2}
    \bmade a\b => did a
    \bborrow(ed|s|ing)?\b => lend{1}
    \bcan I borrow\b => can I lend | can you borrow me
    \bteach\b => learn
    \bteaches\b => learns
    \blook(s|ed)? like\b => look{1} as
    \bas if\b => like if
    \bas (\w+) as\b => as {1} like | so {1} like | as {1} than
    \bso (\w+) that\b => such {1} that | so {1} than
    \bas soon as possible\b => as soon as posible | as soon is possible
    \b(since|when|because|if|although) (it|there) (is|was)\b => {1} {3}
    \bit (is|was) (\w+) to\b => {1} {2} to
    \beach other\b => each others | each an other
    \bin spite of\b => inspite | in spite
    \bbetween (\w+) and\b => between {1} to
    \bneither (\w+) nor\b => neither {1} or
    \beither (\w+) or\b => either {1} nor
    \bboth (\w+) and\b => both {1} as well
    \brather than\b => rather then | rather that
    \bthan\b => as
    \b(very|so|too) (good|bad|big|small|late|cold|hot|expensive)\b => much {1} {2} | {1} much {2}
    \bused to (<BASE>)\b => use to {1} | used {1} | was used to {1}
""")

_BORED = {"bored": "boring", "tired": "tiring", "interested": "interesting", "excited": "exciting", "worried": "worrying",
          "surprised": "surprising", "disappointed": "disappointing", "confused": "confusing", "scared": "scary",
          "satisfied": "satisfying"}  # fmt: skip
_order = patterns(r"""
    \b(I|we|they|you|he|she|it) (always|never|usually|really) (<BASE>|<THIRD>|<SIMPLE>)\b => {1} {3} {2}
    \b(have|has|had) (always|never|already|just) (\w+)\b => {1} {3} {2} | {2} {1} {3}
    \b(am|is|are|was|were) (always|never|often|usually|already|also|still) => {2} {1}
    \b(what|where|when|why|how) (do|does|did) (you|I|we|they|he|she|it) (<BASE>)\b => {1} {3} {4} | {1} {3} {2} {4}
    \b(what|where|when|why|how|who|which) (is|are|was|were|will|can|should|would) (you|I|we|they|he|she|it|this|that|the \w+) => {1} {3} {2}
    \b(know|tell me|understand|ask|asked me|see|wonder|wondering|check|explain) (where|what|when|why|how|who) (I|he|she|it|they|we|you|the \w+) (is|are|was|were|will|can) => {1} {2} {4} {3}
    \b(do|did) (you) (<BASE>)\b => {2} {3} | {2} {1} {3}
    \b(can|could|would|will) (you|I|we) (<BASE>)\b => {2} {1} {3} | {1} {2} to {3}
    \b(is) there\b => there is
    \b(are) there\b => there are
    \b(have|has) (you|he|she|it|they) => {2} {1}
    \b(turn|switch|pick|take|put|fill|hand|throw|give|bring) (it|them) (on|off|up|out|down|in|away|back)\b => {1} {3} {2}
    \b(speak|speaks|play|plays|like|likes|know|knows) (\w+) (very well|very much|a lot)\b => {1} {3} {2}
    \b(good|big|old|early|long|fast|strong|warm) enough\b => enough {1}
    \b(enough) (time|money|space|food|water|people|room|chairs) => {2} {1}
    \b(a|the|my|an) (new|old|small|big|red|blue|green|black|white|beautiful|long) (\w+)\b => {1} {3} {2}
""")

_more = patterns(r"""
    \bmore ([a-z]+(?:ful|ent|ive|ing|able|ous)) than\b => more {1} then | {1} than | more {1} as
    \bthe most ([a-z]+) => the more {1} | most {1} | the most {1}est
    \b(?:the) ([a-z]+est)\b => {1} | the most {1}
""")


def _comparing(text: str) -> Iterator[Edit]:
    """`easier` is taken for `more easy` and `more easier`, `best` for `most good`."""
    yield from _more(text)
    for table, more in ((COMPARED, "more"), (SUPERLATIVES, "most")):
        for match in re.finditer(rf"\b{_any(table)}\b", text):
            yield match.start(), match.end(), f"{more} {table[match[0]]}"
            yield match.start(), match.end(), f"{more} {match[0]}"
            if more == "more" and re.match(r" than\b", text[match.end() :]):
                yield match.start(), match.end(), table[match[0]]


def _feelings(text: str) -> Iterator[Edit]:
    """`bored` and `boring`."""
    people = r"\b(?:I'm|I am|I was|he is|she is|we are|they are|you are|he was|she was|we were|they were|am|feel) (?:so |very |really )?"
    for match in re.finditer(rf"{people}({_any(_BORED)})\b", text, re.IGNORECASE):
        yield match.start(1), match.end(1), _BORED[match[1]]
    things = {wrong: right for right, wrong in _BORED.items()}
    for match in re.finditer(rf"\b(?:is|was|are|were|so|very|too|more) ({_any(things)})\b", text):
        yield match.start(1), match.end(1), things[match[1]]


def _apostrophes(text: str) -> Iterator[Edit]:
    for match in re.finditer(r"\b(\w+)'(\w{1,2})\b", text):
        yield match.start(), match.end(), match[1] + match[2]
        if match[2] == "t":
            yield match.start(), match.end(), match[1][:-1] + "'nt"
    plural = r"\b(?:two|three|four|five|six|ten|many|some|all|the|my|our|of|new|these|their|few|and) ([a-z]{2,}[a-rt-z])s\b(?! [a-z]+s\b)"
    for match in re.finditer(plural, text):
        if match[1] + "s" not in ("this", "always", "his", "its", "was", "is", "has", "does", "perhaps", "yes"):
            yield match.start(1), match.end(), match[1] + "'s"


def _capitals(text: str) -> Iterator[Edit]:
    for match in re.finditer(rf"(?:^|(?<=[.!?] ))[A-Z]\w*|\bI\b|\bI(?=')|\b{_any((*DAYS, *MONTHS, *LANGUAGES, *PLACES))}s?\b", text):
        yield match.start(), match.end(), match[0].lower()
    for match in re.finditer(r"(?<=[a-z] )[A-Z][a-z]{2,}\b", text):
        yield match.start(), match.end(), match[0].lower()
    for match in re.finditer(r"(?<=[a-z] )(?:mother|father|school|company|boss|teacher|summer|winter|customer|doctor|morning)\b", text):
        yield match.start(), match.end(), match[0].capitalize()


def _commas(text: str) -> Iterator[Edit]:
    for match in re.finditer(r"(?<=\w), (?=\w)", text):
        yield match.start(), match.end(), " "
        yield match.start(), match.end(), " ,"
        yield match.start(), match.end(), ","
    for match in re.finditer(r"(?<=\w)[.!?]$", text):
        yield match.start(), match.end(), ""
        yield match.start(), match.end(), " " + match[0]
        if match[0] == "?":
            yield match.start(), match.end(), "."
    for match in re.finditer(r"\b(but|because|that|when|if) (?=(?:I|he|she|it|we|they|the)\b)", text):
        yield match.start(), match.end(), f"{match[1]}, "


def _joined(text: str) -> Iterator[Edit]:
    """Two sentences run together."""
    for match in re.finditer(r"(?<=\w)(?<!Mr)(?<!Dr)\. ([A-Z])", text):
        first = match[1] if re.match(r"I\b", text[match.end() - 1 :]) else match[1].lower()
        yield match.start(), match.end(), " " + first
        yield match.start(), match.end(), ". " + match[1].lower()
        yield match.start(), match.end(), "." + match[1]


_DROPPED = re.compile(
    r"\b(?:to|be|at|with|it|and|(?<!all )(?<!both )(?<!half )of|(?<=how )do|(?<=\w )does|(?:is|are|was|were) "
    r"(?=(?:very|so|not|too|a|an|the|my|in|at|only|ready|open|going|\w+ing)\b)) ?(?=[a-z])"
)
_TWICE = re.compile(r"\b(?:the|to|a|and|is|of|in|it|for|that|was|have|you|we|on|with|my)\b")


def _missing(text: str) -> Iterator[Edit]:
    for match in _DROPPED.finditer(text):
        if match[0].endswith(" "):
            yield match.start(), match.end(), ""


def _doubled(text: str) -> Iterator[Edit]:
    for match in _TWICE.finditer(text):
        yield match.start(), match.end(), f"{match[0]} {match[0].lower()}"


def _spaces(text: str) -> Iterator[Edit]:
    joined = r"\b(?:in front|at least|a lot|thank you|as well|no one|each other|all right|every time|in fact|of course|so that)\b"
    for match in re.finditer(joined, text):
        yield match.start(), match.end(), match[0].replace(" ", "")
    split = r"\b(any|some|every|no|him|her|my|out|in|up|with|over|week|birth|break|grand|after|home|pass|tooth|note|bed|class|news)" \
        r"(thing|one|body|where|self|side|out|to|night|end|day|fast|mother|father|noon|work|word|port|brush|book|room|paper)\b"
    for match in re.finditer(split, text, re.IGNORECASE):
        yield match.start(), match.end(), f"{match[1]} {match[2]}"


def _all_lower(text: str) -> Iterator[Edit]:
    """As it is typed on a telephone, or comes out of a dictation: one edit for the whole text."""
    yield 0, len(text), text.lower()
    yield 0, len(text), re.sub(r"(?<!\d)[,.;:!?](?=\s|$)", "", text).lower()


# How often a kind of mistake is drawn, where it can be made.
RULES: dict[str, tuple[float, Rule]] = {
    "articles": (12, _articles), "prepositions": (12, _prepositions), "agreement": (11, _agreement), "verbs": (12, _verbs),
    "past": (6, _past), "participles": (3, _participles), "seen": (1, _seen), "regularised": (3, swaps(REGULARISED)),
    "nouns": (8, _nouns), "plurals": (4, swaps(PLURALS)), "words": (6, _words), "feelings": (3, _feelings), "order": (6, _order),
    "compared": (4, _comparing), "adverbs": (4, swaps({k: v for k, v in ADVERBS.items() if k != "well"})),
    "well": (1, patterns(r"\b(?<!as )(?<!may )(\w+) well\b(?! as) => {1} good")),
    "confused": (12, swaps(CONFUSED, "|(?: of| that|,)")), "misspelt": (9, swaps(MISSPELT)), "apostrophes": (5, _apostrophes),
    "capitals": (6, _capitals), "commas": (5, _commas), "joined": (3, _joined), "missing": (5, _missing), "doubled": (1.5, _doubled),
    "spaces": (2, _spaces), "lower": (1.2, _all_lower),
}  # fmt: skip
LIGHT = ("misspelt", "apostrophes", "capitals", "commas", "joined", "doubled", "spaces")


@lru_cache(maxsize=8192)
def candidates(text: str) -> dict[str, tuple[Edit, ...]]:
    """The mistakes that each rule can make in this text."""
    found = {}
    for name, (_, rule) in RULES.items():
        edits = tuple(dict.fromkeys(edit for edit in rule(text) if text[edit[0] : edit[1]] != edit[2]))
        if edits:
            found[name] = edits
    return found


def _slip(text: str, rng: Random) -> Edit | None:
    """One word mistyped."""
    words = [match for match in re.finditer(r"(?<![\w'])[a-z]{4,}(?![\w'])", text)]
    if not words:
        return None
    word = rng.choice(words)
    return word.start(), word.end(), typos(word[0], rng, share=1.0)


def drawn(text: str, rng: Random, *, light: bool = False) -> Edit | None:
    """One mistake that this text could have; a light one is no matter of grammar."""
    if rng.random() < (0.3 if light else 0.1):
        return _slip(text, rng)
    found = candidates(text)
    names = [name for name in found if not light or name in LIGHT]
    if not names:
        return _slip(text, rng)
    name = rng.choices(names, [RULES[name][0] for name in names])[0]
    return rng.choice(found[name])


def differences(right: str, wrong: str) -> list[Edit]:
    """What a written wrong version has otherwise, as edits of the right text: words and the spaces between them."""
    ours, theirs = (re.findall(r"\s+|[\w'’-]+|[^\w\s]", text) for text in (right, wrong))
    starts = [0]
    for token in ours:
        starts.append(starts[-1] + len(token))
    matcher = difflib.SequenceMatcher(None, ours, theirs, autojunk=False)
    return [
        (starts[a], starts[b], "".join(theirs[c:d])) for tag, a, b, c, d in matcher.get_opcodes() if tag != "equal"
    ]  # fmt: skip


def made(text: str, edits: Iterable[Edit]) -> str:
    """The text with these mistakes made: of two that meet, the first one."""
    kept: list[Edit] = []
    for start, end, wrong in edits:
        if all(end < other[0] or start > other[1] for other in kept):
            kept.append((start, end, wrong))
    for start, end, wrong in sorted(kept, reverse=True):
        text = text[:start] + wrong + text[end:]
    return re.sub(r"  +", " ", text).strip()
