"""Words that values are made of: first and last names of many cultures, cities, streets, mail hosts."""

from __future__ import annotations


def _words(text: str) -> list[str]:
    return text.split()


FIRST = _words("""
Anna Ben Clara David Emma Felix Greta Hannah Isaac Julia Karl Laura Max Nora Oskar Paula Quentin Rosa Simon Theresa
Ulrich Vera Walter Xenia Yannick Zoe Aiden Bethany Callum Daisy Edward Freya Gareth Harriet Imogen Jack Keira Liam
Molly Nathan Olivia Poppy Reece Sophie Toby Una Victor Wendy Ashley Brandon Crystal Derek Ebony Frank Gloria Howard
Irene Jerome Kelsey Lamont Monique Norman Opal Preston Rhonda Shawn Tamika Vernon Whitney Akira Ayaka Daichi Emi
Fumiko Haruto Kazuo Mariko Naoki Sakura Takeshi Yoko Minjun Seoyeon Jihoon Hyejin Dongwook Soojin Wei Xiaoling Jian
Meiling Haoran Lihua Qiang Yan Chunhua Bao Linh Thanh Huong Duc Mai Phuong Somchai Malee Anong Putri Budi Siti Agus
Dewi Jomar Maricel Rodel Aisha Ahmed Bilal Dalia Fadi Ghada Hamza Iman Jamila Khalid Leila Mahmoud Nabila Omar Rania
Salma Tariq Yasmin Zaid Reza Shirin Behrouz Niloufar Kaveh Aylin Burak Cem Deniz Esra Fatih Gizem Murat Selin Aarav
Ananya Bhavna Chandra Divya Gopal Harish Ishita Jaya Kiran Lakshmi Manoj Neha Parvati Ramesh Sunita Uma Vijay Nasreen
Rafiq Shabnam Abebe Chiamaka Emeka Folake Ifeoma Kwabena Lerato Makena Nia Obinna Sizwe Thandiwe Wambui Zanele Adjoa
Babajide Fatou Mamadou Moussa Tendai Anton Boris Daria Ekaterina Galina Igor Ksenia Lev Mikhail Natalia Oleg Polina
Ruslan Sergei Tatiana Vadim Yuri Bohdan Oksana Taras Agata Bartosz Dorota Grzegorz Jadwiga Kamil Magda Stanisław
Wiktoria Zofia Jiří Lenka Ondřej Zuzana Matej Ivana Dragan Jelena Luka Mirjana Nenad Tanja Zoran Ágnes Balázs Eszter
Gábor Ilona Zsolt Andrei Bogdan Cristina Ioana Mihai Raluca Dimitra Eleni Giorgos Katerina Spyros Alessandro Chiara
Davide Federica Giuseppe Lucia Matteo Silvia Tommaso Adrián Beatriz Carlos Dolores Esteban Graciela Hernán Inés Javier
Leticia Marisol Octavio Ramón Soledad Yolanda João Carla Rui Mafalda Tiago Vanessa Thiago Adèle Baptiste Céline Didier
Élodie Fabrice Guillaume Hélène Jérôme Maëlle Océane Thierry Anders Birgitta Einar Frida Gustav Helga Ingrid Jens
Kirsten Lasse Maren Niels Pernille Ragnar Sigrid Torben Aino Eero Jukka Kaisa Pekka Satu Marieke Joost Femke Wouter
Sanne Saoirse Cormac Niamh Eoin Angus Morag Rhys Cerys Noam Tali Yael Avi Ester Kalani Leilani Malia Tane Aroha Sione
Nayeli Citlali Itzel Will Rose May June April Grace Hope Faith Joy Mark Bill Sue Art Dean Grant Chase Hunter Ivy Lily
Ruby Amber Penny Pat Rob Drew Summer Autumn Dawn Eve Iris Jasmine Olive Pearl Sky Robin Jay Miles Rich
""")

LAST = _words("""
Smith Jones Taylor Brown Williams Wilson Johnson Davies Patel Wright Walker Hughes Edwards Green Hall Wood Harris
Clarke Turner Hill Moore Cooper Ward Morris King Baker Carter Fisher Mason Potter Shepherd Cook Butler Hunter Fox Wolf
Bird Rose Stone Rivers Lake Field Banks Price Rich Young Long Short Little White Black Gray Gold Silver Frost Winter
Snow Day Knight Bishop Pope Church Park Lane Street Becker Fischer Hoffmann Jung Klein Krüger Lange Meier Neumann
Richter Schäfer Schmitz Schröder Vogel Wagner Zimmermann Bauer Huber Gruber Steiner Moser Aebischer Zürcher Dubois
Fournier Girard Lambert Leclerc Mercier Moreau Perrin Renaud Rousseau Vasseur Bernard Rossi Ferrari Esposito Romano
Colombo Ricci Marino Greco Bruno Gallo Conti DeLuca Mancini Costa Giordano García Martínez López Hernández Pérez
Sánchez Ramírez Torres Flores Rivera Gómez Díaz Reyes Morales Cruz Ortiz Gutiérrez Chávez Ruiz Mendoza Castillo Silva
Santos Oliveira Souza Pereira Almeida Carvalho Ribeiro Teixeira Moreira Novak Svoboda Dvořák Horák Kovář Nowak
Kowalski Wiśniewski Wójcik Kamiński Lewandowski Zieliński Szymański Woźniak Dąbrowska Kovács Nagy Szabó Tóth Varga
Horvat Babić Marić Jurić Petrović Jovanović Nikolić Ilić Popescu Ionescu Dumitru Stan Ivanov Petrov Smirnov Kuznetsova
Volkov Sokolova Morozov Shevchenko Bondarenko Kravchuk Papadopoulos Georgiou Nikolaidis Yılmaz Kaya Demir Çelik Şahin
Öztürk Aydın Arslan Doğan Hassan Ali Hussein Khalil Mansour Haddad Saleh Nasser Farouk Rahman Karimi Hosseini Ahmadi
Rezaei Sharma Verma Gupta Singh Kumar Reddy Iyer Nair Chatterjee Banerjee Desai Joshi Mehta Khan Malik Chowdhury
Akhtar Wang Li Zhang Liu Chen Yang Huang Zhao Wu Zhou Xu Lin Ho Chan Wong Tan Lim Ng Goh Kim Lee Choi Jeong Kang Yoon
Sato Suzuki Takahashi Tanaka Watanabe Ito Yamamoto Nakamura Kobayashi Kato Nguyen Tran Pham Hoang Vu Dang Bui Santoso
Wijaya Cruzado Bautista Villanueva Okafor Adeyemi Eze Nwosu Balogun Obi Mensah Owusu Asante Boateng Diallo Traoré
Keita Ndiaye Kamau Mwangi Otieno Njoroge Tesfaye Bekele Dlamini Nkosi Mokoena Moyo Ncube Banda Phiri Jansen DeVries
VanDijk Bakker Visser Smit Meijer Andersson Johansson Lindberg Nyström Hansen Olsen Larsen Pedersen Nielsen Sørensen
Virtanen Korhonen Mäkinen Nieminen O'Brien O'Neill Murphy Kelly Walsh Byrne McCarthy MacDonald Campbell Fraser
Llewellyn Pritchard Cohen Levi Mizrahi Friedman Katz Kealoha Tamihana Washington Jefferson Booker Freeman Delacroix
Beaumont Al-Sayed Ben-Ami Abernathy Hawthorne Whitfield Ashworth Pemberton Sinclair Tremblay Gagnon Bouchard Roy
Quispe Mamani Huanca Condori
""")

# Cities are left alone by the expert; the script exchanges them so that it does not learn which ones.
CITIES = _words("""
Berlin Hamburg Leipzig Graz Basel Zurich Geneva Lyon Toulouse Nantes Lille Marseille Madrid Bilbao Valencia Málaga
Lisbon Porto Rome Bari Turin London Leeds Bristol Bath Galway Cork Dublin Ghent Antwerp Utrecht Oslo Bergen Malmö
Helsinki Turku Riga Vilnius Tartu Warsaw Gdansk Poznań Prague Budapest Vienna Salzburg Zagreb Athens Istanbul Ankara
Cairo Lagos Abuja Kumasi Nairobi Dakar Delhi Mumbai Lahore Osaka Tokyo Seoul Hanoi Manila Jakarta Perth Denver Tucson
Chicago Boston Seattle Tulsa Toronto Ottawa Lima Quito Bogotá Recife Curitiba Santiago Sheffield Exeter Oxford Kiel
Bonn Kassel Dortmund Köln Rostock Muscat Minsk Aleppo Kinshasa Marrakech
""")

STREETS_EN = _words("""
Maple Oak Cedar Elm Church Mill Station High Park Queen Victoria Albert Harbour Meadow Orchard Chestnut Willow Bridge
Castle Garden Highland Lincoln Washington Sunset River Hillside Forest Spring Market College Grove Kings Abbey Manor
North South West Lake
""")
WAYS_EN = _words("Street St Road Rd Avenue Ave Lane Drive Dr Close Crescent Court Boulevard Place Terrace Way Gardens")
STREETS_DE = _words("""
Garten Haupt Bahnhof Schul Berg Linden Wald Mozart Goethe Schiller Kirch Ring Park Rosen Birken Wiesen Mühlen Hafen
Kaiser Eichen
""")
PLACES = [
    ("80331", "München"), ("10115", "Berlin"), ("50667", "Köln"), ("20095", "Hamburg"), ("04109", "Leipzig"),
    ("1010", "Wien"), ("8010", "Graz"), ("3011", "Bern"), ("34117", "Kassel"), ("24103", "Kiel"), ("99084", "Erfurt"),
    ("70173", "Stuttgart"),
]  # fmt: skip
UK_PLACES = [
    "Leeds LS1 4AP", "Bristol BS1 5TR", "York YO1 7HH", "Cardiff CF10 1EP", "London N1 9GU", "Bath BA2 3QH",
    "Oxford OX1 2JD",
]  # fmt: skip
US_PLACES = [
    "Austin, TX 78701", "Portland, OR 97205", "Denver, CO 80203", "Tampa, FL 33602", "Boise, ID 83702",
    "Albany, NY 12207", "Madison, WI 53703", "Tucson, AZ 85701", "Columbus, OH 43215", "Reno, NV 89501",
]  # fmt: skip
STREETS_OTHER = [
    "{n} rue Victor Hugo, 69002 Lyon", "{n} avenue de la République, 75011 Paris", "{n} rue du Moulin, 44000 Nantes",
    "Via Mazzini {n}, 40121 Bologna", "Corso Vittorio {n}, 10128 Torino", "Calle Mayor {n}, 28013 Madrid",
    "Carrer de Mar {n}, Barcelona", "Rua Augusta {n}, 1100-053 Lisboa", "Rua das Flores {n}, São Paulo",
    "Kalverstraat {n}, 1012 NX Amsterdam", "Nieuwstraat {n}, 9000 Gent", "Drottninggatan {n}, 111 51 Stockholm",
    "Kirkegata {n}, 0153 Oslo", "Nørregade {n}, 1165 København K", "Mannerheimintie {n}, 00100 Helsinki",
    "ul. Długa {n}, 31-147 Kraków", "Národní {n}, 110 00 Praha 1", "Fő utca {n}, 1011 Budapest",
    "Atatürk Caddesi No: {n}, 35220 İzmir", "{n} Nehru Road, Pune 411001",
    "{n}, 2nd Main, Jayanagar, Bengaluru 560011", "{n} Allen Avenue, Ikeja, Lagos", "{n} Moi Avenue, Nairobi",
    "{n} Orchard Road, Singapore 238841", "{n} Le Loi, District 1, Ho Chi Minh City",
    "Av. Reforma {n}, 06600 Ciudad de México", "Av. Corrientes {n}, Buenos Aires", "{n} Queen Street, Auckland 1010",
    "{n} King William Rd, Unley SA 5061", "Ermou {n}, 105 63 Athina", "P.O. Box {n}, Nairobi 00100",
    "PO Box {n}, Hobart TAS 7001", "Postfach {n}, 8021 Zürich", "Strada Libertății {n}, Cluj-Napoca",
]  # fmt: skip
MAIL_HOSTS = _words("""
gmail.com yahoo.com outlook.com hotmail.com icloud.com gmx.de web.de mail.ru proton.me fastmail.com posteo.de
orange.fr libero.it telia.se ziggo.nl wp.pl seznam.cz qq.com naver.com yahoo.co.in brightleaf.io kestrel-labs.com
stadtbau.de uni-nord.edu acme.co.uk riverbank.org hospital-west.org northgate.edu finovia.ch pixelhaus.at
meridian.com.au tecnorte.com.br kobo-works.jp maple-data.ca
""")
NICK_A = _words(
    "sunny dark pixel happy retro night green lazy crazy little iron silver cosmic salty brave fuzzy lunar wild tiny"
)
NICK_B = _words(
    "panda rider baker fox wizard otter gamer tiger hiker bean ninja queen raven cactus sailor comet noodle goat lynx"
)
WORDS_SECRET = _words("""
Winter Tiger Banana Sunshine Coffee Dragon Monkey River Schnee Pizza Purple Football Charlie Madrid Orange Rocket
""")
MONTHS = _words("January February March April May June July August September October November December")
