"""Words that stand for one another: what a written text names may be exchanged, in the text and in its value alike.

A list holds only words that mean nothing else in the written texts, so that each can be exchanged wherever it stands.
"""

from __future__ import annotations

from random import Random


def _list(text: str) -> list[str]:
    """Words of a list; where one has several, semicolons part them."""
    return [" ".join(part.split()) for part in text.split(";")] if ";" in text else text.split()


MEN = _list("""
Abel Ahmed Anton Aron Boris Bruno Chris Colm Dave Dietmar Dragan Edmund Efe Emeka Emil Ewald Faisal Felix Gerald
Gustavo Hamid Hugo Idris Ismail Jakob Jarek Joel Jonas Jorge Kofi Kristjan Kwame Luc Luis Malik Marco Marek Mateo Nils
Omar Otis Peter Piet Rahul Ravi Reto Rune Samuel Sergio Simon Stefan Sven Tesfaye Timo Tobias Tomas Tomasz Urs Vasil
Viktor Yannick Alan Aleksi Amadou Andrei Arjun Arvid Bastian Benedikt Callum Carlos Cedric Chidi Damian Daniel Darius
Davit Diego Dimitri Edgar Eduardo Elias Enzo Erik Ernesto Etienne Fabio Farouk Fergus Filip Florian Franco Gabor
Giorgos Goran Harold Hassan Henrik Hiroshi Ibrahim Igor Ilan Ivan Jamal Janek Jerome Joaquin Kamal Karim Kenji Lars
Leandro Lorenzo Lukas Magnus Marcel Matthias Mohamed Murat Nabil Nikolai Oisin Oleg Oscar Pavel Pedro Philip Quentin
Rafael Ramon Rashid Rodrigo Roland Ruben Sandor Sebastian Sidney Stellan Taro Thabo Theo Tiago Ulrich Uwe Vincent
Walter Wei Xavier Yusef Zoltan
""")

WOMEN = _list("""
Agnes Agneta Amina Amra Anita Annika Aylin Beatriz Bettina Carla Chiara Claire Doris Elif Elke Eleni Ewa Farida Fatma
Gabriela Gerda Greta Gudrun Hanna Hanne Helena Ines Ingrid Irma Jana Joan Karin Katarzyna Lena Leyla Lina Lotte Louise
Lucia Lucille Mara Marta Mei Mila Mirela Miriam Nadia Nia Noemi Nuria Oksana Olga Ottilie Petra Pia Priya Rosa Selin
Sigrid Silvie Solveig Sunniva Theresa Ulrike Vera Wanda Yuki Zoe Adaeze Adriana Aisha Alba Aleksandra Alma Amelie Ana
Anneke Antonia Astrid Aurelie Barbara Birgit Bronwyn Camila Catarina Celine Charlotte Consuelo Dagmar Daniela Deborah
Dilara Dorothea Edith Ekaterina Elena Eloise Emilia Esther Fabienne Fatou Fiona Franziska Freya Giulia Halima Harriet
Hedda Ilse Imani Inge Isabel Ivana Jasmin Johanna Judith Kamila Kerstin Khadija Leila Leticia Liesbeth Ljuba Lorena
Magdalena Maike Malin Margot Marit Matilda Meera Monika Nadine Naomi Natasha Ngozi Nora Paloma Pauline Ramona Rania
Renata Ruth Sabine Saoirse Shirin Silke Simone Sinead Svetlana Tamara Tatiana Thandi Ulla Ursula Valeria Vesna Wiebke
Yasmin Yvonne Zainab
""")

SURNAMES = _list("""
Achebe Adeyemi Arslan Aydin Baptiste Bergstrom Benali Bernard Boateng Brady Castro Dahl Demir Desai Dubois Dunn Dvorak
Egger Eshel Falk Fontana Gomes Haddad Hahn Hammar Hirsch Holub Ivanova Jimenez Kaya Keller Koenig Kowalska Kurt Levy
Lindgren Lindqvist Lorenz Mazur Medina Melnyk Menon Mensah Moen Moreno Ndiaye Norberg Novotna Nowak Nwosu Obi Okonkwo
Olsen Osei Osman Perrin Petrov Prado Prieto Pritchard Prochazka Rahimi Rask Rezai Rocha Roux Schuster Solano Solberg
Specht Svensson Tekle Timm Vargas Virtanen Vogt Wanjiru Wrona Yilmaz Yusuf Zielinski Zgraggen Abebe Acosta Aguilar
Ahlberg Alvarez Andersen Antonov Asante Bakker Balogun Banerjee Barbieri Becker Bielski Blanchard Bogdan Borges
Bouchard Brennan Cardoso Carvalho Chaudhry Cheng Cisse Cohen Contreras Costa Dang Delgado Diallo Dragomir Eriksen
Esposito Farkas Fernandes Ferraro Fitzgerald Friedrich Fujita Gallagher Garcia Georgiou Gonzalez Greco Grimaldi Gruber
Gustafsson Hakimi Halvorsen Hamdan Herrera Hoang Hoffmann Horvat Huang Hughes Ibsen Iglesias Jankowski Jansen
Johansson Kamara Kapoor Karimi Kasper Katz Kavanagh Kimura Kovac Kramer Kruger Lambert Larsson Lefebvre Lehtonen Leroy
Lombardi Lopes Lukic MacLeod Mahlangu Mancini Marchetti Markovic Mbeki Meyer Mikkelsen Molina Moretti Mueller Murphy
Nagy Nakamura Navarro Neumann Nguyen Nikolaidis Nilsen Ochoa Okafor Oliveira Ortega Paletta Papadakis Pereira Petersen
Pham Popescu Quispe Ramos Reinhardt Ricci Rodriguez Rossi Sahin Salazar Santos Sato Schneider Schulz Serrano Sharma
Silva Simic Sorensen Stoica Suzuki Szabo Takahashi Tanaka Thorsen Toth Traore Tremblay Vasquez Verhoeven Vidal Wagner
Watanabe Weber Wieland Yamamoto Zanetti Zhang Ziegler Zimmermann
""")

# For texts without a mail address, which has no such letters.
ACCENTED = _list("""
Müller Gómez Nováková Łukasik Özdemir Åkesson Håland Sørensen Lefèvre Gonçalves Béranger Ibáñez Kovács Šimić Žižka
Jäger Grönholm Pérez Çelik Nuñez Đorđević Weiß Château Brontë
""")

CITIES = _list("""
Antibes Basel Bergen Bordeaux Bregenz Bruges Burgos Coimbra Cuxhaven Erfurt Faro Freiburg Galway Geneva Genoa Ghent
Graz Grein Hanover Hydra Kassel Keelung Kendal Lancaster Leiden Linz Lisbon Lucerne Lyon Malmo Marrakesh Melk Mostar
Munich Newark Olten Oslo Ottawa Passau Plovdiv Porto Salzburg Sitges Soria Strasbourg Tallinn Turin Uppsala Vienna
Aarhus Aberdeen Alicante Ankara Antwerp Athens Auckland Baku Bamberg Bangkok Barcelona Belfast Belgrade Bilbao Bogota
Bologna Boston Braga Bremen Brisbane Brno Bucharest Budapest Cadiz Calgary Cairo Cardiff Casablanca Chicago Cologne
Copenhagen Cracow Dakar Delft Denver Dortmund Dresden Dublin Durban Edinburgh Eindhoven Florence Gdansk Girona Glasgow
Gothenburg Granada Grenoble Haarlem Hamburg Helsinki Houston Innsbruck Istanbul Izmir Jaipur Kathmandu Kaunas Kiel
Kigali Kyoto Lagos Lahore Leeds Leipzig Lima Liverpool Ljubljana Luxor Madrid Malaga Manila Marseille Melbourne
Minsk Montreal Mumbai Nairobi Nantes Naples Odense Oporto Osaka Ostend Padua Palermo Perth Pisa Poznan Prague Quito
Reykjavik Riga Rotterdam Santiago Sarajevo Seattle Seoul Seville Sheffield Stavanger Stockholm Stuttgart Sydney Szeged
Tampere Tbilisi Toledo Toronto Toulouse Trieste Tromso Utrecht Valencia Varna Venice Vilnius Warsaw Wellington
Winnipeg Zagreb Zaragoza Zurich
""")

COUNTRIES = _list("""
Portugal Denmark Chile Peru Finland Norway Sweden Iceland Ireland Belgium Austria Hungary Poland Estonia Latvia
Lithuania Croatia Serbia Bulgaria Romania Morocco Tunisia Egypt Kenya Ghana Senegal Nigeria Ethiopia Namibia Canada
Mexico Brazil Bolivia Ecuador Colombia Uruguay Japan Vietnam Thailand Malaysia Nepal Pakistan Bangladesh Mongolia
""")

LANGUAGES = _list("""
Polish Czech Tigrinya Croatian Hungarian Danish Swedish Finnish Norwegian Dutch Greek Ukrainian Romanian Arabic Hindi
Swahili Korean Vietnamese Japanese Persian Hebrew Bulgarian Catalan Estonian Somali Urdu
""")

# Lower-case nouns that can be counted and begin with a consonant, so that no article goes wrong.
GOODS = _list("""
kettle; footrest; spade; rucksack; desk lamp; cheesecake; tablecloth; teapot; bookcase; garden bench; rain cover;
toaster; hammer; blanket; mirror; bucket; ladder; pillow; suitcase; wheelbarrow; lantern; notebook; raincoat;
screwdriver; backpack; headlamp; doormat; letterbox; watering can; frying pan; cutting board; lunch box; bike pump;
coat rack; wall clock; yoga mat; camping stove; thermos; keyboard; webcam
""")

FOODS = _list("""
flour butter sugar honey cream garlic rice salt tahini chickpeas tomatoes lentils mint lime soda bread olives paprika
cinnamon basil parsley walnuts raisins mustard vinegar carrots potatoes spinach couscous noodles yeast cocoa ginger
""")

COMPLAINTS = _list("""
cough; night sweats; back pain; rash; itching; stomach ache; headache; dizziness; nausea; sore throat; chest pain;
swollen ankles; blurred vision; toothache; tiredness; shortness of breath; joint pain; hiccups; poor sleep;
numb fingers; palpitations; heartburn
""")

DRUGS = _list("""
amoxicillin paracetamol cetirizine ibuprofen metformin ramipril omeprazole doxycycline bisoprolol loratadine
prednisolone salbutamol naproxen levothyroxine diclofenac furosemide
""")

SKILLS = _list("""
Java; Kotlin; Terraform; Python; Rust; Haskell; Postgres; Kubernetes; Photoshop; welding; first aid; bookkeeping;
pastry; menu planning; team leading; sewing; public speaking; copywriting; plastering; video editing; negotiation;
forklift driving; data analysis; upholstery; tiling
""")

COLOURS = _list("red blue white black grey brown yellow purple pink turquoise beige golden")

STREETS = _list("""
Birkenweg; Talstrasse; Orchard Road; Quay Lane; Mill Lane; Am Anger; Hafenstrasse; Bridge Road; Elm Street;
Market Square; Rue des Tilleuls; Canal Street; Via Garibaldi; Calle Mayor; Kirchgasse; Station Road; Lindenallee;
Harbour Street; Church Hill; Rue du Port; Bahnhofstrasse; Victoria Avenue; Queens Road; Gartenweg; Kastanienallee;
Plaza Nueva; Corso Italia; Sundgatan; Prinsengracht; Nygade; Ridge Avenue; Willow Close; Park Terrace
""")

COMPANIES = _list("""
Halden Office Ltd; Brightwater Garden; TANAKA PAPER; Lindqvist Elektro AB; Greenfield Water Co.; Bauer & Sohn;
Tischlerei Kern; Fjordfish AS; Mill & Crumb; Kobalt Paints; Baltica Freight; Tidewave Robotics; Blue Heron Press;
Fischer Optik; Nordpost; Velo Express; Museum of Glass; City Gallery; Harbour Museum; Saint Anne Clinic;
Kestrel Cargo; Lotus Mail; Rapido; Nordkredit; Union Savings; Sunrow Farms; Bakery Lorenz;
TAIPAN TRADING; Newsfold; Streambox; CloudAttic; Acorn Analytics; Alpine Dairy; Amber & Oak; Arctic Fibre;
Bluestone Bank; Bramble Foods; Brooklane Media; Carpenter Bros; Cedar Health; Cobblestone Inc.; Copper Kettle Ltd;
Delta Motors; Driftwood Design; Eastgate Pharma; Ember Studios; Falcon Freight; Fernhill Estates; Gebr. Anders KG;
Glasshouse Labs; Granite Insurance; Grupo Sol; Helio Energy; Hoffmann Maschinenbau GmbH; Indigo Textiles;
Ironbridge Tools; Jade Software; Juniper Foods; Lakeside Printing; Larch & Sons; Maple Street Books; Meridian Air;
Nimbus Hosting; North Shore Brewing; Obsidian Games; Orchid Hotels; Parkside Dental; Pinecrest School; Quartz Watches;
Redwood Legal LLP; Rivertown Radio; Saffron Kitchen; Silverline Trains; Stonefield Quarry; Sud Ouest Vins;
Swiftcourier; Tulip Mobile; Umbra Lighting; Verdant Farms; Vista Glass SARL; Westwind Travel; Yellow Door Cafe;
Zenith Robotics
""")

POOLS = [
    MEN, WOMEN, SURNAMES, CITIES, COUNTRIES, LANGUAGES, GOODS, FOODS, COMPLAINTS, DRUGS, SKILLS, COLOURS, STREETS,
    COMPANIES,
]  # fmt: skip

_ONSETS = _list("b br c ch d dr f fl g gr h j k kl l m n p pr qu r s sh sk st t th tr v w y z")

_RHYMES = _list("a al an ar as e el en er et i il in is o ol on or os u ul un ur")

_ENDS = _list("a an berg do ek en er ez i ic ina ini is ka man mi o off ova ow sen ska ski son us va y")


def made_up(rng: Random) -> str:
    """A name that nobody has: what is copied must be read, not known."""
    syllables = [rng.choice(_ONSETS) + rng.choice(_RHYMES) for _ in range(rng.choice([1, 1, 2]))]
    return ("".join(syllables) + rng.choice(_ONSETS) + rng.choice(_ENDS)).capitalize()
