"""The template questions: the SQL of each with its phrasings, and the phrasings of conditions."""

import re


def _lines(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"\s\|\s|\n", text) if part.strip()]


# Of each question the SQL, then its phrasings. A~ is "a" or "an"; the words to fill in:
# {T}/{t} things, {L} their names, {P} "with a price over 5", {V} "have a price over 5", {V1} "has a price over 5",
# {N} a value of the name, {c}/{C} a column, {d} another, {g}/{G} the column to group by, {f} "average", {n} a number,
# {S}/{s} the joined things, {l}/{m} what the names of {s} and {t} are called; in the SQL {up} joins a child table to
# its parent and {down} the parent to its children, {by} is the column to group by, {test} tells a row by its name.
QUESTIONS = {name: (_lines(text)[0], _lines(text)[1:]) for name, text in {
    "list": """
        SELECT {label} FROM {table}{where}
        Which {T} {V}? | List the {L} of all {T} {P}. | {T} {P} | show me the {T} {P} | what {T} {V}?
        I need the {L} of the {T} {P}. | list all {T} {P} | What are the {L} of the {T} {P}? | {L} of {T} {P}
        could you list the {T} {P}? | name the {T} {P} | all {T} {P} | get the {L} of {T} {P} | list {T} {P}
        Find the {T} {P}. | Please give me the {L} of every one of the {T} {P} | hi, which {T} {V}?
        Tell me which {T} {V}.""",
    "who": """
        SELECT {label} FROM {table}{where}
        Who of the {T} {V1}? | who among the {T} {V1} | I want to know who of our {T} {V1}.""",
    "columns": """
        SELECT {col} FROM {table}{where}
        List the {C} of all {T} {P}. | {C} of {T} {P} | What are the {C} of the {T} {P}?
        show {C} for {T} {P} | I need the {C} of the {T} {P}. | give me the {C} of all {T} {P}
        {C} for all {T} {P} | get the {C} of {T} {P} | Show me the {C} of the {T} {P}.
        can you pull the {C} of the {T} {P}? | look up the {C} for {T} {P}""",
    "count": """
        SELECT COUNT(*) FROM {table}{where}
        How many {T} {V}? | number of {T} {P} | count the {T} {P} | How many {T} {P} are there?
        count of {T} {P} | {T} {P}, how many | What is the number of {T} {P}? | total number of {T} {P}
        tell me how many {T} {V} | I want to know how many {T} {V}. | how many {T} {P} do we have?
        Count all {T} {P}. | nr of {T} {P}""",
    "count all": """
        SELECT COUNT(*) FROM {table}
        How many {T} are there? | number of {T} | count all {T} | How many {T} do we have in total?
        {T}, count | total number of {T} | how many {T} in all | Count the {T}. | What is the number of {T}?
        so how many {T} are there?""",
    "attribute": """
        SELECT {col} FROM {table} WHERE {test}
        What is the {c} of the {t} {N}? | {c} of {N} | {N} {c} | what's {N}'s {c}
        Give me the {c} of {N}. | I need the {c} for the {t} {N} | tell me the {c} of {t} {N} | {t} {N}: {c}
        look up the {c} of the {t} {N} | Which {c} does the {t} {N} have? | show the {c} for {N} | find {N}'s {c}
        what {c} does {N} have? | hey, what is the {c} of {N}? | Do you have the {c} of the {t} {N}?
        {c} for {t} {N} | {c}, {t} {N}""",
    "two attributes": """
        SELECT {col}, {col2} FROM {table} WHERE {test}
        What are the {c} and the {d} of the {t} {N}? | {c} and {d} of {N} | {N}: {c}, {d}
        Give me {c} and {d} of the {t} {N}. | show {c} and {d} for {N} | I need {N}'s {c} and {d}
        {t} {N} {c} + {d} | tell me the {c} and the {d} of {t} {N} | look up {c} and {d} of {t} {N}
        {c}, {d} of the {t} {N}""",
    "two columns": """
        SELECT {col}, {col2} FROM {table}{where}
        List {c} and {d} of all {T} {P}. | {c} and {d} of the {T} {P} | show {c} and {d} for {T} {P}
        For the {T} {P}, list the {c} and the {d}. | {c}, {d} of {T} {P}
        give me the {c} and the {d} of all {T} {P} | I need {c} and {d} for each of the {T} {P}.
        what are the {c} and {d} of the {T} {P}?""",
    "everything": """
        SELECT * FROM {table}{where}
        Show everything about the {T} {P}. | all details of the {T} {P} | all columns of {T} {P}
        everything on {T} {P} | Give me all the details of {T} {P}. | show all data of the {T} {P}
        full rows of {T} {P} | I want to see every column of the {T} {P}. | complete records of the {T} {P}
        select all fields for {T} {P}""",
    "figure": """
        SELECT {fn}({col}) FROM {table}{where}
        What is the {f} {c} of the {T} {P}? | {f} {c} of {T} {P} | give me the {f} {c} of all {T} {P}
        Compute the {f} {c} of the {T} {P}. | I need the {f} {c} for {T} {P}
        tell me the {f} {c} of the {T} {P} | what's the {f} {c} for the {T} {P} | {f} {c}, {T} {P}
        For the {T} {P}, what is the {f} {c}? | work out the {f} {c} over all {T} {P} | show the {f} {c} of {T} {P}""",
    "extreme": """
        SELECT {label} FROM {table}{where} ORDER BY {col}{desc} LIMIT 1
        Which {t} has the {f} {c}? | {t} with the {f} {c} | What is the {t} with the {f} {c}?
        the {t} with {f} {c} | Find the {t} that has the {f} {c}. | name the {t} with the {f} {c}
        show me the {t} with the {f} {c} | tell me which {t} has the {f} {c} | what {t} has the {f} {c}?
        Of all {T}, which has the {f} {c}?""",
    "extreme of": """
        SELECT {label} FROM {table}{where} ORDER BY {col}{desc} LIMIT 1
        Of the {T} {P}, which has the {f} {c}? | Among the {T} {P}, which one has the {f} {c}?
        which of the {T} {P} has the {f} {c} | {f} {c} among {T} {P}: which {t}?
        Looking only at {T} {P}, which {t} has the {f} {c}? | name the one with the {f} {c} among the {T} {P}
        show me which of the {T} {P} has the {f} {c}""",
    "extreme word": """
        SELECT {label} FROM {table}{where} ORDER BY {col}{desc} LIMIT 1
        Which {t} is the {f}? | {f} {t} | What is the {f} {t}? | the {f} {t} we have
        Name the {f} {t}. | find the {f} {t} | show me the {f} {t} | tell me which {t} is the {f}""",
    "top": """
        SELECT {label} FROM {table} ORDER BY {col} DESC LIMIT {n}
        top {n} {T} by {c} | Which {n} {T} have the highest {c}? | List the {n} {T} with the highest {c}.
        {n} {T} w/ highest {c} | the {n} {T} with the highest {c} | show me the top {n} {T} by {c}
        What are the {n} {T} with the highest {c}? | give me the {n} {T} that rank highest by {c}
        Top {n} of the {T}, ranked by {c}""",
    "latest": """
        SELECT {label} FROM {table} ORDER BY {col} DESC LIMIT {n}
        the {n} {T} with the latest {c} | Which {n} {T} have the most recent {c}? | {n} latest {T} by {c}
        List the {n} {T} with the most recent {c}. | show me the {n} newest {T} by {c} | last {n} {T} by {c}""",
    "order": """
        SELECT {label} FROM {table} ORDER BY {col}{desc}
        List all {T} sorted by {c}, {o}. | {T} by {c}, {o} | show the {T} ordered by {c}, {o}
        all {T}, sort by {c} {o} | Which {T} are there? Sort them by {c}, {o}.
        give me the {L} of the {T} in order of {c}, {o} | {L} of all {T}, by {c}, {o}
        I want a list of all {T}, {o} by {c} | Please order the {T} by {c}, {o}.""",
    "alphabet": """
        SELECT {label} FROM {table} ORDER BY {label}
        List all {T} in alphabetical order. | {T} alphabetically | all {T} from A to Z
        show the {T} sorted by {c} | Give me an alphabetical list of the {T}. | {L} of all {T}, a-z
        Which {T} are there, in alphabetical order? | all {T}, sort by {c}""",
    "distinct": """
        SELECT DISTINCT {by} FROM {table}
        Which different {G} do the {T} have? | distinct {G} of {T} | List the unique {G} of the {T}.
        all different {G} in {T} | unique {G} of all {T} | What distinct {G} are there among the {T}?
        show each {g} of the {T} only once, no repeats | give me the different {G} that occur among the {T}
        {G} of {T} without duplicates""",
    "count distinct": """
        SELECT COUNT(DISTINCT {by}) FROM {table}
        How many different {G} do the {T} have? | number of distinct {G} of {T}
        count the unique {G} of the {T} | How many distinct {G} are there among the {T}? | unique {G} of {T}, count
        nr of different {G} in {T} | tell me how many different {G} occur among the {T}
        Count the distinct {G} of all {T}.""",
    "group": """
        SELECT {by}, COUNT(*) FROM {table} GROUP BY {by}
        How many {T} are there per {g}? | number of {T} per {g} | count of {T} by {g}
        For each {g}, how many {T} are there? | count {T} per {g} | Show the number of {T} for every {g}.
        how many {T} by {g} | {g} and number of {T} | Break the number of {T} down by {g}. | {T} per {g}, count
        I'd like the number of {T} for each {g}""",
    "group if": """
        SELECT {by}, COUNT(*) FROM {table}{where} GROUP BY {by}
        How many {T} {P} are there per {g}? | number of {T} {P} per {g}
        For each {g}, count the {T} {P}. | count of {T} {P} by {g} | Only {T} {P}: how many per {g}?
        show for every {g} the number of {T} {P}""",
    "group figure": """
        SELECT {by}, {fn}({col}) FROM {table} GROUP BY {by}
        What is the {f} {c} of the {T} per {g}? | {f} {c} of {T} per {g}
        {f} {c} by {g} for the {T} | {T}: {f} {c} by {g} | For each {g}, what is the {f} {c} of the {T}?
        Show the {f} {c} of the {T} for every {g}. | {f} {c} per {g} ({T})
        give me the {f} {c} of {T} grouped by {g} | I need the {f} {c} of the {T} by {g}""",
    "having": """
        SELECT {by} FROM {table} GROUP BY {by} HAVING COUNT(*) > {n}
        Which {G} have more than {n} {T}? | {G} with more than {n} {T}
        Which {G} occur for more than {n} {T}? | List the {G} that have more than {n} {T}. | {G} w/ over {n} {T}
        show me every {g} with more than {n} {T} | find the {G} with over {n} {T}""",
    "having figure": """
        SELECT {by} FROM {table} GROUP BY {by} HAVING AVG({col}) > {n}
        Which {G} have a~ {f} {c} over {n}, looking at the {T}? | {G} of {T} with {f} {c} above {n}
        For which {G} is the {f} {c} of the {T} more than {n}? | list the {G} whose {T} have a~ {f} {c} over {n}
        {G} where the {f} {c} of {T} is over {n} | show the {G} with a~ {f} {c} of their {T} above {n}""",
    "above": """
        SELECT {label} FROM {table} WHERE {col} > (SELECT AVG({col}) FROM {table})
        Which {T} have {ac} above the average? | {T} with above-average {c}
        List the {T} with {ac} higher than average. | {T} w/ {c} > average
        What {T} have {ac} higher than the average of all {T}? | show {T} that are above average in {c}
        find the {T} with {ac} over the average""",
    "below": """
        SELECT {label} FROM {table} WHERE {col} < (SELECT AVG({col}) FROM {table})
        Which {T} have {ac} below the average? | {T} with below-average {c} | {T} w/ {c} < average
        List the {T} with {ac} lower than average. | show {T} that are below average in {c}""",
    "children": """
        SELECT {child}.{child_label} FROM {up} WHERE {parent}.{test}
        Which {S} belong to the {t} {N}? | {S} of the {t} {N} | List the {S} of the {t} {N}.
        show me {N}'s {S} | {N} {S} | all {S} of {t} {N} | What {S} does the {t} {N} have?
        get the {S} of the {t} {N} | give me all {S} for the {t} {N} | I need a list of the {S} of {t} {N}.""",
    "child columns": """
        SELECT {child}.{col} FROM {up} WHERE {parent}.{test}
        List the {C} of the {S} of the {t} {N}. | {C} of {S} of {t} {N}
        What are the {C} of {N}'s {S}? | show the {C} of all {S} of the {t} {N}
        I need the {C} for the {S} of {t} {N} | {t} {N}: {C} of the {S} | give me the {C} of every one of {N}'s {S}
        look up the {C} of the {S} that belong to the {t} {N}""",
    "child count": """
        SELECT COUNT(*) FROM {up} WHERE {parent}.{test}
        How many {S} does the {t} {N} have? | number of {S} of {t} {N} | count the {S} of the {t} {N}
        {N} {S}, how many | how many {S} belong to {t} {N}? | {t} {N}: count of {S}
        What is the number of {S} of the {t} {N}? | {N}'s {S}, count | tell me how many {S} {N} has""",
    "child figure": """
        SELECT {fn}({child}.{col}) FROM {up} WHERE {parent}.{test}
        What is the {f} {c} of the {S} of the {t} {N}? | {f} {c} of {N}'s {S}
        {t} {N}: {f} {c} of the {S} | Compute the {f} {c} of all {S} of the {t} {N}. | {f} {c} of {S} of {t} {N}
        tell me the {f} {c} for {N}'s {S}""",
    "parent of": """
        SELECT {parent}.{col} FROM {up} WHERE {child}.{test}
        What is the {c} of the {t} of the {s} {N}? | {c} of the {t} of {s} {N}
        {s} {N}: {c} of its {t} | Give me the {c} of the {t} that the {s} {N} belongs to.
        look up the {t}'s {c} for the {s} {N} | {s} {N}, {t} {c} | I need the {c} of the {t} for the {s} {N}""",
    "parent": """
        SELECT {parent}.{parent_label} FROM {up} WHERE {child}.{test}
        Which {t} does the {s} {N} belong to? | {t} of the {s} {N} | What is the {t} of the {s} {N}?
        {s} {N}, which {t} | find the {t} of {s} {N} | tell me which {t} the {s} {N} belongs to
        look up the {t} for the {s} {N}""",
    "both": """
        SELECT {child}.{child_label}, {parent}.{parent_label} FROM {up}
        List each {s} with its {t}. | {s} {l} and {t} {m}
        Show the {l} of every {s} together with the {m} of its {t}. | every {s} and its {t}
        Give me all {S} with the {m} of the {t} they belong to. | {S} with their {t}
        the {l} of each {s} and the {m} of the {t}""",
    "per parent": """
        SELECT {parent}.{parent_label}, COUNT(*) FROM {down} GROUP BY {key}
        How many {S} does each {t} have? | number of {S} per {t} | count of {S} for each {t}
        {S} per {t}, count | For every {t}, show its {m} and the number of {S}. | count {S} by {t}
        each {t} with the number of its {S} | Show how many {S} there are per {t}. | how many {S} per {t}""",
    "figure per parent": """
        SELECT {parent}.{parent_label}, {fn}({child}.{col}) FROM {down} GROUP BY {key}
        What is the {f} {c} of the {S} per {t}? | {f} {c} of {S} per {t}
        For each {t}, the {f} {c} of its {S}. | {f} {S} {c} by {t} | Show every {t} with the {f} {c} of its {S}.
        give me the {f} {c} of the {S} for every {t}""",
    "without": """
        SELECT {parent_label} FROM {parent} WHERE NOT EXISTS (SELECT 1 FROM {child} WHERE {join})
        Which {T} have no {S}? | {T} without {S} | List the {T} that have no {S}. | {T} w/o any {S}
        what {T} don't have any {S}? | show me all {T} without a single {s} | Find {T} for which there are no {S}.
        {T} with zero {S} | {T} that never had a~ {s}""",
    "count without": """
        SELECT COUNT(*) FROM {parent} WHERE NOT EXISTS (SELECT 1 FROM {child} WHERE {join})
        How many {T} have no {S}? | number of {T} without {S} | count the {T} that have no {S}
        {T} w/o {S}, how many | How many {T} without any {S} are there?""",
    "most": """
        SELECT {parent}.{parent_label} FROM {down} GROUP BY {key} ORDER BY COUNT(*) DESC LIMIT 1
        Which {t} has the most {S}? | {t} with the most {S} | {t} w/ most {S}
        What {t} has the highest number of {S}? | Find the {t} that has the most {S}.
        show me the {t} with the largest number of {S} | name the {t} that has most {S}""",
    "most figure": """
        SELECT {parent}.{parent_label} FROM {down} GROUP BY {key} ORDER BY SUM({child}.{col}) DESC LIMIT 1
        Which {t} has the highest total {c} of its {S}? | {t} with the highest total {S} {c}
        Add up the {c} of the {S} for each {t}: which {t} comes first?
        the {t} whose {S} have the highest {c} in total""",
    "many": """
        SELECT {parent}.{parent_label} FROM {down} GROUP BY {key} HAVING COUNT(*) > {n}
        Which {T} have more than {n} {S}? | {T} with more than {n} {S}
        List the {T} that have over {n} {S}. | {T} w/ > {n} {S} | show all {T} with more than {n} {S}
        what {T} have over {n} {S}""",
    "with child": """
        SELECT DISTINCT {parent}.{parent_label} FROM {down}{where}
        Which {T} have at least one of the {S} {P}? | {T} that have {S} {P}
        List the {T} with {S} {P}. | {T} having {S} {P} | Show each of the {T} that have {S} {P}, without repeats.
        find {T} with any {S} {P}""",
    "of parents": """
        SELECT {child}.{child_label} FROM {up}{where}
        Which {S} belong to {T} {P}? | {S} of {T} {P} | List the {S} of the {T} {P}.
        all {S} of {T} {P} | show me the {S} that belong to {T} {P} | I need the {S} of all {T} {P}.""",
    "count of parents": """
        SELECT COUNT(*) FROM {up}{where}
        How many {S} belong to {T} {P}? | number of {S} of {T} {P} | count the {S} of {T} {P}
        how many {S} do the {T} {P} have in all? | {S} of {T} {P}, count""",
    "bridge": """
        SELECT DISTINCT {parent}.{parent_label} FROM {down} JOIN {other} ON {other_join} WHERE {other}.{test}
        Which {T} have {B} with the {s} {N}? | {T} linked to the {s} {N} through {B}
        {T} of {s} {N} (via {B}) | List the {T} that share {B} with the {s} {N}.
        find the {T} connected with the {s} {N} by {B}""",
    "when": """
        SELECT {col} FROM {table} WHERE {test}
        When {w}? | when {w} | On which date {w}? | {N} {d} when?""",
}.items()}  # fmt: skip

# How the rows are told, as in "things with a price over 5" => as in "which things have a price over 5".
# {c} the column, {ac} with its article, {x} what it is compared with, {are} "is" or "are", {s} the verb's ending.
CONDITIONS = {name: (_lines(text.split("=>")[0]), _lines(text.split("=>")[1])) for name, text in {
    "compared": """whose {c} {are} {x} | where the {c} {are} {x} | with {ac} {of_x}
        => have {ac} {of_x}""",
    "counted": "with {x} {c} => have {x} {c}",
    "done": "{d} {x} => were {d} {x}",
    "did": "{d} {x} => {d} {x}",
    "not done": "not {d} yet | that have not been {d} => have not been {d} yet",
    "raw": "where {c} is {x} | with {c} = {x} => have {c} = {x}",
    "has": "with {x} | that have {x} => have {x}",
    "state": "that are {x} => are {x}",
    "is": "whose {c} is {x} | with the {c} {x} => have the {c} {x}",
    "other": "whose {c} is not {x} => have a~ {c} other than {x}",
    "equal": "whose {c} is {x} | with {c} {x} | with the {c} {x} => have the {c} {x}",
    "place": "whose {c} is {x} | with {c} {x} | with the {c} {x} | where {c} = {x} => have the {c} {x}",
    "letter": """whose {c} start{s} with the letter {x} | whose {c} begin{s} with the letter {x}
        => have {ac} starting with the letter {x}""",
    "contains": """whose {c} contain{s} {x} | with {x} in the {c} | whose {c} mention{s} {x}
        => have {x} in the {c}""",
    "present": """that have {ac} | whose {c} {are} set | with {ac} on record
        => have {ac} | have {ac} on record""",
    "missing": "without {ac} | that have no {c} | with no {c} => have no {c} | lack {ac}",
}.items()}  # fmt: skip

COMPARISONS = {
    ">": ["over {n}", "above {n}", "more than {n}"],
    "<": ["under {n}", "below {n}", "less than {n}"],
    ">=": ["at least {n}", "no less than {n}"],
    "<=": ["at most {n}", "no more than {n}"],
    "=": ["of {n}"],
}
COUNT_COMPARISONS = COMPARISONS | {
    ">": ["over {n}", "over {n}", "more than {n}"],
    "<": ["under {n}", "under {n}", "fewer than {n}"],
    "=": ["exactly {n}"],
}
YEAR_COMPARISONS = {">": ["after {n}"], "<": ["before {n}"], ">=": ["of {n} or later"], "=": ["of {n}"]}
# {y} the year, {m} the month as in 2024-03 and {M} as in March 2024, {next_y} and {next_m} those after.
DATE_COMPARISONS = [
    ("in {y}", "LIKE '{y}-%'"),
    ("in {M}", "LIKE '{m}-%'"),
    ("in {y}", "LIKE '{y}-%'"),
    ("before {y}", "< '{y}-01-01'"),
    ("since {y}", ">= '{y}-01-01'"),
    ("after {y}", ">= '{next_y}-01-01'"),
    ("before {M}", "< '{m}-01'"),
    ("after {M}", ">= '{next_m}-01'"),
    ("since {M}", ">= '{m}-01'"),
]

AGGREGATES = {
    "AVG": ["average", "mean", "avg"],
    "SUM": ["total", "summed up", "overall"],
    "MAX": ["highest", "maximum"],
    "MIN": ["lowest", "minimum"],
}
TIME_AGGREGATES = {"MAX": ["latest"], "MIN": ["earliest"]}
# Of a figure and of a time, with the highest first and with the lowest first.
EXTREMES = {
    (False, True): ["highest", "largest"],
    (False, False): ["lowest", "smallest"],
    (True, True): ["latest", "most recent"],
    (True, False): ["earliest"],
}
ORDERS = {
    (False, True): ["highest first", "in descending order", "descending"],
    (False, False): ["lowest first", "in ascending order"],
    (True, True): ["latest first", "newest first"],
    (True, False): ["earliest first", "oldest first"],
}
SUPERLATIVES = {
    "price": ("most expensive", "cheapest"),
    "weight": ("heaviest", "lightest"),
    "length": ("longest", "shortest"),
    "duration": ("longest", "shortest"),
    "salary": ("best paid", "worst paid"),
}
