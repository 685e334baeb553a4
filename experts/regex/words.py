"""Words that stand in for one another: the composer draws them, and they replace those of written items."""

from __future__ import annotations


def _words(text: str) -> list[str]:
    return text.split()


def _phrases(text: str) -> list[str]:
    return [phrase.strip() for phrase in text.split(",")]


NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")

LOWER = _words("""
apple arrow badge baker basil beach berry board boat book bottle bread brick bridge broom brush bucket butter button
cabin cable cactus camel candle canoe carpet castle cedar chain chair cheese cherry cloud clover coffee comet copper
coral corner cotton cradle crane cream cricket crown curtain daisy delta desert door dragon drum eagle echo ember engine
falcon feather fern field finch fire flag flame flute forest fork fossil fox frame frost garden garlic gate ginger glass
glove grain grape gravel guitar hammer harbor hazel heron hill honey horse island ivory jacket jar jelly kettle kite
ladder lake lamp lantern leaf lemon lens lever lily linen lion lizard lock lotus magnet mango maple marble meadow melon
metal mint mirror moon moss motor mouse nail needle nest night north oak ocean olive onion orbit orchid otter oven owl
paddle palm panda panel paper parrot peach pearl pebble pencil pepper piano pillow pine pistol planet plum pocket pond
poppy potato puzzle quartz quilt rabbit radar rain raven ribbon ring river robin rocket roof rope rose saddle sail salt
sand scarf shadow shell ship shore silver sketch slate smoke snail snow sofa spark spider spoon spring squid stone storm
sugar swan table tent thistle thunder tiger timber torch tower train tulip tunnel turtle valley velvet violin wagon
walnut water wheel whale willow window winter wolf wool yarn zebra user item order data temp log final draft backup
admin guest main dev prod test stage beta alpha error warn info debug login logout start stop open close new old todo
done id key name type code price total count size width sms mail push web api job task run build deploy release
""")

UPPER = _words("""
AB AC AX BA BK BX CA CB CN CR CX DA DB DK EM EX FA FB FX GA GB GR HB HR HX ID IT JB JK KA KL KX LA LB LT LX MA MB MX NA
NB NO NX OP OR OX PA PB PK PO PX QA QC QX RA RB REF RMA RX SA SKU SN SO SQ SX TA TB TCK TKT TR TX UA UB UX VA VX WA WO
WX XA XB YA ZA ABC ACC ADM ART BAG BAR BIN BOX BUG CAR CAT CLI CNT CUS DEV DOC DRV EMP ENG EQP EVT EXP FAX FEE FIX GEN
GRP HUB INV ISS ITM JOB KEY LAB LOC LOG LOT MAT MBR MED MOD NET NOD OBJ ORD PAY PCB PKG PRD PRJ PRT QTY REC REQ RES ROW
RUN SEC SEQ SET SHP STK SUB SYS TAG TAX TMP TRK TST UNIT USR VAL VEH VIN ZIP
""")

TITLE = _words("""
Anna Bern Bremen Cairo Delta Dublin Echo Emma Eva Ford Geneva Hugo Ivan Juno Kiel Lima Linz Lyon Mara Milan Nina Oslo
Otto Paris Paul Prague Quito Riga Rome Sofia Turin Ulm Vera Wien Yara Zoe Room Box Lot Unit Gate Table Group Level Desk
Bay Part Step Page Item Order Case File Version Chapter Section Line Row Task Ticket Report Invoice Draft Team
""")

EXTENSIONS = _words("""
txt csv tsv json xml yaml yml toml ini cfg conf log md rst html css js ts py rb go rs java kt c h cpp cs php sh bat sql
db zip tar gz bz2 rar pdf doc docx xls xlsx ppt pptx odt png jpg jpeg gif svg bmp webp ico mp3 wav ogg flac mp4 mkv avi
mov webm ttf woff exe dll bin iso bak tmp lock key pem crt env
""")

UNITS = _words(
    "kg g mg lb oz t l ml cl km m cm mm in ft mi s ms min h px pt em rem dpi MB GB KB TB Hz kHz W kW V A Nm bar"
)

# What a string may be: said before its description.
THINGS = _phrases("""
product code, order number, invoice number, batch number, badge id, room number, coupon code, voucher,
seat number, gate code, serial number, part number, asset tag, ticket id, customer id, member number,
case number, file reference, flight code, locker code, licence plate, parcel label, tracking number,
shelf label, bin location, account number, course code, student id, lab sample id, device name, host name,
sensor id, meter number, patient number, library mark, catalogue number, lot number, job number, tax number,
employee number, project key, branch name, policy number, claim number, contract number, booking reference,
delivery note, access code, pass code, promo code, gift card number, plant code, route number, train number,
vessel id, recipe code, test case id, error code, warehouse slot, pallet number, token, session id, group name,
nickname, short name, label, tag, field, value, string, id
""")

# Words of written items that are only there to have a word.
MEANINGLESS = _words("""
foo bar hello world cat dog bird red green blue small medium large pending shipped delivered cancelled password root
apple orange hearts spades clubs diamonds north south east west login logout feature bugfix hotfix user action every
each lock TX SN PN INV ERROR Bearer report chapter title test tmp
""")

# What a description begins with that is no noun.
NO_NOUNS = _words("""
start starts starting begin begins beginning end ends ending finishing contain contains containing does doesn't must has
have includes find extract search show only no not without that is any anything all every first made consists strings
just pls please allow allowed free there looks looking validate check reject block skip we i our my in for with at
between from either capture should accept is
""")
