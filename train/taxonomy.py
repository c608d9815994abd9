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
    "affenpinscher": "Affenpinscher;Monkey Terrier", "airedale": "Airedale Terrier;Airedale",
    "american_pit_bull_terrier": "American Pit Bull Terrier;Pit Bull;Pitbull",
    "american_staffordshire_terrier": "American Staffordshire Terrier;AmStaff",
    "appenzeller": "Appenzeller Sennenhund;Appenzell Mountain Dog;Appenzell Cattle Dog",
    "basset": "Basset Hound;Basset", "bearded_collie": "Bearded Collie;Beardie", "bengal": "Bengal;Bengal Cat",
    "bernese_mountain_dog": "Bernese Mountain Dog;Berner Sennenhund;Bernese", "bichon_frise": "Bichon Frise;Bichon",
    "birman": "Birman;Sacred Birman;Sacred Cat of Burma", "black_and_tan_coonhound": "Black and Tan Coonhound",
    "blenheim_spaniel": "Cavalier King Charles Spaniel;Blenheim Spaniel;King Charles Spaniel",
    "bloodhound": "Bloodhound;St. Hubert Hound", "bluetick": "Bluetick Coonhound;Bluetick", "bombay": "Bombay;Bombay Cat",
    "borzoi": "Borzoi;Russian Wolfhound", "boston_bull": "Boston Terrier;Boston Bull",
    "bouvier_des_flandres": "Bouvier des Flandres;Bouvier", "boxer": "Boxer;German Boxer",
    "brabancon_griffon": "Brussels Griffon;Griffon Bruxellois;Petit Brabançon",
    "briard": "Briard;Berger de Brie", "british_shorthair": "British Shorthair;British Blue",
    "brittany_spaniel": "Brittany;Brittany Spaniel", "bull_mastiff": "Bullmastiff", "bull_terrier": "Bull Terrier;English Bull Terrier",
    "bulldog": "Bulldog;English Bulldog;British Bulldog", "cairn": "Cairn Terrier", "cardigan": "Cardigan Welsh Corgi;Corgi",
    "chesapeake_bay_retriever": "Chesapeake Bay Retriever;Chessie", "chow": "Chow Chow;Chow", "clumber": "Clumber Spaniel",
    "cockapoo": "Cockapoo;Cavoodle;Spoodle", "cocker_spaniel": "Cocker Spaniel;English Cocker Spaniel;American Cocker Spaniel",
    "collie": "Rough Collie;Collie;Scotch Collie", "curly_coated_retriever": "Curly-Coated Retriever",
    "dachshund": "Dachshund;Sausage Dog;Wiener Dog;Teckel", "dandie_dinmont": "Dandie Dinmont Terrier",
    "doberman": "Doberman Pinscher;Dobermann;Doberman",
    "domestic_cat": "Domestic Cat;House Cat;Moggy;Domestic Shorthair;Domestic Longhair;Tabby;Mixed-Breed Cat",
    "egyptian_mau": "Egyptian Mau;Egyptian Cat", "english_springer": "English Springer Spaniel;English Springer",
    "entlebucher": "Entlebucher Mountain Dog;Entlebucher Sennenhund;Entlebucher Cattle Dog",
    # ImageNet's photos show the sled dog of the Inuit, not the white American Eskimo Dog.
    "eskimo_dog": "Canadian Eskimo Dog;Eskimo Dog;Qimmiq",
    "exotic_shorthair": "Exotic Shorthair;Exotic", "flat_coated_retriever": "Flat-Coated Retriever",
    "french_bulldog": "French Bulldog;Frenchie", "german_shepherd": "German Shepherd;German Shepherd Dog;Alsatian",
    "german_short_haired_pointer": "German Shorthaired Pointer;GSP", "giant_schnauzer": "Giant Schnauzer;Riesenschnauzer",
    "great_dane": "Great Dane;German Mastiff;Deutsche Dogge", "great_pyrenees": "Great Pyrenees;Pyrenean Mountain Dog",
    "groenendael": "Belgian Sheepdog;Groenendael;Belgian Shepherd", "himalayan": "Himalayan;Himalayan Cat;Colourpoint Persian",
    "irish_setter": "Irish Setter;Red Setter", "japanese_spaniel": "Japanese Chin;Japanese Spaniel",
    "keeshond": "Keeshond;Dutch Barge Dog;Wolfspitz", "kelpie": "Australian Kelpie;Kelpie",
    "labrador_retriever": "Labrador Retriever;Labrador;Lab", "leonberg": "Leonberger", "lhasa": "Lhasa Apso;Lhasa",
    "maine_coon": "Maine Coon;Coon Cat", "malamute": "Alaskan Malamute;Malamute",
    "malinois": "Belgian Malinois;Malinois;Belgian Shepherd", "maltese_dog": "Maltese;Maltese Terrier",
    "mexican_hairless": "Xoloitzcuintli;Mexican Hairless Dog;Xolo", "miniature_pinscher": "Miniature Pinscher;Min Pin;Zwergpinscher",
    "newfoundland": "Newfoundland;Newfoundland Dog;Newfie", "old_english_sheepdog": "Old English Sheepdog;Bobtail",
    "pekinese": "Pekingese;Pekinese;Peke", "pembroke": "Pembroke Welsh Corgi;Corgi", "persian": "Persian;Persian Cat",
    "pomeranian": "Pomeranian;Zwergspitz", "pug": "Pug;Mops", "ragdoll": "Ragdoll;Ragdoll Cat", "redbone": "Redbone Coonhound",
    "rhodesian_ridgeback": "Rhodesian Ridgeback;Ridgeback", "russian_blue": "Russian Blue;Archangel Cat",
    "saint_bernard": "Saint Bernard;St. Bernard", "saluki": "Saluki;Persian Greyhound;Gazelle Hound", "samoyed": "Samoyed;Sammy",
    "scotch_terrier": "Scottish Terrier;Scottie;Scotch Terrier", "scottish_deerhound": "Scottish Deerhound;Deerhound",
    "scottish_fold": "Scottish Fold;Fold", "shetland_sheepdog": "Shetland Sheepdog;Sheltie", "shiba_inu": "Shiba Inu;Shiba",
    "shih_tzu": "Shih Tzu", "siamese": "Siamese;Siamese Cat", "siberian": "Siberian;Siberian Cat;Siberian Forest Cat",
    "siberian_husky": "Siberian Husky;Husky", "silky_terrier": "Silky Terrier;Australian Silky Terrier;Sydney Silky",
    "soft_coated_wheaten_terrier": "Soft-Coated Wheaten Terrier;Wheaten Terrier", "somali": "Somali;Somali Cat",
    "sphynx": "Sphynx;Hairless Cat", "staffordshire_bullterrier": "Staffordshire Bull Terrier;Staffie;Staffy",
    "standard_schnauzer": "Standard Schnauzer;Mittelschnauzer", "toy_terrier": "English Toy Terrier;Toy Terrier;Toy Manchester Terrier",
    "vizsla": "Vizsla;Hungarian Vizsla", "walker_hound": "Treeing Walker Coonhound;Walker Hound",
    "west_highland_white_terrier": "West Highland White Terrier;Westie", "wire_haired_fox_terrier": "Wire Fox Terrier;Fox Terrier",
    "yorkshire_terrier": "Yorkshire Terrier;Yorkie",
}

# Pets that ImageNet names and no dog or breed cat: row -> (species, name;aliases). The rest of ImageNet is no pet.
PETS = {
    0: ("Fish", "Tench"), 1: ("Fish", "Goldfish"), 392: ("Fish", "Rock Beauty Angelfish;Rock Beauty"),
    393: ("Fish", "Clownfish;Anemonefish"), 396: ("Fish", "Lionfish"), 397: ("Fish", "Pufferfish;Puffer"),
    7: ("Bird", "Rooster;Cock;Cockerel"), 8: ("Bird", "Chicken;Hen"), 11: ("Bird", "Goldfinch;European Goldfinch"),
    84: ("Bird", "Peafowl;Peacock;Peahen"), 85: ("Bird", "Quail"), 87: ("Bird", "African Grey Parrot;Grey Parrot;Parrot"),
    88: ("Bird", "Macaw;Ara;Parrot"), 89: ("Bird", "Sulphur-Crested Cockatoo;Cockatoo;Parrot"), 90: ("Bird", "Lorikeet;Lory;Parrot"),
    97: ("Bird", "Duck;Mallard;Drake"), 99: ("Bird", "Goose"),
    25: ("Salamander", "Fire Salamander"), 26: ("Salamander", "Common Newt;Smooth Newt"), 27: ("Salamander", "Eft;Eastern Newt"),
    28: ("Salamander", "Spotted Salamander"), 29: ("Salamander", "Axolotl;Mexican Walking Fish"),
    30: ("Frog", "Bullfrog;American Bullfrog"), 31: ("Frog", "Tree Frog"), 32: ("Frog", "Tailed Frog"),
    35: ("Turtle", "Mud Turtle"), 36: ("Turtle", "Terrapin;Slider"), 37: ("Turtle", "Box Turtle;Box Tortoise"),
    38: ("Lizard", "Banded Gecko;Gecko"), 39: ("Lizard", "Green Iguana;Iguana"), 40: ("Lizard", "Green Anole;Anole;American Chameleon"),
    41: ("Lizard", "Whiptail Lizard"), 42: ("Lizard", "Agama"), 43: ("Lizard", "Frilled Lizard;Frilled Dragon"),
    44: ("Lizard", "Alligator Lizard"), 46: ("Lizard", "European Green Lizard;Green Lizard"), 47: ("Lizard", "Chameleon;African Chameleon"),
    52: ("Snake", "Worm Snake;Thunder Snake"), 53: ("Snake", "Ringneck Snake"), 54: ("Snake", "Hognose Snake"),
    55: ("Snake", "Green Snake"), 56: ("Snake", "King Snake;Kingsnake;Milk Snake"), 57: ("Snake", "Garter Snake"),
    58: ("Snake", "Water Snake"), 59: ("Snake", "Vine Snake"), 60: ("Snake", "Night Snake"), 61: ("Snake", "Boa Constrictor;Boa"),
    62: ("Snake", "Rock Python;Python"),
    71: ("Scorpion", "Scorpion"), 76: ("Spider", "Tarantula"), 125: ("Hermit Crab", "Hermit Crab"),
    332: ("Rabbit", "Angora Rabbit;Angora"), 333: ("Hamster", "Hamster"), 338: ("Guinea Pig", "Guinea Pig;Cavy"),
    339: ("Horse", "Horse;Sorrel;Pony"), 358: ("Ferret", "European Polecat;Polecat;Fitch"), 359: ("Ferret", "Ferret;Black-Footed Ferret"),
}

# Those of a pet's species that no shop sells answer with the species alone, as do labels that say no more.
# label or None: (ImageNet rows, class_id, raw_class, breed, species)
GENERIC = {
    "bird": ([9, 10, *range(12, 25), *range(80, 84), 86, *range(91, 97), 98, 100, *range(127, 147)], "n01503061", "bird", "Bird", "Bird"),
    "fish": ([389, 390, 391, 394, 395], "n02512053", "fish", "Fish", "Fish"),
    "snake": ([63, 64, 65, 66, 67, 68], "n01726692", "snake", "Snake", "Snake"),
    "rabbit": ([330, 331], "n02324045", "rabbit", "Rabbit;Bunny;Hare", "Rabbit"),
    "turtle": ([33, 34], "n01662784", "turtle", "Turtle;Sea Turtle", "Turtle"),
    "lizard": ([45, 48], "n01674464", "lizard", "Lizard;Gila Monster;Komodo Dragon", "Lizard"),
}

# The same animal as an ImageNet row, and so one answer with it.
TWINS = {"chicken": 8, "duck": 97, "horse": 339}

# ImageNet has two rows "maillot"; neither is a pet, but an answer's name is its own.
RENAMED = {639: "Tank Suit"}

COCK = 7
DOGS = range(151, 269)
WILD_DOGS = range(273, 276)  # dingo, dhole, African hunting dog: no pets, though Stanford Dogs has them among its breeds
CATS = range(281, 286)
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


def read_table(path):
    with open(path, encoding="utf-8") as f:
        return list(csv.DictReader(f, delimiter="\t"))


def plain(name):
    return name.lower().replace("-", "_")


def label_of(i):
    """Our label for an ImageNet dog or cat."""
    return {283: "persian", 284: "siamese", 285: "egyptian_mau"}.get(i, plain(imagenet()[i][1]))


def row_of(class_id, raw_class, names, species, level="breed"):
    breed, _, aliases = names.partition(";")
    return Row(class_id, raw_class, breed, species, level, aliases)


def named(label):
    return NAMES.get(label, " ".join(w.capitalize() for w in label.split("_")))


def imagenet_rows():
    """The 1,000 rows: what the bundle knows without a photo of ours."""
    rows = []
    for i, (wnid, name) in enumerate(imagenet()):
        if i in PETS:
            rows.append(row_of(wnid, name, PETS[i][1], PETS[i][0]))
        elif i in DOGS:
            rows.append(row_of(wnid, name, named(plain(name)), "Dog"))
        else:
            rows.append(row_of(wnid, name, RENAMED.get(i, name.replace("_", " ").title()), UNKNOWN, "none"))
    for members, *generic in GENERIC.values():
        for i in members:
            rows[i] = row_of(*generic, "species")
    return rows


def build(labels):
    """(rows, targets, starts): the taxonomy, each label's rows, and each new row's ImageNet rows to begin from."""
    rows = imagenet_rows()
    by_id = {wnid: i for i, (wnid, _) in enumerate(imagenet())}
    targets, starts = {}, {}
    for entry in labels:
        label, species, level = entry["label"], entry["species"], entry["level"]
        if entry["wordnet_id"] in by_id:
            at = by_id[entry["wordnet_id"]]
            targets[label] = [at]
            if level == "breed" and at not in PETS:
                rows[at] = row_of(*imagenet()[at], named(label), species)
        elif level in ("breed", "species") and label != "dog":
            targets[label] = [len(rows)]
            starts[len(rows)] = STARTS.get(label, CATS if species == "Cat" else DOGS)
            if label in TWINS:
                rows.append(rows[TWINS[label]])
            elif label in GENERIC:
                rows.append(row_of(*GENERIC[label][1:], "species"))
            else:
                rows.append(row_of(f"bl_{label}", label, named(label), species, level))
    if "domestic_cat" in targets:
        for i in TABBIES:
            rows[i] = rows[targets["domestic_cat"][0]]
    for entry in labels:  # what is known only roughly is true of many rows
        label, species = entry["label"], entry["species"]
        if label not in targets and entry["level"] in ("other", "none"):
            targets[label] = [i for i, row in enumerate(rows) if row.species == UNKNOWN]
        elif label == "dog" or label in GENERIC:
            targets[label] = [i for i, row in enumerate(rows) if row.species == species]
        elif label in TWINS or label == "domestic_cat":
            own = rows[targets[label][0]].class_id
            targets[label] = [i for i, row in enumerate(rows) if row.class_id == own]
    if "chicken" in targets:
        targets["chicken"].append(COCK)
    return rows, targets, starts


def fixed():
    """The rows that training leaves as ImageNet has them: all of ImageNet's but the cats', whose classes there are vague."""
    return [i for i in range(len(imagenet())) if i not in CATS]


def write(rows, path):
    with open(path, "w", encoding="utf-8") as f:
        f.write("\t".join(Row._fields) + "\n")
        for row in rows:
            f.write("\t".join(row) + "\n")
