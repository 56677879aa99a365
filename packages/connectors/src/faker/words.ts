/** Vocabulary of the generated rows. Growing or reordering a list changes what a seed gives. */
const split = (text: string): readonly string[] => text.trim().split(/\s*,\s*/);

export const FIRST_NAMES = split(`
  Ada, Aiko, Alan, Amara, Anders, Anita, Arjun, Astrid, Bela, Bruno, Carmen, Chen, Chloe, Dalia, Daniel, Dmitri, Ebba, Elena,
  Emeka, Emil, Farah, Felix, Fiona, Gita, Grace, Hana, Hugo, Ines, Ingrid, Ivan, Jamal, Jan, Jonas, Kaito, Karin, Kofi, Lars,
  Leila, Lena, Liam, Lucia, Maja, Malik, Marta, Mateo, Mia, Milan, Nadia, Niko, Noor, Olga, Omar, Paula, Pedro, Priya, Rosa,
  Samir, Sofia, Tariq, Thea, Uma, Viktor, Yara, Zoe`);

export const LAST_NAMES = split(`
  Abe, Adeyemi, Ahmed, Alvarez, Andersen, Baker, Bauer, Bianchi, Brown, Carter, Castro, Chang, Costa, Cruz, Dahl, Dubois, Evans,
  Fischer, Flores, Fraser, Garcia, Gupta, Haddad, Hansen, Hughes, Ito, Ivanov, Jensen, Johnson, Kaya, Keller, Khan, Kim, Kowalski,
  Larsen, Lee, Lopez, Martin, Mbeki, Meyer, Moreau, Murphy, Nakamura, Nguyen, Novak, Okafor, Olsen, Osei, Patel, Petrov, Popescu,
  Quinn, Rahman, Reyes, Rossi, Sato, Schmidt, Silva, Singh, Stone, Tanaka, Virtanen, Weber, Young`);

export const TITLES = split("Mr., Mrs., Ms., Miss, Dr., Prof., Mx., Rev.");
export const GENDERS = split("Female, Male, Nonbinary, Other");
export const DEGREES = split("Associate, Bachelor, Master, Doctorate");
export const BLOOD_TYPES = split("O+, A+, B+, AB+, O-, A-, B-, AB-");

export const LANGUAGES = split(`
  Amharic, Arabic, Bengali, Bulgarian, Catalan, Czech, Danish, Dutch, English, Estonian, Finnish, French, Georgian, German, Greek,
  Hausa, Hebrew, Hindi, Hungarian, Icelandic, Igbo, Indonesian, Italian, Japanese, Korean, Latvian, Malay, Norwegian, Persian, Polish,
  Portuguese, Romanian, Russian, Serbian, Spanish, Swahili, Swedish, Turkish, Ukrainian, Vietnamese`);

export const NATIONALITIES = split(`
  Argentine, Australian, Austrian, Belgian, Brazilian, Bulgarian, Canadian, Chilean, Chinese, Colombian, Croatian, Czech, Danish,
  Dutch, Egyptian, Estonian, Ethiopian, Finnish, French, Georgian, German, Ghanaian, Greek, Indian, Indonesian, Irish, Italian,
  Japanese, Kenyan, Korean, Mexican, Moroccan, Nigerian, Norwegian, Peruvian, Polish, Portuguese, Romanian, Spanish, Swedish, Thai,
  Turkish, Ukrainian, Vietnamese`);

export const OCCUPATIONS = split(`
  Accountant, Actor, Archaeologist, Architect, Baker, Beekeeper, Biologist, Bookbinder, Botanist, Bus Driver, Carpenter, Cartographer,
  Chef, Chemist, Civil Engineer, Clockmaker, Dancer, Dentist, Economist, Editor, Electrician, Farmer, Firefighter, Fisher, Florist,
  Gardener, Geologist, Glazier, Goldsmith, Historian, Interpreter, Judge, Librarian, Locksmith, Mathematician, Mechanic, Midwife,
  Miller, Musician, Notary, Nurse, Optician, Painter, Paramedic, Pharmacist, Photographer, Physicist, Pilot, Plumber, Potter,
  Programmer, Roofer, Sailor, Sculptor, Shepherd, Statistician, Surgeon, Surveyor, Tailor, Teacher, Translator, Veterinarian,
  Weaver, Welder`);

export const STREETS = split(`
  Acorn Street, Almond Road, Ash Lane, Baker Street, Bay Road, Beech Avenue, Bridge Street, Canal Street, Castle Road, Cedar Avenue,
  Chapel Lane, Cherry Road, Church Street, Copper Lane, Elm Street, Ferry Road, Field Lane, Forge Road, Garden Street, Gate Lane,
  Grove Avenue, Harbour Road, Hazel Street, Hill Road, Juniper Lane, Lake Street, Lime Avenue, Maple Road, Market Street, Meadow Lane,
  Mill Road, Oak Street, Orchard Lane, Park Avenue, Pine Road, Pond Street, Poplar Lane, Quarry Road, River Street, Rose Avenue,
  Sand Lane, School Road, Spring Street, Station Road, Stone Lane, Summit Avenue, Sunset Road, Temple Street, Tower Road, Valley Lane,
  Vine Street, Walnut Avenue, Water Lane, Weir Road, Well Street, West Road, Willow Lane, Windmill Road, Wood Street, Yew Lane`);

/** City, state, province and country code. */
export const PLACES: readonly (readonly [string, string, string, string])[] = [
  ["Aarhus", "Midtjylland", "Aarhus", "DK"],
  ["Accra", "Greater Accra", "Accra", "GH"],
  ["Austin", "Texas", "Travis", "US"],
  ["Bergen", "Vestland", "Bergen", "NO"],
  ["Bologna", "Emilia-Romagna", "Bologna", "IT"],
  ["Brno", "South Moravia", "Brno-City", "CZ"],
  ["Cork", "Munster", "Cork", "IE"],
  ["Curitiba", "Paraná", "Curitiba", "BR"],
  ["Denver", "Colorado", "Denver", "US"],
  ["Fukuoka", "Kyushu", "Fukuoka", "JP"],
  ["Gdańsk", "Pomerania", "Gdańsk", "PL"],
  ["Ghent", "Flanders", "East Flanders", "BE"],
  ["Graz", "Styria", "Graz", "AT"],
  ["Halifax", "Nova Scotia", "Halifax", "CA"],
  ["Hue", "North Central Coast", "Thua Thien Hue", "VN"],
  ["Izmir", "Aegean", "Izmir", "TR"],
  ["Kisumu", "Nyanza", "Kisumu", "KE"],
  ["Kochi", "Kerala", "Ernakulam", "IN"],
  ["Leiden", "South Holland", "Leiden", "NL"],
  ["Leipzig", "Saxony", "Leipzig", "DE"],
  ["Lyon", "Auvergne-Rhône-Alpes", "Rhône", "FR"],
  ["Malmö", "Scania", "Malmö", "SE"],
  ["Mendoza", "Cuyo", "Mendoza", "AR"],
  ["Patras", "Western Greece", "Achaea", "GR"],
  ["Porto", "Norte", "Porto", "PT"],
  ["Puebla", "Puebla", "Puebla", "MX"],
  ["Suwon", "Gyeonggi", "Suwon", "KR"],
  ["Tampere", "Pirkanmaa", "Tampere", "FI"],
  ["Tartu", "Tartu County", "Tartu", "EE"],
  ["Valencia", "Valencia", "Valencia", "ES"],
  ["Varna", "Varna", "Varna", "BG"],
  ["York", "England", "North Yorkshire", "GB"],
];

export const MAKES = split("Aster, Borealis, Cobalt, Dune, Everest, Falcon, Glacier, Horizon, Isar, Juno");
export const MODELS = split("One, Sport, Classic, Cargo, Touring, City, Trail, Electric, Compact, Grand");
