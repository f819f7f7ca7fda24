const UNITS = [
  "zero",
  "one",
  "two",
  "three",
  "four",
  "five",
  "six",
  "seven",
  "eight",
  "nine",
  "ten",
  "eleven",
  "twelve",
  "thirteen",
  "fourteen",
  "fifteen",
  "sixteen",
  "seventeen",
  "eighteen",
  "nineteen",
] as const;
const TENS = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"] as const;

/** An integer from 0 to 999,999 as it is spoken: 42 is "forty two", 100 "one hundred". */
export function numberWords(value: number): string {
  if (value < 20) return UNITS[value] ?? String(value);
  if (value < 100) return join(TENS[Math.floor(value / 10)] ?? "", value % 10, "");
  if (value < 1000) return join(`${UNITS[Math.floor(value / 100)]} hundred`, value % 100, " and");
  return join(`${numberWords(Math.floor(value / 1000))} thousand`, value % 1000, "");
}

function join(head: string, rest: number, link: string): string {
  return rest === 0 ? head : `${head}${link} ${numberWords(rest)}`;
}
