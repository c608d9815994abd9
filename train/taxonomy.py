# SPDX-License-Identifier: Apache-2.0
"""Which logit is which pet: the one reviewed table of names, and how the training labels map to it.

The head has a row for every ImageNet class (imagenet.tsv, in the order of the
original weights), then a row for every label that ImageNet does not name. Rows
that share a class_id are one answer; their probabilities are summed.
"""
import csv
import os
from collections import namedtuple

HERE = os.path.dirname(os.path.abspath(__file__))
UNKNOWN = "Unknown"
Row = namedtuple("Row", "class_id raw_class breed species level aliases")

# Names people use today, where they are not the label in title case; aliases after ';'.
NAMES = {
    "airedale": "Airedale Terrier", "appenzeller": "Appenzeller Sennenhund;Appenzell Mountain Dog",
    "basset": "Basset Hound", "bernese_mountain_dog": "Bernese Mountain Dog;Berner Sennenhund",
    "black_and_tan_coonhound": "Black and Tan Coonhound",
    "blenheim_spaniel": "Cavalier King Charles Spaniel;Blenheim Spaniel;King Charles Spaniel",
    "bluetick": "Bluetick Coonhound", "boston_bull": "Boston Terrier;Boston Bull",
    "bouvier_des_flandres": "Bouvier des Flandres", "brabancon_griffon": "Brussels Griffon;Griffon Bruxellois",
    "brittany_spaniel": "Brittany;Brittany Spaniel", "bull_mastiff": "Bullmastiff", "bulldog": "Bulldog;English Bulldog",
    "cairn": "Cairn Terrier", "cardigan": "Cardigan Welsh Corgi;Corgi", "chow": "Chow Chow", "clumber": "Clumber Spaniel",
    "cocker_spaniel": "Cocker Spaniel", "collie": "Rough Collie;Collie",
    "curly_coated_retriever": "Curly-Coated Retriever", "dandie_dinmont": "Dandie Dinmont Terrier",
    "doberman": "Doberman Pinscher;Dobermann", "domestic_cat": "Domestic Cat;House Cat;Moggy;Domestic Shorthair",
    "english_springer": "English Springer Spaniel", "entlebucher": "Entlebucher Mountain Dog;Entlebucher Sennenhund",
    "eskimo_dog": "American Eskimo Dog;Eskimo Dog;Canadian Eskimo Dog", "flat_coated_retriever": "Flat-Coated Retriever",
    "german_shepherd": "German Shepherd;Alsatian", "german_short_haired_pointer": "German Shorthaired Pointer",
    "great_pyrenees": "Great Pyrenees;Pyrenean Mountain Dog", "groenendael": "Belgian Sheepdog;Groenendael",
    "japanese_spaniel": "Japanese Chin;Japanese Spaniel", "kelpie": "Australian Kelpie",
    "labrador_retriever": "Labrador Retriever;Labrador", "leonberg": "Leonberger", "lhasa": "Lhasa Apso",
    "malamute": "Alaskan Malamute", "malinois": "Belgian Malinois;Malinois", "maltese_dog": "Maltese",
    "mexican_hairless": "Xoloitzcuintli;Mexican Hairless;Xolo", "old_english_sheepdog": "Old English Sheepdog;Bobtail",
    "pekinese": "Pekingese", "pembroke": "Pembroke Welsh Corgi;Corgi", "redbone": "Redbone Coonhound",
    "saint_bernard": "Saint Bernard;St. Bernard", "scotch_terrier": "Scottish Terrier",
    "shetland_sheepdog": "Shetland Sheepdog;Sheltie", "shih_tzu": "Shih Tzu",
    "soft_coated_wheaten_terrier": "Soft-Coated Wheaten Terrier", "staffordshire_bullterrier": "Staffordshire Bull Terrier",
    "toy_terrier": "English Toy Terrier;Toy Terrier", "walker_hound": "Treeing Walker Coonhound;Walker Hound",
    "west_highland_white_terrier": "West Highland White Terrier;Westie", "wire_haired_fox_terrier": "Wire Fox Terrier",
    "chinese_crested": "Chinese Crested", "persian": "Persian;Persian Cat", "siamese": "Siamese;Siamese Cat",
    "egyptian_mau": "Egyptian Mau;Egyptian Cat", "sphynx": "Sphynx", "siberian": "Siberian",
}

# Pets that ImageNet names and no dog or breed cat: row -> (species, name;aliases). The rest of ImageNet is no pet.
PETS = {
    0: ("Fish", "Tench"), 1: ("Fish", "Goldfish"), 392: ("Fish", "Rock Beauty Angelfish"), 393: ("Fish", "Clownfish"),
    396: ("Fish", "Lionfish"), 397: ("Fish", "Pufferfish"),
    7: ("Bird", "Rooster;Cock"), 8: ("Bird", "Hen;Chicken"), 11: ("Bird", "Goldfinch"), 84: ("Bird", "Peafowl;Peacock"),
    85: ("Bird", "Quail"), 87: ("Bird", "African Grey Parrot;Parrot"), 88: ("Bird", "Macaw;Parrot"),
    89: ("Bird", "Sulphur-Crested Cockatoo;Cockatoo"), 90: ("Bird", "Lorikeet;Parrot"), 97: ("Bird", "Duck;Mallard;Drake"),
    99: ("Bird", "Goose"),
    25: ("Salamander", "Fire Salamander"), 26: ("Salamander", "Common Newt"), 27: ("Salamander", "Eft;Newt"),
    28: ("Salamander", "Spotted Salamander"), 29: ("Salamander", "Axolotl"),
    30: ("Frog", "Bullfrog"), 31: ("Frog", "Tree Frog"), 32: ("Frog", "Tailed Frog"),
    33: ("Turtle", "Loggerhead Turtle"), 34: ("Turtle", "Leatherback Turtle"), 35: ("Turtle", "Mud Turtle"),
    36: ("Turtle", "Terrapin"), 37: ("Turtle", "Box Turtle"),
    38: ("Lizard", "Banded Gecko;Gecko"), 39: ("Lizard", "Green Iguana;Iguana"), 40: ("Lizard", "Green Anole;American Chameleon"),
    41: ("Lizard", "Whiptail Lizard"), 42: ("Lizard", "Agama"), 43: ("Lizard", "Frilled Lizard"), 44: ("Lizard", "Alligator Lizard"),
    45: ("Lizard", "Gila Monster"), 46: ("Lizard", "Green Lizard"), 47: ("Lizard", "African Chameleon;Chameleon"),
    48: ("Lizard", "Komodo Dragon"),
    52: ("Snake", "Worm Snake;Thunder Snake"), 53: ("Snake", "Ringneck Snake"), 54: ("Snake", "Hognose Snake"),
    55: ("Snake", "Green Snake"), 56: ("Snake", "King Snake"), 57: ("Snake", "Garter Snake"), 58: ("Snake", "Water Snake"),
    59: ("Snake", "Vine Snake"), 60: ("Snake", "Night Snake"), 61: ("Snake", "Boa Constrictor"), 62: ("Snake", "Rock Python;Python"),
    63: ("Snake", "Indian Cobra"), 64: ("Snake", "Green Mamba"), 65: ("Snake", "Sea Snake"), 66: ("Snake", "Horned Viper"),
    67: ("Snake", "Diamondback Rattlesnake"), 68: ("Snake", "Sidewinder"),
    71: ("Scorpion", "Scorpion"), 76: ("Spider", "Tarantula"), 125: ("Hermit Crab", "Hermit Crab"),
    330: ("Rabbit", "Cottontail Rabbit;Wood Rabbit"), 331: ("Rabbit", "Hare"), 332: ("Rabbit", "Angora Rabbit"),
    333: ("Hamster", "Hamster"), 338: ("Guinea Pig", "Guinea Pig;Cavy"), 339: ("Horse", "Horse;Sorrel"),
    358: ("Ferret", "Polecat"), 359: ("Ferret", "Ferret;Black-Footed Ferret"),
}

# Birds and fish no shop sells answer with their species alone: (rows, class_id, raw_class, breed, species).
GENERIC = [
    ([9, 10, *range(12, 25), *range(80, 84), 86, *range(91, 97), 98, 100, *range(127, 147)], "n01503061", "bird", "Bird", "Bird"),
    ([389, 390, 391, 394, 395], "n02512053", "fish", "Fish", "Fish"),
]

TABBIES = (281, 282)  # tabby and tiger cat: coats of the domestic cat, not breeds
PORCUPINE = 334  # "porcupine, hedgehog" in ImageNet: shows porcupines

# Labels that ImageNet does not name but that begin as one of its rows.
STARTS = {
    "domestic_cat": TABBIES, "hedgehog": (PORCUPINE,), "chicken": (7, 8), "duck": (97,), "rabbit": (330, 332), "horse": (339,),
    "snake": tuple(range(52, 69)), "fish": (1, 392, 393, 396, 397), "bird": tuple(range(10, 25)), "cockapoo": (266,), "labradoodle": (267,),
    "bulldog": (245, 243), "bull_terrier": (179,), "greyhound": (172,), "shiba_inu": (253, 273), "havanese": (153, 204),
    "dachshund": (161, 237), "bichon_frise": (153, 265), "himalayan": (283, 284), "exotic_shorthair": (283,), "birman": (284,), "ragdoll": (284,),
    "american_water_spaniel": (221, 219), "bearded_collie": (229,), "american_pit_bull_terrier": (180,), "american_bulldog": (243, 180),
    "american_hairless_terrier": (158,), "chinese_crested": (268,), "maine_coon": (282,), "bengal": (285,), "sphynx": (285,),
    "abyssinian": (285,), "bombay": (285,), "british_shorthair": (281,), "russian_blue": (285,),
}


def imagenet():
    """[(wordnet id, name)] in the order of the weights."""
    with open(os.path.join(HERE, "imagenet.tsv"), encoding="utf-8") as f:
        return [tuple(line.rstrip("\n").split("\t")) for line in f]


def read_labels(path):
    with open(path, encoding="utf-8") as f:
        return list(csv.DictReader(f, delimiter="\t"))


def plain(name):
    return name.lower().replace("-", "_")


def titled(label):
    names = NAMES.get(label, " ".join(w.capitalize() for w in label.split("_")))
    breed, _, aliases = names.partition(";")
    return breed, aliases


def build(labels):
    """(rows, targets, starts): the taxonomy, each label's rows, and each new row's ImageNet rows to begin from."""
    ids = imagenet()
    by_name = {plain(name): i for i, (_, name) in enumerate(ids)}
    rows = [Row(wnid, name, name.replace("_", " ").title(), UNKNOWN, "none", "") for wnid, name in ids]
    for i, (species, names) in PETS.items():
        breed, _, aliases = names.partition(";")
        rows[i] = Row(*ids[i], breed, species, "breed", aliases)
    for members, wnid, raw, breed, species in GENERIC:
        for i in members:
            rows[i] = Row(wnid, raw, breed, species, "species", "")
    for i in range(151, 269):
        breed, aliases = titled(plain(ids[i][1]))
        rows[i] = Row(*ids[i], breed, "Dog", "breed", aliases)

    targets, starts = {}, {}
    for entry in labels:
        label, species = entry["label"], entry["species"]
        at = by_name.get(plain(entry["imagenet_name"])) if entry["imagenet_name"] else None
        if at is not None:
            targets[label] = [at]
            if entry["level"] == "breed":
                breed, aliases = titled(label)
                rows[at] = Row(*ids[at], breed, species, "breed", aliases)
        elif entry["level"] in ("breed", "species") and label != "dog":
            if label == "bird" or label == "fish":  # the generic answer, of which ImageNet has many rows
                row = next(Row(w, raw, b, s, "species", "") for _, w, raw, b, s in GENERIC if raw == label)
            elif label in ("chicken", "duck", "horse"):  # the same animal as an ImageNet row
                twin = rows[STARTS[label][-1]]
                row = twin
            else:
                breed, aliases = titled(label)
                row = Row(f"bl_{label}", label, breed, species, entry["level"], aliases)
            targets[label] = [len(rows)]
            starts[len(rows)] = STARTS.get(label, range(281, 286) if species == "Cat" else range(151, 269))
            rows.append(row)
    cat = next((row for row in rows if row.class_id == "bl_domestic_cat"), None)
    if cat:
        for i in TABBIES:
            rows[i] = cat
    for entry in labels:  # what is known only roughly is true of many rows
        label, species = entry["label"], entry["species"]
        if entry["level"] in ("other", "none") and label not in targets:
            targets[label] = [i for i, row in enumerate(rows) if row.species == UNKNOWN]
        elif label in ("dog", "bird", "fish", "snake", "rabbit", "horse", "chicken"):
            targets[label] = [i for i, row in enumerate(rows) if row.species == species]
            if label == "chicken":
                targets[label] = [7, 8, *[i for i, r in enumerate(rows) if i > 999 and r.class_id == rows[8].class_id]]
        elif label in ("duck", "domestic_cat"):
            own = rows[targets[label][0]].class_id
            targets[label] = [i for i, row in enumerate(rows) if row.class_id == own]
    return rows, targets, starts


def write(rows, path):
    with open(path, "w", encoding="utf-8") as f:
        f.write("\t".join(Row._fields) + "\n")
        for row in rows:
            f.write("\t".join(row) + "\n")
