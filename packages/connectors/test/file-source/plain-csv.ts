import type { CsvSyntax, CsvTrouble } from "../../src/file/source/csv/scanner.ts";

export interface PlainRecord {
  readonly line: number;
  readonly trouble: CsvTrouble | undefined;
  readonly text: string;
  readonly values: readonly (readonly [value: string, quoted: boolean])[];
}

/** What the scanner must find: RFC 4180 read character by character, with the whole text at hand. */
export function plainRecords(
  text: string,
  { delimiter, quote, loneReturn }: CsvSyntax,
): readonly PlainRecord[] {
  const records: PlainRecord[] = [];
  const end = loneReturn ? "\r" : "\n";
  let line = 1;
  let at = 0;
  while (at < text.length) {
    const from = at;
    const begun = line;
    const values: [string, boolean][] = [];
    let trouble: CsvTrouble | undefined;
    for (;;) {
      let value = "";
      let quoted = false;
      if (quote !== "" && text[at] === quote) {
        quoted = true;
        at++;
        while (at < text.length && (text[at] !== quote || text[at + 1] === quote)) {
          if (text[at] === end) line++;
          if (text[at] === quote) at++;
          value += text[at++];
        }
        if (at >= text.length) {
          trouble = "open_quote";
          break;
        }
        at++;
      }
      while (at < text.length && text[at] !== delimiter && text[at] !== "\n") {
        const ends = text[at] === "\r" && (loneReturn || text[at + 1] === "\n" || at + 1 === text.length);
        if (ends) break;
        if (quoted) trouble ??= "text_after_quote";
        else if (text[at] === "\r") trouble ??= "stray_return";
        else if (quote !== "" && text[at] === quote) trouble ??= "stray_quote";
        value += text[at++];
      }
      values.push([value, quoted]);
      if (text[at] !== delimiter) break;
      at++;
    }
    const to = at;
    const returned = text[at] === "\r";
    if (returned) at++;
    if (text[at] === "\n" && !(loneReturn && returned)) at++;
    records.push({ line: begun, trouble, text: text.slice(from, to), values });
    line++;
  }
  return records;
}
