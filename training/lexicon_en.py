"""English restaurant language, written for Matjip: nouns by aspect, opinions by polarity, whole sentences."""

__all__ = ["ANYWHERE", "IMPLIED", "NOUNS", "OPINIONS", "OTHER_NOUNS", "PRAISE", "REGRET", "SILENT"]

NOUNS: dict[str, str] = {
    "taste": "food|dish|dishes|meal|flavor|flavors|flavour|taste|pasta|pizza|burger|steak|chicken|soup|broth|noodles|rice|salad|dessert|"
    "coffee|latte|cake|bread|sushi|fish|meat|pork|beef|sauce|fries|sandwich|wine|cocktails|drinks|breakfast|brunch|lunch|dinner|appetizers|"
    "seafood|curry|kimchi|ribs|dumplings|ramen|tacos|cheese|eggs|pancakes|side dishes|bbq|oysters|lamb|shrimp|lobster|tea|beer|toast|pastry|"
    "risotto|croissant|scone|bibimbap|bulgogi|stew|drink|entree|entrees|appetizer|cuisine|cooking|wines|beers|meals|roll|rolls",
    "menu": "menu|selection|choices|options|variety|wine list|specials|set menu|vegan options|beer selection|list|choice|offerings|range|items|"
    "prix fixe|courses",
    "service": "service|staff|waiter|waitress|server|servers|bartender|host|hostess|owner|manager|chef|waitstaff|wait staff|team|cashier|crew|"
    "management|attitude|busboy|maitre d|employee|captain|seater|waiters|barista|sommelier|valet",
    "price": "price|prices|value|bill|cost|pricing|check|deal|lunch special|tip|money|charge|gratuity|tab|happy hour",
    "portion": "portion|portions|serving|servings|portion size|helping",
    "atmosphere": "atmosphere|ambience|ambiance|decor|music|vibe|view|interior|seating|room|patio|terrace|lighting|tables|noise level|"
    "setting|space|dining room|booth|scene|crowd|clientele|patron|patrons|seat|chair|bar|lounge|garden|band|dj|noise|style|environment|"
    "lights|ceiling|candles|comfort|privacy|jukebox|windows|fireplace|decoration|decorations|furniture|entertainment|walls|counter|bar area|"
    "table|feel|backyard|presentation|background music|people|rooms|floor plan|lounge area",
    "cleanliness": "bathroom|restroom|restrooms|tables|floor|cutlery|plates|kitchen|glasses|toilet|hygiene|silverware",
    "waiting": "wait|line|queue|waiting time|wait time|reservation|turnaround|seating time|wait list|reservations",
    "location": "location|parking|neighborhood|parking lot|access|corner|subway|station|street",
    "delivery": "delivery|takeout|packaging|courier|delivery driver|order|takeaway|take out|container",
}

OTHER_NOUNS = (  # what people name and Matjip has no aspect for: the place as a whole, its company, its hour
    "place|spot|restaurant|joint|establishment|diner|bistro|cafe|eatery|pub|house|time|minutes|hour|hours|night|evening|day|weekend|"
    "experience|visit|party|friend|friends|date|family|birthday|anniversary|website|photo|photos|review|reviews|guy|man|woman|lady|person"
)
# aspect → (praise, blame)
OPINIONS: dict[str, tuple[str, str]] = {
    "taste": (
        "delicious|tasty|fresh|flavorful|crispy|tender|juicy|yummy|savory|scrumptious|mouthwatering|perfectly cooked|well seasoned|divine|"
        "succulent|creamy|rich|authentic|homemade|to die for|moist|heavenly|delectable",
        "bland|tasteless|soggy|greasy|overcooked|undercooked|dry|cold|salty|too salty|burnt|stale|rubbery|chewy|oily|raw|flavorless|mushy|"
        "lukewarm|rancid|inedible|watery|too sweet|frozen|gross|spoiled",
    ),
    "menu": (
        "varied|extensive|creative|diverse|interesting|well curated|unique",
        "limited|boring|confusing|tiny|uninspired|outdated",
    ),
    "service": (
        "friendly|attentive|helpful|polite|kind|welcoming|prompt|professional|courteous|knowledgeable|accommodating|gracious|sweet|fast|"
        "efficient|warm",
        "rude|slow|unfriendly|inattentive|dismissive|careless|arrogant|impatient|unprofessional|indifferent|clueless|condescending|"
        "unhelpful|snobby|surly|pushy",
    ),
    "price": (
        "reasonable|fair|affordable|cheap|good|great|unbeatable|very reasonable|inexpensive",
        "high|expensive|overpriced|steep|outrageous|ridiculous|too high|unreasonable|inflated|pricey",
    ),
    "portion": ("generous|huge|large|big|hearty|ample|filling|plentiful", "small|tiny|skimpy|meager|stingy|laughable"),
    "atmosphere": (
        "cozy|romantic|lovely|beautiful|relaxing|quiet|charming|comfortable|warm|stylish|inviting|spacious|intimate|elegant|lively|cute",
        "noisy|loud|cramped|dark|crowded|uncomfortable|dull|depressing|chaotic|stuffy|too loud|dated|sterile|drafty|gloomy",
    ),
    "cleanliness": (
        "clean|spotless|tidy|immaculate|hygienic",
        "dirty|filthy|sticky|disgusting|smelly|unclean|grimy|unsanitary",
    ),
    "waiting": ("short|quick|worth it|fast|no problem", "long|endless|terrible|too long|unacceptable|ridiculous|slow"),
    "location": (
        "convenient|central|great|easy to find|perfect|handy",
        "inconvenient|hard to find|remote|awful|terrible|sketchy",
    ),
    "delivery": (
        "fast|on time|quick|careful|perfect|secure",
        "late|slow|cold|wrong|spilled|missing|leaking|incomplete",
    ),
}
ANYWHERE = (
    "great|excellent|amazing|wonderful|fantastic|good|outstanding|perfect|superb|awesome|incredible|impressive|fabulous|terrific|nice|best|"
    "exceptional|phenomenal|top notch|solid|pleasant|brilliant|stellar",
    "bad|terrible|awful|horrible|disappointing|poor|mediocre|worst|subpar|unpleasant|lousy|pathetic|atrocious|lacking|so so|dreadful|"
    "underwhelming|nothing special|forgettable|below average|not worth it",
)
# Opinions that a reader understands without a noun.
IMPLIED: dict[str, str] = {
    word: aspect
    for aspect, words in {
        "taste": "delicious|tasty|flavorful|yummy|bland|tasteless|soggy|greasy|overcooked|undercooked|flavorless|scrumptious|inedible",
        "price": "overpriced|affordable|pricey|expensive|inexpensive",
        "service": "unfriendly|rude|courteous|inattentive|friendly",
        "atmosphere": "cozy|noisy|loud|cramped|crowded|romantic",
        "cleanliness": "dirty|filthy|spotless|unsanitary",
    }.items()
    for word in words.split("|")
}
# Phrases that hold an opinion's word and praise or blame nobody.
SILENT = (
    "kind of|kinds of|sort of|dog friendly|kid friendly|kids friendly|pet friendly|family friendly|child friendly|vegan friendly|"
    "budget friendly|wallet friendly|eco friendly|user friendly|good luck|good thing|good news|good morning|good for you|a good while|"
    "as good as|best friend|best friends|best part|cold brew|cold brews|cold noodles|cold noodle|cold day|cold weather|dry aged|"
    "fresh air|great deal of|too bad|bad day|rich people|warm day|hot and cold|raw bar|raw fish|short rib|short ribs|long time|"
    "long weekend|long walk|big group|big party|large group|small plates|high chair|high chairs|a little sweet|fast food|slow cooked"
)
PRAISE = """Highly recommend|Will definitely be back|Can't wait to go back|A hidden gem|Loved it|Loved every bite|Best meal in ages|
Worth every penny|Worth the wait|We will return|My new favorite place|Five stars|Great experience overall|Never disappoints|A must visit|
Made our anniversary special|Our kids loved it|Exceeded my expectations|I keep coming back|Hands down the best in town|So good|Yum|
You won't regret it|Could eat here every day|Left full and happy|Everything was spot on|Thank you for a great night|Do yourself a favor and go|
I was pleasantly surprised|Nothing to complain about|I crave it every week|Not disappointed at all|10/10|Perfect for a date|Top tier"""
REGRET = """Never again|Will not be back|Not worth the money|Save your money|Don't bother|Avoid this place|Very disappointed|What a letdown|
Stay away|I want my money back|Would not recommend|Waste of time|We waited over an hour|They got our order wrong|They forgot our order|
Found a hair in my food|I got sick afterwards|We left hungry|Nobody apologized|Not what it used to be|Overrated|Not impressed|
There are better places nearby|I expected more for the price|Threw most of it away|They ignored us all night|Worst experience ever|
Had to send it back twice|No idea why people like it|The photos lied|It went downhill|One star is too many|Had higher hopes|Meh|
Food arrived cold|Nobody came to our table|Left without finishing|Never ordering again|I regret coming here|Total rip off"""
