import { stripVTControlCharacters } from "node:util";

let segmenter: Intl.Segmenter | undefined;

/** Made when first needed: loading the tables for it takes 20 ms, which most commands never need. */
function graphemes(text: string): Intl.Segments {
  segmenter ??= new Intl.Segmenter("en", { granularity: "grapheme" });
  return segmenter.segment(text);
}

/** Emoji and East Asian wide characters take two cells of a terminal. */
const WIDE =
  /\p{Emoji_Presentation}|\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}|[\u3000-\u303f\uff01-\uff60\uffe0-\uffe6]/u;

/** Cells a text takes on a terminal. */
export function width(text: string): number {
  const plain = stripVTControlCharacters(text);
  if (/^[\x20-\x7e]*$/.test(plain)) return plain.length;
  let cells = 0;
  for (const { segment } of graphemes(plain)) cells += WIDE.test(segment) ? 2 : 1;
  return cells;
}

/** Cuts a text without colours to at most so many cells, marking the cut. */
export function cut(text: string, cells: number): string {
  if (width(text) <= cells) return text;
  let out = "";
  let used = 1;
  for (const { segment } of graphemes(text)) {
    used += WIDE.test(segment) ? 2 : 1;
    if (used > cells) break;
    out += segment;
  }
  return `${out}…`;
}

export function pad(text: string, cells: number, align: "left" | "right" = "left"): string {
  const blanks = " ".repeat(Math.max(0, cells - width(text)));
  return align === "left" ? text + blanks : blanks + text;
}

/** Control characters would move the cursor or break a table: each becomes a visible escape. */
export function printable(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu,
    (character) => ESCAPES[character] ?? codePoint(character),
  );
}

const ESCAPES: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function codePoint(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
