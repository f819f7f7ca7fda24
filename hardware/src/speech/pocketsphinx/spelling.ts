/** Letter groups and their usual sound, longest first within each first letter. For names no dictionary has. */
const SOUNDS: readonly (readonly [string, string])[] = [
  ["tch", "CH"],
  ["sch", "SH"],
  ["igh", "AY"],
  ["ough", "AO"],
  ["eau", "OW"],
  ["tion", "SH AH N"],
  ["ch", "CH"],
  ["sh", "SH"],
  ["th", "TH"],
  ["ph", "F"],
  ["ck", "K"],
  ["ng", "NG"],
  ["qu", "K W"],
  ["wh", "W"],
  ["kn", "N"],
  ["wr", "R"],
  ["gh", "G"],
  ["ee", "IY"],
  ["ea", "IY"],
  ["oo", "UW"],
  ["ou", "AW"],
  ["ow", "OW"],
  ["oi", "OY"],
  ["oy", "OY"],
  ["ai", "EY"],
  ["ay", "EY"],
  ["au", "AO"],
  ["aw", "AO"],
  ["ie", "IY"],
  ["ei", "EY"],
  ["ey", "IY"],
  ["ew", "UW"],
  ["ue", "UW"],
  ["ar", "AA R"],
  ["er", "ER"],
  ["ir", "ER"],
  ["ur", "ER"],
  ["or", "AO R"],
  ["a", "AE"],
  ["b", "B"],
  ["c", "K"],
  ["d", "D"],
  ["e", "EH"],
  ["f", "F"],
  ["g", "G"],
  ["h", "HH"],
  ["i", "IH"],
  ["j", "JH"],
  ["k", "K"],
  ["l", "L"],
  ["m", "M"],
  ["n", "N"],
  ["o", "AA"],
  ["p", "P"],
  ["q", "K"],
  ["r", "R"],
  ["s", "S"],
  ["t", "T"],
  ["u", "AH"],
  ["v", "V"],
  ["w", "W"],
  ["x", "K S"],
  ["y", "IY"],
  ["z", "Z"],
  ["0", "Z IH R OW"],
  ["1", "W AH N"],
  ["2", "T UW"],
  ["3", "TH R IY"],
  ["4", "F AO R"],
  ["5", "F AY V"],
  ["6", "S IH K S"],
  ["7", "S EH V AH N"],
  ["8", "EY T"],
  ["9", "N AY N"],
];

/**
 * A rough English pronunciation of a word that no dictionary has, so that one odd name does not silence a household.
 * A household that names its own pronunciation is always better served.
 */
export function guessPronunciation(word: string): string {
  let rest = word
    .toLowerCase()
    .normalize("NFD")
    .replace(/\p{M}/gu, "")
    .replace(/ß/g, "ss")
    .replace(/[^a-z0-9]/g, "");
  // A final e after a consonant is silent, a doubled consonant is one sound.
  rest = rest.replace(/(?<=[a-z]{2}[^aeiou])e$/, "").replace(/([bcdfgklmnprstvz])\1/g, "$1");
  const phones: string[] = [];
  while (rest !== "") {
    const [letters, sound] = SOUNDS.find(([group]) => rest.startsWith(group)) ?? [rest.charAt(0), ""];
    if (sound !== "") phones.push(sound);
    rest = rest.slice(letters.length);
  }
  return phones.length === 0 ? "AH" : phones.join(" ");
}
