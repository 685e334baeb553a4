"""The word lists that schema variation and template questions draw from."""


def _pairs(text: str) -> dict[str, tuple[str, ...]]:
    """Read `word=a/b word=c` into a dictionary."""
    return {key: tuple(value.split("/")) for key, value in (item.split("=") for item in text.split())}


def _map(text: str) -> dict[str, str]:
    """Read `word=one phrase, word=another` into a dictionary."""
    return dict(pair.strip().split("=") for pair in text.split(","))


def _list(text: str) -> list[str]:
    return text.split()


def _words(text: str) -> set[str]:
    return set(text.split())


ABBREVIATIONS = _pairs("""
customer=cust number=no/num/nbr date=dt quantity=qty amount=amt name=nm address=addr status=stat/sts
department=dept employee=emp price=prc description=descr/dsc category=cat/ctg product=prod phone=ph/tel
telephone=tel account=acct code=cd type=typ title=ttl country=ctry/cntry city=cty email=eml/mail
order=ord invoice=inv payment=pmt/pymt balance=bal transaction=txn/trx value=val total=tot average=avg
minimum=min maximum=max percent=pct percentage=pct year=yr month=mth hour=hr hours=hrs minute=min
minutes=mins second=sec seconds=secs weight=wt/wgt height=ht/hgt width=wd length=len volume=vol
temperature=temp level=lvl reference=ref message=msg comment=cmt/cmnt note=nt remark=rmk
location=loc position=pos building=bldg room=rm floor=flr street=str station=stn
region=rgn district=distr/dstr manager=mgr member=mbr/memb person=pers patient=pat/ptnt doctor=dr/doc
student=stud teacher=tchr course=crs language=lang department=dept company=comp/co organization=org
supplier=supp/suppl vendor=vend/vnd warehouse=whse/wh item=itm article=art unit=unt
service=svc/srv request=req response=resp ticket=tkt priority=prio severity=sev version=ver
project=proj budget=bdgt salary=sal bonus=bon birth=brth start=strt finish=fin
created=crtd/cre updated=upd deleted=del closed=clsd received=rcvd delivered=dlvd/deliv
shipped=shpd sold=sld returned=rtrnd cancelled=cncl/canc approved=appr registered=regd
license=lic vehicle=veh model=mdl manufacturer=mfr/manuf color=clr colour=clr size=sz serial=ser
capacity=cap duration=dur distance=dist departure=dep arrival=arr destination=dest flight=flt
schedule=sched appointment=appt reservation=resv booking=bkg guest=gst contract=contr/ctr document=doc
information=info configuration=conf/cfg parameter=param group=grp image=img picture=pic user=usr
discount=disc rating=rtg score=scr reason=rsn result=res/rslt section=sect session=sess
team=tm player=plr season=seas image=img expiry=exp expires=exp current=curr previous=prev
delivery=dlv/dlvry purchase=purch inspection=insp maintenance=maint equipment=equip population=pop
""")

EXPANSIONS = _pairs("""
cust=customer qty=quantity amt=amount nm=name addr=address stat=status sts=status dept=department
emp=employee prc=price descr=description dsc=description prod=product tel=telephone acct=account
cd=code typ=type ttl=title ctry=country cntry=country cty=city eml=email ord=order pmt=payment
pymt=payment bal=balance txn=transaction val=value tot=total pct=percent yr=year mth=month hr=hour
hrs=hours lvl=level msg=message cmt=comment rmk=remark bldg=building stn=station mgr=manager mbr=member
tchr=teacher crs=course lang=language whse=warehouse itm=item unt=unit svc=service tkt=ticket
prio=priority sev=severity ver=version bdgt=budget sal=salary rcvd=received sld=sold veh=vehicle
mdl=model mfr=manufacturer clr=color cap=capacity dur=duration appt=appointment bkg=booking rsn=reason
grp=group dt=date flg=flag fk=foreign nbr=number num=number lst=last fst=first ctg=category
""")

SYNONYMS = _pairs("""
customer=client/buyer client=customer salary=wage/pay wage=salary price=cost city=town employee=worker
staff=personnel hired=joined joined=enrolled title=heading created=opened phone=telephone tel=phone
email=mail name=label address=residence quantity=amount amount=sum status=state category=class
kind=type type=kind description=details notes=remarks note=remark remark=note comment=remark body=content
country=nation district=area region=area street=road department=division company=firm firm=company
organization=company vendor=supplier supplier=vendor product=article item=article article=item
warehouse=depot shop=store store=shop seller=merchant buyer=purchaser purchase=buy invoice=bill
bill=invoice payment=remittance fee=charge charge=fee budget=funds revenue=income discount=rebate
tax=levy total=overall rating=score score=points stars=rating rank=grade grade=mark level=tier
manager=supervisor supervisor=manager leader=head doctor=physician patient=client teacher=instructor
instructor=teacher student=pupil pupil=student course=class author=writer writer=author book=volume
publisher=imprint genre=style member=subscriber guest=visitor visitor=guest player=athlete team=squad
coach=trainer match=game stadium=arena room=chamber building=house hall=venue seats=places
capacity=seats flight=trip airport=airfield route=line vehicle=car driver=chauffeur engine=truck
vessel=ship ship=vessel port=harbour cargo=freight weight=mass height=elevation length=extent
duration=runtime distance=range start=begin started=began end=finish ended=finished closed=ended
opened=started cancelled=canceled sold=purchased bought=purchased shipped=sent sent=mailed
received=arrived returned=back paid=settled due=payable issued=dated published=released
registered=enrolled deleted=removed removed=deleted updated=modified modified=changed born=birthday
job=position position=post task=job project=undertaking issue=problem priority=urgency severity=priority
ticket=case message=text channel=feed document=file file=document server=machine host=machine
device=gadget reading=measurement sensor=probe meter=counter colour=color color=colour size=dimensions
brand=make manufacturer=maker model=version population=inhabitants owner=holder donor=giver tenant=renter
appointment=visit booking=reservation reservation=booking nickname=alias reason=cause
""")

DISTRACTORS = sorted(
    _words("""created_at created_by updated_at updated_by notes sort_order external_ref is_deleted legacy_id
version_no import_batch sync_state checksum row_hash source_system last_synced uuid tenant_code locale time_zone
display_color icon_name avatar_url thumbnail_path slug tags metadata extra_json custom_field1 custom_field2
internal_flag is_archived is_locked is_default review_state approved_by approved_at verified_at entered_by
modified_on change_reason print_label barcode language_code currency_code tax_class cost_center ledger_code
audit_id etag revision attachment_path webhook_url token_hash retention_days visibility owner_group
priority_hint weight_factor display_order short_text alt_label archive_path export_flag""")
)

# Words that mean much the same: a distractor must share none of them with an existing column.
CONCEPTS = [
    _words(line)
    for line in """
created entered added registered opened since joined enrolled posted made import recorded
updated modified changed change edited last revision version ver
deleted removed archived archive cancelled closed ended hidden visibility
notes note nt remark remarks rmk comment comments text txt body description descr dsc details message msg
approved verified review reviewed confirmed checked audit acknowledged ack
color colour clr icon display
code cd number no nbr num ref id uuid barcode serial sku slug
priority prio urgency severity sev rank order ord sort
type typ kind category cat class ctg genre tags tag label
status stat sts state flag flg active
url link path file image photo picture thumbnail avatar attachment
language lang lg locale
currency cur price prc cost amount amt fee tax
weight wt mass
customer cust client buyer member mbr user usr patient guest
owner own group grp team
employee emp staff worker personnel person
days duration retention time
""".strip().splitlines()
]

PERSON_WORDS = _words("""
person people employee emp staff customer cust client member mbr patient pat doctor doc dr teacher
tchr student stud pupil guest driver player owner host author writer actor nurse agent seller buyer user usr learner lrn
lawyer tenant donor coach referee trainer resident volunteer attendee contact reviewer borrower firefighter firefighters
assignee reporter captain dentist instructor candidate cand landlord applicant passenger nickname artist holder adopter
keeper manager mgr drv drvr byr cst ownr emply worker crew party pty courier couriers staffer lecturer lecturers
supervisor vet director speaker employees customers clients members patients doctors teachers
students guests drivers players owners authors agents users""")

RESERVED = _words("""
abort action add after all alter always analyze and as asc attach autoincrement before begin between by
cascade case cast check collate column commit conflict constraint create cross current current_date current_time
current_timestamp database default deferrable deferred delete desc detach distinct do drop each else end escape except
exclude exclusive exists explain fail filter first following for foreign from full generated glob group groups having if
ignore immediate in index indexed initially inner insert instead intersect into is isnull join key last left like limit
match materialized natural no not nothing notnull null nulls of offset on or order others outer over partition plan
pragma preceding primary query raise range recursive references regexp reindex release rename replace restrict returning
right rollback row rows savepoint select set table temp temporary then ties to transaction trigger unbounded union
unique
update using vacuum values view virtual when where window with without user grant true false public
date time datetime timestamp text integer int smallint bigint real float double numeric decimal char varchar boolean
blob count sum avg min max total abs round length lower upper trim substr coalesce ifnull nullif julianday strftime
random rank rowid oid interval year month day hour minute second position instr printf lag lead rank""")

TYPES = _words("""
integer int smallint bigint tinyint real float double numeric decimal char varchar text boolean bool blob date
datetime timestamp time""")

# What an abbreviation is called in a question.
_SPOKEN = _pairs("""
mst= tbl= hst= fl=flag purch=purchase rcpt=recipient iss=issue exp=expiry cst=customer tst=test
cnt=count ct=count brnd=brand gndr=gender seas=season rtl=retail disc=discount desc=description wt=weight loc=location
whs=warehouse temp=temperature zn=zone stk=stock vnd=vendor fam=family cmn=common harv=harvest wtr=water supp=supplier
rcv=received clm=claim smp=sample pat=patient rslt=result tech=technician max=maximum mx=maximum distr=distributor
scrng=screening fmt=format cncl=cancelled lic=license pup=pupil trn=training drv=driver
dev=device alm=alarm vend=vendor inst=installation srv=server env=environment agt=agent subj=subject clos=closing
usr=user arpt=airport elev=elevation reg=registration dlvd=delivered nxt=next flt=flight dist=distance clsd=closing
mtr=meter rmvd=removal trf=tariff rdg=reading shp=ship blt=built ownr=owner scrp=scrap
brth=birth ann=annual bon=bonus rm=room rtg=rating std=standard byr=buyer sect=section mfg=manufacture
cli=client ctc=contact prj=project wrk=work tsk=task batt=battery err=error crt=created phn=phone lng=language
pkg=package flr=floor dlv=delivery ven=venue stf=staff hrd=hired lndr=lender trp=trip mob=mobile
clnt=client sbj=subject tut=tutor jnd=joining lsn=lesson mrk=mark chem=chemical btl=bottle recv=received proj=project
trnr=trainer mach=machine shft=shift matl=material ppl=people pgs=pages cmp=company decl=declaration
gds=goods muni=municipality pol=policy prem=premium mkt=market occ=occurrence vic=victim wkr=worker fab=fabric
avg=average adr=address qual=qualification strt=start
""")
SPOKEN = {word: forms[0] for word, forms in (EXPANSIONS | _SPOKEN).items()}

# Abbreviations that could stand for anything: they are only ever written as the identifier.
OPAQUE = _words("""
assgn fpath fname lname hostnm lockd orgnzr pcall peren prtjob reord rstock suprsd tconv wkday wrnty autom benef dereg
decom recur sched million param every
""")
# Abbreviations that mean several things beside other words: anywhere, in front, at the end.
AMBIGUOUS = _words("clr srv")
AMBIGUOUS_FIRST = _words("ct km kg cm mm m g ft gb")
AMBIGUOUS_LAST = _words("cst")

# The words of up to four letters that are no abbreviations.
SHORT = _words("""
age ages aid air area app apps arm at away back bag bags bake bank base bay by bed beds beer best bid bids bill
bin bio blog blue boat body book born box bus buy call calf car cars care case cast city club coal coat code
coin cook cost crew crop cup dark data date day days dead deal deck deep diet dish dob dock dog dogs down drop
drug due dues duet ear era eur exam eye face fall fare fat fee fees file film fine fire firm fish flag food for
form from fuel full game gear gene gift goal gold good gym hall hand has hash head held help high hire hit hold
home host hour hub hut iata id in is isbn item job jobs join key keys kick kids kiln kind lab lake last late
lead left lens lent life lift like line list live load loaf loan log loom loss lost lot low made mail make map
mark mass meal mean memo mode mood most move name need nest net new next nick no note nuts of off on open out
over page paid pain park part pass path pay peak per pet pets plan play plot plug poll pool port post pot prep
race rack rain ramp rank rate read real red rent ride ring risk road rock role roll room row rule run runs sale
seat seed sell sent set sex ship shop show side sign site size skin sku snow soil sold song star stay stop suit
tag talk tank tare task tax team term test text tide tier time tip to tone tool top tour town tray tree trip two
type unit url usd use used user van view visa vote wage wake walk wall ward was wash wave week wife wind wine
wing wins with wood wool word work yard year zone
""")

UNITS = _map("""kg=kg, km=km, cm=cm, mm=mm, m=metres, g=grams, eur=euros, usd=dollars, sqm=square metres, sec=seconds,
ms=milliseconds, gb=GB, ft=feet, min=minutes, minutes=minutes, seconds=seconds, hours=hours, euros=euros,
liters=liters, hectares=hectares, ha=hectares""")
TENSES = _map("starts=start, ends=end, expires=expiry, opens=opening, closes=closing")
DANGLING = _words("of by for to from with on at in since until out per")
DATE_WORDS = _words("date dt ts dob deadline")
IRREGULAR = _map("""person=people, child=children, staff=staff, species=species, series=series, equipment=equipment,
people=people, goods=goods, history=history, stock=stock, party=parties, leaf=leaves, shelf=shelves, news=news,
wife=wives, foreman=foremen""")
ACTIVE = _map("""joined=join, left=leave, started=start, ended=end, arrived=arrive, expired=expire, departed=depart,
retired=retire, finished=finish, happened=happen""")
PARTICIPLES = _words("sold bought paid sent built held begun made taken born lent caught")
MASS = _words("power water wifi parking access fish heating electricity stock reply two")

# Numbers that are no measure, numbers that do not add up, and numbers that do.
NOT_FIGURES = _words("""
contains sings wants works allows needs accepts serves
bid zone aisle no number num nbr code cd id zip phone tel phn serial ref port version ver hall room floor month
grade weekday uid pid tid day isbn table gauge lat lon latitude longitude seq track line bin trail
""")
NOT_ADDITIVE = _words("""
year yr age rating rtg stars score percent pct temp temperature level lvl rank rate rt per lat lon depth
elevation elev diameter min max limit humidity height width star priority prio sev severity mark position
difficulty ratio average avg size reorder minimum maximum
""")
ADDITIVE = _words("""
count quantity cost fee amount paid charge value minutes seconds hours grams kg weight distance km revenue
income budget duration price
""")
# Likely values of a number by a word of its column: lowest, highest, step; the first that fits counts.
NUMBER_RANGES = [
    (_words("count quantity number"), 2, 40, 1),
    (_words("salary income budget revenue"), 20000, 90000, 5000),
    (_words("rating rtg stars difficulty priority severity sev complexity"), 2, 4, 1),
    (_words("percent pct humidity"), 5, 90, 5),
    (_words("age"), 18, 70, 1),
    (_words("score points mark"), 40, 95, 5),
    (_words("population inhabitants"), 5000, 400000, 5000),
    (_words("downloads views plays mileage odometer"), 1000, 50000, 500),
    (_words("seats capacity attendance"), 20, 300, 10),
    (_words("seconds sec"), 60, 600, 10),
    (_words("minutes min duration"), 10, 120, 5),
    (_words("hours hrs"), 2, 40, 1),
    (_words("grams g calories kcal"), 50, 900, 50),
    (_words("cm height"), 20, 180, 10),
    (_words("km distance"), 5, 400, 5),
    (_words("kg weight"), 2, 80, 1),
    (_words("temperature temp c"), 5, 30, 1),
    (_words("rate rent deposit"), 10, 200, 5),
    (_words("price prc cost fee amount amt paid charge value total balance"), 10, 500, 5),
]

CITIES = _list("""
Ghent Leeds York Dublin Hamburg Berlin Prague Munich Lisbon Vienna Oslo Lyon Turin Krakow Bergen Boston
""")
COUNTRIES = _list("""
Germany France Spain Portugal Norway Sweden Italy Japan Canada Brazil Austria Ireland Poland Chile
""")
COLOURS = _list("red blue green black white grey")
TEXTS = {"city": CITIES, "town": CITIES, "country": COUNTRIES, "colour": COLOURS, "color": COLOURS}
REMARKS = _list("urgent late broken refund missing damaged noise delay insurance birthday parking holiday")
MONTHS = _list("January February March April May June July August September October November December")

# Columns whose values repeat from row to row, and columns of running text.
GROUPERS = _words("""
city town country category type kind genre region district department section status level language brand
manufacturer model colour color topic subject cuisine species style platform format position speciality
publisher class zone nationality industry channel method material segment
""")
FREE_TEXT = _words("description note notes remark remarks comment comments body message text summary content reason")
