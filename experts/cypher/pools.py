"""Hand-written words: synonyms of names, and values to put in the place of others."""


def words_of(text: str) -> list[str]:
    """The words of a text."""
    return text.split()


def _phrases(text: str) -> list[str]:
    return [phrase.strip() for phrase in text.split(";")]


# Other names of a label, type or property (its words in lower case, with `_`).
LABELS = {
    "person": "individual human", "movie": "film", "company": "firm organisation business",
    "employee": "staff worker",
    "customer": "client buyer", "product": "article item", "order": "purchase", "author": "writer",
    "user": "account member",
    "city": "town", "country": "nation", "department": "division unit", "team": "crew squad", "book": "volume",
    "artist": "musician performer", "album": "record", "song": "track tune", "student": "learner pupil",
    "course": "lecture",
    "professor": "lecturer", "teacher": "instructor", "doctor": "physician medic", "drug": "medicine",
    "disease": "illness", "supplier": "vendor", "factory": "works", "task": "todo",
    "airport": "airfield", "airline": "carrier", "flight": "air_trip", "station": "stop", "line": "service_line",
    "restaurant": "eatery",
    "ingredient": "component", "game": "video_game", "player": "gamer athlete", "club": "football_club society",
    "match": "fixture", "hotel": "lodging", "guest": "visitor", "paper": "article publication",
    "researcher": "scientist scholar",
    "officer": "detective", "suspect": "offender", "crime": "offence", "vehicle": "car automobile",
    "device": "machine",
    "package": "module", "post": "message", "group": "circle", "event": "happening",
    "museum": "gallery", "artwork": "work_of_art", "room": "chamber", "ship": "vessel", "port": "harbour",
    "animal": "beast",
    "plant": "flora", "species": "organism", "star": "sun", "driver": "chauffeur", "truck": "lorry",
    "owner": "proprietor", "property": "estate", "agent": "representative", "lawyer": "attorney",
    "judge": "magistrate",
    "candidate": "applicant", "skill": "ability", "job": "position vacancy", "office": "site",
    "category": "product_group",
    "genre": "style", "topic": "theme", "tag": "keyword", "photo": "picture", "member": "participant",
    "volunteer": "helper",
    "worker": "labourer", "account": "bank_account", "claim": "insurance_claim", "policy": "contract",
    "child": "kid", "pet": "house_pet",
}  # fmt: skip
TYPES = {
    "acted_in": "appeared_in starred_in", "directed": "is_director_of", "produced": "made",
    "wrote": "authored is_author_of",
    "works_in": "employed_in member_of_dept", "works_at": "employed_by", "works_for": "employed_by",
    "reports_to": "has_manager subordinate_of",
    "manages": "is_manager_of", "located_in": "situated_in", "lives_in": "resides_in",
    "lies_in": "situated_in located_in",
    "knows": "acquainted_with", "follows": "subscribes_to", "friend_of": "is_friend_of befriended",
    "likes": "is_fond_of", "owns": "has possesses",
    "bought": "purchased", "placed": "made_order", "contains": "includes comprises", "belongs_to": "is_part_of",
    "part_of": "belongs_to",
    "depends_on": "needs relies_on", "requires": "has_prerequisite", "teaches": "gives_course instructs",
    "enrolled_in": "attends takes",
    "treats": "is_used_for cares_for", "plays_for": "under_contract_with", "plays": "performs",
    "borrowed": "took_out", "married_to": "spouse_of",
    "parent_of": "has_child", "supplies": "provides", "uses": "makes_use_of", "operates": "runs",
    "published": "issued",
    "developed": "created", "created": "made", "cites": "references", "reviewed": "wrote_review_of",
    "rated": "gave_rating",
    "member_of": "belongs_to", "posted": "shared", "visited": "went_to", "attended": "was_at", "attends": "goes_to",
    "hosts": "presents",
    "serves": "offers", "offers": "provides", "sells": "has_on_sale", "grows_in": "found_in", "eats": "feeds_on",
    "assigned_to": "works_on",
    "has_task": "includes_task", "handles": "in_charge_of", "calls": "invokes", "investigates": "works_on_case",
    "stayed_at": "lodged_in",
    "investigated": "looked_into", "orbits": "revolves_around", "applied_for": "wants_job", "represents": "acts_for",
    "holds": "has",
}  # fmt: skip
PROPERTIES = {
    "name": "full_name label", "title": "name heading", "born": "birth", "age": "years_old", "city": "town",
    "country": "nation land", "released": "year release_year", "year": "pub_year", "price": "cost unit_price",
    "minutes": "duration length_min",
    "salary": "pay wage", "budget": "funds", "founded": "established start_year", "rating": "score",
    "stars": "rating", "email": "mail e_mail",
    "phone": "tel telephone", "amount": "sum", "quantity": "qty pieces", "since": "start", "hired": "hire_date",
    "joined": "member_since", "opened": "open_date", "closed": "close_date", "population": "inhabitants",
    "capacity": "max_capacity",
    "weight": "mass", "status": "state", "kind": "category sort", "role": "function", "language": "lang",
    "grade": "mark",
    "hours": "num_hours", "pages": "page_count", "views": "view_count", "likes": "like_count", "active": "is_active",
    "done": "finished completed",
    "code": "short_code", "specialty": "field", "floor": "storey", "seats": "seat_count",
    "birthdate": "date_of_birth",
    "genre": "style", "address": "addr", "stock": "in_stock", "total": "order_total", "placed": "order_date",
    "day": "date",
    "cost": "price", "fee": "charge", "distance_km": "km", "verified": "is_verified", "vegan": "is_vegan",
    "remote": "is_remote",
}  # fmt: skip
EXTRA_PROPERTIES = [
    ("id", "STRING"), ("uuid", "STRING"), ("created_at", "DATE"), ("updated", "DATE"), ("notes", "STRING"),
    ("url", "STRING"), ("source", "STRING"), ("lat", "FLOAT"), ("lon", "FLOAT"), ("rank", "INTEGER"),
    ("comment", "STRING"), ("archived", "BOOLEAN"), ("priority", "INTEGER"), ("website", "STRING"),
    ("external_id", "STRING"), ("visible", "BOOLEAN"), ("revision", "INTEGER"), ("short_text", "STRING"),
    ("language", "STRING"), ("weight", "FLOAT"), ("checked", "BOOLEAN"), ("valid_until", "DATE"),
]  # fmt: skip
EXTRA_TYPES = [
    "LINKED_TO", "NEAR", "MENTIONS", "RELATED_TO", "TAGGED_WITH", "SEE_ALSO", "HAS_NOTE", "IMPORTED_FROM",
    "SIMILAR_TO",
    "REFERS_TO", "CREATED_BY", "BELONGS_TO", "OWNED_BY", "HAS", "IN", "STORED_IN", "VISIBLE_TO", "CHECKED_BY",
    "RECEIVED", "STARTED",
]  # fmt: skip

FIRST = words_of("""
Ada Ben Chloe Dmitri Elena Farid Greta Hamza Irene Jakob Keiko Liam Maya Nadia Oskar Paula Quentin Ravi Sofia
Tomas Ursula Viktor Wanda Xavier Yara Zeno Amara Bruno Celia Dario Edith Fiona Gustav Helga Ivan Joana Karim
Lotte Marek Nora Olek Priscilla Rosa Samir Thea Umar Vera Will Yusuf Zoe Aiko Bashir Carmen Dolores Emre Freya
Giulia Hector
""")
LAST = words_of("""
Abbott Baptiste Castellano Dvorak Eklund Fontaine Gallagher Hofmann Ibrahim Jankowski Keller Lombardi Mbeki
Nakamura Olsen Petrov Quist Rahman Santos Takeda Ustinov Vasquez Weber Xu Yilmaz Zimmer Achterberg Bell Cho
Diallo Engel Ferrari Gupta Holm Iversen Joshi Kowalski Lund Moreno Ngo Okafor Park Rossi Silva Tran Varga Wood
Young Zhang Brook
""")
CITIES = _phrases("""
Berlin; Madrid; Oslo; Lagos; Lima; Osaka; Toronto; Prague; Dublin; Nairobi; Quito; Seattle; Lyon; Bergen;
Turin; Hanoi; Cairo; Antwerp; New York; Cape Town; San Diego; Buenos Aires; Krakow; Basel; Izmir; Tallinn;
Montreal; Leipzig; Perth; Bristol; Sao Paulo
""")
COUNTRIES = _phrases("""
Germany; Spain; Norway; Nigeria; Peru; Japan; Canada; Ireland; Kenya; Ecuador; France; Italy; Vietnam; Egypt;
Belgium; South Africa; Argentina; Poland; Switzerland; Turkey; Estonia; Australia; Brazil; India; Mexico;
New Zealand; Portugal; Chile
""")
COMPANIES = _phrases("""
Nordwind; Acorn Systems; Blue Heron; Castor and Pike; Delta Foods; Everline; Ferro Works; Goldleaf;
Helix Labs; Ionica; Juniper House; Kestrel Group; Lakeside Trading; Meridian; Nimbus; Orchard Lane;
Polar Freight; Quartz; Redwood Partners; Sunfield; Tandem; Umbra Media; Vantage; Westgate; Yellowtail;
Zephyr Air
""")
WORKS = _phrases("""
The Quiet Engine; Seven Bridges; Letters to Nobody; Cold Harvest; A Map of Salt; Under the Elm;
Midnight Ferry; The Last Orchard; Paper Lions; Silver Weather; Two Doors Down; The Clockmaker;
Return to Ashby; Hollow Hills; Bright Water; No Way Home Again; The Painted Wall; Winter Song; Echo Street;
Little Thunder; The Beekeeper; Northbound; Blackberry Lane; Old Gods; Summer Debt
""")
PROPER = _phrases("""
Orvane; Tellis Ridge; Kirkwell; Amberford; Vesper; Halcyon; Brightmoor; Novak Square; Larkspur; Cobalt; Juniper;
Stonebridge; Falcon; Mirador; Old Quay; Seraphine; Thornfield; Windermere; Galena; Pinewood; Ashgrove; Corvus;
Lantern Hill; Maribel; Osprey; Redcliff; Saffron; Tamarind; Upper Vale; Willowmere; Xanthe; Zephyrine; Calder;
Dunmore; Elderberry; Foxhollow; Granite Point; Harrow Lane; Indigo; Jasper; Kingfisher; Lowland; Marigold;
North Gate; Onyx; Palmetto; Quillon; Rosewater; Silverpine; Tidewater; Umber; Verbena; Westbrook; Yarrow
""")
HANDLES = words_of("""
nightowl kettle42 rjones tea_and_toast blue_fox mkhan pixelpete annaw zorro99 lemonade st_elmo dvd87 quietfan
hopper koala7 bigben misty_k oldsalt runner_up sam_i_am techno_viking vbauer wildcard xeno yo_yo
""")
MONTHS = words_of("January February March April May June July August September October November December")
NUMBER_WORDS = words_of("zero one two three four five six seven eight nine ten eleven twelve")
