"""The words that mistakes are made of: verb forms, look-alikes, misspellings, names."""

from __future__ import annotations

# base, past, participle, and what people make of them.
_IRREGULAR = """
go went gone goed; buy bought bought buyed; bring brought brought brang; teach taught taught teached;
catch caught caught catched; think thought thought thinked; fight fought fought fighted; see saw seen sawed;
eat ate eaten eated; drink drank drunk drinked; swim swam swum swimmed; begin began begun beginned;
run ran run runned; come came come comed; become became become becomed; give gave given gived;
take took taken taked; write wrote written writed; drive drove driven drived; speak spoke spoken speaked;
break broke broken breaked; choose chose chosen choosed; forget forgot forgotten forgeted; fall fell fallen falled;
know knew known knowed; grow grew grown growed; throw threw thrown throwed; fly flew flown flied;
wear wore worn weared; steal stole stolen stealed; wake woke woken waked; hide hid hidden hided;
sing sang sung singed; ring rang rung ringed; sit sat sat sitted; stand stood stood standed;
understand understood understood understanded; tell told told telled; sell sold sold selled; feel felt felt feeled;
keep kept kept keeped; sleep slept slept sleeped; leave left left leaved; meet met met meeted; send sent sent sended;
spend spent spent spended; build built built builded; lend lent lent lended; lose lost lost losed;
find found found finded; hear heard heard heared; make made made maked; hold held held holded; win won won winned;
pay paid paid payed; say said said sayed; rise rose risen rised; shake shook shaken shaked; feed fed fed feeded;
lead led led leaded; get got got getted; do did done doed; have had had haved; hang hung hung hanged;
draw drew drawn drawed; show showed shown shown; mean meant meant meaned; ride rode ridden rided
"""

_REGULAR = """
accept add agree allow answer apologize apply arrive ask attach attend bake believe belong book borrow call cancel
change charge check clean climb close collect compare complain complete confirm contact contain continue cook correct
cost count cover crash create cry cut decide deliver depend describe develop disappear discover discuss divide download
dry earn end enjoy exist expect explain fail finish fix fold follow forward help hope improve include increase inform
install invite join jump kiss knock laugh learn like listen live load lock look love manage mention miss mix move need
notice offer open order organize own paint park pass perform persist plan plant play practise prefer prepare press
print promise protect pull push raise reach read receive recommend record reduce refuse remain remember remind remove
rent repair repeat replace reply request require rescue respect restart return save search seem serve share shout shut
sign smell smile smoke sort sound spread start stay stop study suggest suit support survive switch talk taste tidy
translate travel trust try turn update use visit wait walk want warn wash watch water wish wonder work worry
"""

# Forms that are other words too, or that nobody regularises.
_UNTOUCHED = {"left", "had", "did", "done", "showed", "shown", "felt"}
# Verbs whose past is the base, and those whose last letter is doubled.
_SAME = {"cost", "cut", "read", "shut", "spread", "put", "hurt", "let", "set", "hit"}
_DOUBLED = {
    "plan", "stop", "run", "swim", "begin", "get", "sit", "win", "forget", "prefer", "put", "let", "set", "cut",
    "cancel", "travel", "hit", "shut",
}  # fmt: skip


def _joined(base: str, ending: str) -> str:
    """A verb with `-ed` or `-ing`."""
    if base in _DOUBLED:
        return base + base[-1] + ending
    if base.endswith("ie") and ending == "ing":
        return base[:-2] + "ying"
    if base.endswith("e") and not (base.endswith(("ee", "ye")) and ending == "ing"):
        return base[:-1] + ending
    if base.endswith("y") and base[-2] not in "aeiou" and ending == "ed":
        return base[:-1] + "ied"
    return base + ending


def _third(base: str) -> str:
    if base in ("have", "do", "go"):
        return {"have": "has", "do": "does", "go": "goes"}[base]
    if base.endswith("y") and base[-2] not in "aeiou":
        return base[:-1] + "ies"
    return base + ("es" if base.endswith(("s", "sh", "ch", "x", "z", "ss")) else "s")


IRREGULAR = [tuple(verb.split()) for verb in _IRREGULAR.replace("\n", " ").split(";")]
BASES = sorted({*_REGULAR.split(), *(verb[0] for verb in IRREGULAR), *_SAME})
THIRD = {base: _third(base) for base in BASES}
ING = {base: _joined(base, "ing") for base in BASES}
PAST = {base: base if base in _SAME else _joined(base, "ed") for base in BASES} | {v[0]: v[1] for v in IRREGULAR}
PARTICIPLE = PAST | {verb[0]: verb[2] for verb in IRREGULAR}
REGULARISED = {form: verb[3] for verb in IRREGULAR for form in {verb[1], verb[2]} - _UNTOUCHED - {verb[0]}}

# A word, and what is written in its place. Each pair is wrong wherever the first one is right.
CONFUSED = {
    "accept": "except", "accepted": "excepted", "advice": "advise", "affect": "effect", "already": "all ready",
    "as well": "aswell", "at least": "atleast", "because": "because of", "brake": "break", "breathe": "breath",
    "brought": "bought", "cause": "course", "clothes": "cloths", "dessert": "desert", "dinner": "diner",
    "effect": "affect", "everyone": "every one", "expected": "excepted", "fair": "fare", "flour": "flower",
    "hard": "hardly", "hear": "here", "heard": "herd", "hole": "whole", "in front of": "in front|infront of",
    "instead of": "instead|in stead of", "into": "in to", "it's": "its", "its": "it's", "knew": "new",
    "know": "no|now", "later": "latter", "led": "lead", "lose": "loose", "lost": "loosed", "mail": "male",
    "mayor": "major", "meet": "meat", "off": "of", "our": "are", "passed": "past", "patience": "patients",
    "peace": "piece", "piece": "peace", "plane": "plain", "price": "prize", "quiet": "quite", "quite": "quiet",
    "raise": "rise", "safe": "save", "seen": "scene", "soap": "soup", "some": "same", "than": "then|that",
    "their": "there|they're", "them": "then", "themselves": "theirselves", "then": "than", "there": "their",
    "these": "this", "they're": "their|there", "think": "thing", "those": "that", "thought": "taught",
    "though": "tough", "through": "threw|trough", "together": "to gether", "too": "to", "wait": "weight",
    "weak": "week", "wear": "where", "weather": "whether", "week": "weak", "were": "where", "where": "were",
    "whether": "weather", "which": "witch|wich", "who's": "whose", "whole": "hole", "whose": "who's",
    "without": "with out", "won": "one", "write": "right", "right": "write", "you're": "your",
    "your": "you're|youre", "yourself": "your self", "myself": "my self", "himself": "hisself", "he's": "his",
    "a lot": "alot", "nobody": "no body", "somebody": "some body", "something": "some thing",
    "sometimes": "some times", "until": "untill", "tonight": "to night", "during": "while", "although": "despite",
    "despite": "despite of|although of", "another": "an other", "except": "accept", "by": "buy",
}  # fmt: skip

MISSPELT = {
    "absolutely": "absolutly", "accommodation": "accomodation", "achieve": "acheive", "across": "accross",
    "address": "adress", "afternoon": "afternon", "again": "agian", "almost": "allmost", "always": "allways",
    "amazing": "amasing", "answer": "anwser", "apartment": "appartment", "apologize": "appologize",
    "appointment": "apointment", "argument": "arguement", "beautiful": "beautifull|beatiful",
    "because": "becuase|becouse|beacause", "before": "befor", "beginning": "begining", "believe": "beleive|belive",
    "breakfast": "brekfast", "business": "buisness|bussiness", "calendar": "calender", "careful": "carefull",
    "cheaper": "cheeper", "chocolate": "choclate", "coming": "comming", "comfortable": "confortable",
    "committee": "commitee", "completely": "completly", "conference": "conferance", "correct": "corect",
    "country": "contry", "customer": "costumer", "decided": "decidet", "decision": "desicion",
    "definitely": "definately|definitly", "delicious": "delicous", "development": "developement",
    "different": "diferent|diffrent", "difficult": "dificult", "disappointed": "dissapointed", "easily": "easyly",
    "email": "emial", "embarrassed": "embarassed", "enough": "enought|enogh", "environment": "enviroment",
    "equipment": "equippment", "especially": "especialy", "every": "evry", "everything": "everthing",
    "excellent": "excelent", "exercise": "excercise", "existence": "existance", "experience": "experiance",
    "explain": "explane", "family": "familly", "favourite": "favorit", "finally": "finaly", "finished": "finnished",
    "foreign": "foriegn", "forty": "fourty", "friend": "freind", "friends": "freinds", "garden": "gardon",
    "government": "goverment", "grateful": "greatful", "happened": "happend", "healthy": "helthy",
    "height": "heigth", "holiday": "hollyday", "hospital": "hospitle", "immediately": "immediatly",
    "important": "importent", "independent": "independant", "information": "infomation",
    "interesting": "intresting", "interested": "intrested", "invoice": "invoce", "knowledge": "knowlege",
    "language": "langauge", "library": "libary", "little": "litle", "luggage": "lugage", "maybe": "mabye",
    "meeting": "meating", "message": "mesage", "minutes": "minuts", "mistake": "misstake", "money": "mony",
    "morning": "mornig", "necessary": "neccessary|necesary", "neighbour": "nieghbour", "neighbours": "nieghbours",
    "noticed": "noticied", "occasion": "ocassion", "occurred": "occured", "office": "ofice", "opinion": "oppinion",
    "opportunity": "oportunity", "orders": "oders", "parcel": "parcell", "parents": "parants",
    "password": "pasword", "people": "poeple", "perfect": "perfekt", "picture": "pictur", "pleasure": "plesure",
    "please": "pleas|plese", "possible": "posible", "prefer": "preffer", "pressure": "presure",
    "probably": "probaly", "problem": "probleme", "problems": "probelms", "professional": "proffesional",
    "project": "progect", "publicly": "publically", "question": "qestion", "quickly": "quickley", "really": "realy",
    "receive": "recieve", "received": "recieved", "recommend": "reccomend|recomend", "remember": "remeber",
    "repaired": "repared", "restaurant": "restaurent|resturant", "safety": "savety", "schedule": "shedule",
    "school": "shcool", "separate": "seperate", "separately": "seperately", "several": "sevral", "should": "shoud",
    "similar": "similiar", "sincerely": "sincerly", "software": "sofware", "station": "staition",
    "stopped": "stoped", "strange": "strang", "strength": "strenght", "success": "succes",
    "successful": "succesful", "surprise": "suprise", "surprised": "suprised", "teacher": "techer",
    "technology": "tecnology", "temperature": "temperture", "terrible": "terible", "thank": "thanck",
    "ticket": "tiket", "tickets": "tikets", "tomorrow": "tommorow|tomorow", "traffic": "trafic", "truly": "truely",
    "unfortunately": "unfortunatly|unfortunatelly", "usually": "usualy", "vegetables": "vegtables",
    "website": "webiste", "wednesday": "wendsday", "weird": "wierd", "welcome": "wellcome", "women": "womens",
    "would": "woud", "writing": "writting", "written": "writen", "year": "yaer", "yesterday": "yesteday",
}  # fmt: skip

PLURALS = {
    "children": "childs|childrens", "people": "peoples", "men": "mens", "feet": "foots", "teeth": "tooths",
    "mice": "mouses", "wives": "wifes", "knives": "knifes", "wolves": "wolfs", "thieves": "thiefs",
    "information": "informations", "advice": "advices", "furniture": "furnitures", "homework": "homeworks",
    "luggage": "luggages", "equipment": "equipments", "evidence": "evidences", "research": "researches",
    "software": "softwares", "knowledge": "knowledges", "feedback": "feedbacks", "countries": "countrys",
    "cities": "citys", "families": "familys", "companies": "companys", "stories": "storys", "batteries": "batterys",
    "potatoes": "potatos", "tomatoes": "tomatos", "traffic": "traffics", "bread": "breads", "sheep": "sheeps",
    "species": "specie", "clothes": "clothe", "news": "newses", "staff": "staffs", "music": "musics",
    "police": "polices", "electricity": "electricities", "weather": "weathers", "money": "moneys",
}  # fmt: skip

ADVERBS = {
    "badly": "bad", "beautifully": "beautiful", "carefully": "careful", "clearly": "clear", "closely": "close",
    "completely": "complete", "correctly": "correct", "directly": "direct", "easily": "easy", "exactly": "exact",
    "extremely": "extreme", "fast": "fastly", "fluently": "fluent", "hard": "hardly", "happily": "happy",
    "heavily": "heavy", "loudly": "loud", "patiently": "patient", "perfectly": "perfect", "properly": "proper",
    "quickly": "quick", "quietly": "quiet", "regularly": "regular", "safely": "safe", "seriously": "serious",
    "sharply": "sharp", "slowly": "slow", "steadily": "steady", "terribly": "terrible", "urgently": "urgent",
    "well": "good", "politely": "polite", "honestly": "honest", "separately": "separate", "suddenly": "sudden",
}  # fmt: skip

# What fingers do that are faster than the head.
HASTY = {
    "the": "teh", "and": "adn", "that": "taht", "have": "ahve", "with": "wiht", "just": "jsut", "from": "form",
    "about": "abuot",
}  # fmt: skip

# Compared adjectives: the right form, and its plain one.
COMPARED = {
    "older": "old", "bigger": "big", "smaller": "small", "cheaper": "cheap", "easier": "easy", "faster": "fast",
    "slower": "slow", "taller": "tall", "longer": "long", "shorter": "short", "higher": "high", "lower": "low",
    "larger": "large", "louder": "loud", "warmer": "warm", "colder": "cold", "lighter": "light", "harder": "hard",
    "happier": "happy", "healthier": "healthy", "younger": "young", "nicer": "nice", "earlier": "early",
    "sooner": "soon", "better": "good", "worse": "bad",
}  # fmt: skip
SUPERLATIVES = {
    "oldest": "old", "biggest": "big", "smallest": "small", "cheapest": "cheap", "easiest": "easy",
    "fastest": "fast", "tallest": "tall", "longest": "long", "highest": "high", "lowest": "low", "largest": "large",
    "nearest": "near", "newest": "new", "funniest": "funny", "freshest": "fresh", "cleanest": "clean",
    "best": "good", "worst": "bad", "greatest": "great", "strongest": "strong", "happiest": "happy",
    "youngest": "young",
}  # fmt: skip

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = ("January", "February", "April", "June", "July", "August", "September", "October", "November", "December")
LANGUAGES = (
    "Spanish", "German", "French", "Portuguese", "Polish", "Japanese", "Greek", "Turkish", "Dutch", "Finnish",
    "Swedish", "Korean", "Danish", "Czech", "Hungarian", "Chinese",
)  # fmt: skip
WOMEN = (
    "Anna", "Maria", "Julia", "Paula", "Olga", "Lina", "Ana", "Bella", "Carla", "Fatima", "Grace", "Hannah",
    "Ingrid", "Joanna", "Katya", "Leila", "Mei", "Nadia", "Priya", "Rosa", "Sofia", "Tanya", "Yuki", "Zoe", "Amina",
    "Claire",
)  # fmt: skip
MEN = (
    "Peter", "Paul", "Ben", "Daniel", "Max", "Rex", "Tomasz", "Jim", "Ahmed", "Carlos", "David", "Felix", "George",
    "Hassan", "Ivan", "Jonas", "Kofi", "Luca", "Marek", "Nikhil", "Oscar", "Pedro", "Ravi", "Sergei", "Tom",
    "Viktor",
)  # fmt: skip
SURNAMES = (
    "Okafor", "Novak", "Reyes", "Lindqvist", "Baker", "Costa", "Dubois", "Fischer", "Garcia", "Haddad", "Kim",
    "Larsen", "Mendes", "Petrov", "Rossi", "Schmidt", "Tanaka", "Weber", "Yilmaz", "Bennett",
)  # fmt: skip
NUMBERS = ("two", "three", "four", "five", "six", "seven", "nine", "ten", "twelve")

BORED = {
    "bored": "boring", "tired": "tiring", "interested": "interesting", "excited": "exciting", "worried": "worrying",
    "surprised": "surprising", "disappointed": "disappointing", "confused": "confusing", "scared": "scary",
    "satisfied": "satisfying",
}  # fmt: skip
NO_PLURALS = {"this", "always", "his", "its", "was", "is", "has", "does", "perhaps", "yes", "sometimes"}
