import { spend, spendSize } from "../meter.ts";
import { PythonError, typeError, valueError } from "../python-error.ts";
import { zeroFilled } from "../values/percent.ts";
import { charactersOf, itemsOf, textLength } from "../values/members.ts";
import { Bytes, Tuple, typeName } from "../values/types.ts";
import { asIndex, asText, clamped } from "./checked.ts";
import { methods, type Methods } from "./table.ts";

/** Python's white space; JavaScript's leaves out four control characters. */
const SPACES = /[\s\x1c-\x1f\x85]/u;

function isStripped(chars: unknown): (character: string) => boolean {
  if (chars === undefined || chars === null) return (character) => SPACES.test(character);
  const set = new Set(charactersOf(asText(chars)));
  return (character) => set.has(character);
}

export function strip(text: string, chars: unknown, sides: "both" | "left" | "right"): string {
  const drops = isStripped(chars);
  const characters = charactersOf(text);
  let start = 0;
  let end = characters.length;
  if (sides !== "right") while (start < end && drops(characters[start] ?? "")) start += 1;
  if (sides !== "left") while (end > start && drops(characters[end - 1] ?? "")) end -= 1;
  return characters.slice(start, end).join("");
}

function limitOf(count: unknown): number {
  const limit = count === undefined ? -1 : asIndex(count);
  return limit < 0 ? Number.POSITIVE_INFINITY : limit;
}

function split(text: string, separator: unknown, count: unknown): string[] {
  const limit = limitOf(count);
  spend(1 + text.length / 4);
  if (separator === undefined || separator === null) return splitBlanks(text, limit);
  const mark = asText(separator, "separator");
  if (mark === "") throw valueError("empty separator");
  const parts = text.split(mark);
  return parts.length - 1 <= limit ? parts : [...parts.slice(0, limit), parts.slice(limit).join(mark)];
}

function splitBlanks(text: string, limit: number): string[] {
  const parts: string[] = [];
  let rest = strip(text, null, "left");
  while (rest !== "") {
    const end = parts.length < limit ? rest.search(SPACES) : -1;
    if (end === -1) {
      parts.push(parts.length < limit ? rest : strip(rest, null, "right"));
      break;
    }
    parts.push(rest.slice(0, end));
    rest = rest.slice(end).replace(/^[\s\x1c-\x1f\x85]+/u, "");
    spend(1 + rest.length / 64);
  }
  return parts;
}

function splitRight(text: string, separator: unknown, count: unknown): string[] {
  const limit = limitOf(count);
  const parts = split(text, separator, undefined);
  if (parts.length - 1 <= limit) return parts;
  if (separator === undefined || separator === null) {
    const kept = parts.slice(parts.length - limit);
    let rest = strip(text, null, "right");
    for (const part of kept.toReversed())
      rest = strip(rest.slice(0, rest.length - part.length), null, "right");
    return rest === "" ? kept : [rest, ...kept];
  }
  const mark = asText(separator);
  const at = parts.length - limit;
  return [parts.slice(0, at).join(mark), ...parts.slice(at)];
}

export function replaceText(text: string, old: string, by: string, count: number): string {
  const limit = count < 0 ? Number.POSITIVE_INFINITY : count;
  const parts = old === "" ? ["", ...charactersOf(text), ""] : text.split(old);
  const changes = Math.min(parts.length - 1, limit);
  spendSize(text.length + changes * by.length);
  if (changes === parts.length - 1) return parts.join(by);
  return (
    parts.slice(0, changes + 1).join(by) +
    (changes + 1 < parts.length ? old : "") +
    parts.slice(changes + 1).join(old)
  );
}

export function joinTexts(separator: string, items: readonly string[]): string {
  let length = 0;
  for (const item of items) length += item.length + separator.length;
  spendSize(length);
  return items.join(separator);
}

function range(text: string, start: unknown, end: unknown): [string[], number, number] {
  const characters = charactersOf(text);
  return [
    characters,
    clamped(start, characters.length, 0),
    clamped(end, characters.length, characters.length),
  ];
}

function find(text: string, part: unknown, bounds: readonly unknown[], isLast = false): number {
  const wanted = asText(part);
  const [characters, start, end] = range(text, bounds[0], bounds[1]);
  if (start > end) return -1;
  const within = characters.slice(start, end).join("");
  const at = isLast ? within.lastIndexOf(wanted) : within.indexOf(wanted);
  return at === -1 ? -1 : start + textLength(within.slice(0, at));
}

function found(at: number): number {
  if (at === -1) throw valueError("substring not found");
  return at;
}

function occurrences(text: string, part: unknown, start: unknown, end: unknown): number {
  const wanted = asText(part);
  const [characters, from, to] = range(text, start, end);
  const within = characters.slice(from, to);
  return wanted === "" ? within.length + 1 : within.join("").split(wanted).length - 1;
}

function matches(text: string, parts: unknown, bounds: readonly unknown[], isStart: boolean): boolean {
  const [characters, start, end] = range(text, bounds[0], bounds[1]);
  const within = characters.slice(start, end).join("");
  const options: readonly unknown[] = parts instanceof Tuple ? parts : [parts];
  return options.some((part) => {
    if (typeof part !== "string")
      throw typeError(`first arg must be str or a tuple of str, not ${typeName(part)}`);
    return isStart ? within.startsWith(part) : within.endsWith(part);
  });
}

function partition(text: string, separator: unknown, isLast: boolean): Tuple {
  const mark = asText(separator);
  if (mark === "") throw valueError("empty separator");
  const at = isLast ? text.lastIndexOf(mark) : text.indexOf(mark);
  if (at === -1) return Tuple.holding(isLast ? ["", "", text] : [text, "", ""]);
  return Tuple.holding([text.slice(0, at), mark, text.slice(at + mark.length)]);
}

function padded(text: string, width: unknown, fill: unknown, side: "left" | "right" | "both"): string {
  const filling = fill === undefined ? " " : asText(fill);
  if (textLength(filling) !== 1) throw typeError("The fill character must be exactly one character long");
  const missing = Math.max(0, asIndex(width) - textLength(text));
  spendSize(text.length + missing);
  if (side === "left") return filling.repeat(missing) + text;
  if (side === "right") return text + filling.repeat(missing);
  const before = Math.floor(missing / 2) + (missing % 2 === 1 && asIndex(width) % 2 === 1 ? 1 : 0);
  return filling.repeat(before) + text + filling.repeat(missing - before);
}

export function capitalize(text: string): string {
  const [first = "", ...rest] = charactersOf(text);
  return first.toUpperCase() + rest.join("").toLowerCase();
}

function title(text: string): string {
  return text.replace(/\p{L}+/gu, capitalize);
}

function swapCase(text: string): string {
  return charactersOf(text)
    .map((character) =>
      character === character.toUpperCase() ? character.toLowerCase() : character.toUpperCase(),
    )
    .join("");
}

function has(pattern: RegExp): (self: string) => boolean {
  return (self) => pattern.test(self);
}

function splitLines(text: string, keepEnds: unknown): string[] {
  const lines =
    text.match(/[^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]*(?:\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]|$)/g) ?? [];
  if (lines.at(-1) === "") lines.pop();
  return keepEnds === true
    ? lines
    : lines.map((line) => line.replace(/(?:\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029])$/, ""));
}

export const TEXT_METHODS: Methods<string> = methods<string>({
  capitalize: (self) => capitalize(self),
  casefold: (self) => self.toLowerCase().replaceAll("ß", "ss"),
  "center width fill?": (self, width, fill) => padded(self, width, fill, "both"),
  "count part start? end?": (self, part, start, end) => occurrences(self, part, start, end),
  "encode encoding? errors?": (self) => new Bytes(self),
  "endswith part start? end?": (self, part, ...bounds) => matches(self, part, bounds, false),
  "find part start? end?": (self, part, ...bounds) => find(self, part, bounds),
  "index part start? end?": (self, part, ...bounds) => found(find(self, part, bounds)),
  isalnum: has(/^[\p{L}\p{N}]+$/u),
  isalpha: has(/^\p{L}+$/u),
  isascii: has(/^[\0-\x7f]*$/),
  isdecimal: has(/^\p{Nd}+$/u),
  isdigit: has(/^[\p{Nd}²³¹⁰⁴-⁹₀-₉]+$/u),
  isnumeric: has(/^\p{N}+$/u),
  islower: (self) => self === self.toLowerCase() && self !== self.toUpperCase(),
  isupper: (self) => self === self.toUpperCase() && self !== self.toLowerCase(),
  isspace: has(/^[\s\x1c-\x1f\x85]+$/u),
  istitle: (self) => /\p{L}/u.test(self) && self === title(self),
  "join items": (self, items) =>
    joinTexts(
      self,
      itemsOf(items).map((item, index) => asText(item, `sequence item ${index}`)),
    ),
  "ljust width fill?": (self, width, fill) => padded(self, width, fill, "right"),
  lower: (self) => self.toLowerCase(),
  "lstrip chars?": (self, chars) => strip(self, chars, "left"),
  "partition separator": (self, separator) => partition(self, separator, false),
  "removeprefix prefix": (self, prefix) =>
    self.startsWith(asText(prefix)) ? self.slice(asText(prefix).length) : self,
  "removesuffix suffix": (self, suffix) =>
    suffix !== "" && self.endsWith(asText(suffix)) ? self.slice(0, -asText(suffix).length) : self,
  "replace old new count?": (self, old, by, limit) =>
    replaceText(self, asText(old), asText(by), limit === undefined ? -1 : asIndex(limit)),
  "rfind part start? end?": (self, part, ...bounds) => find(self, part, bounds, true),
  "rindex part start? end?": (self, part, ...bounds) => found(find(self, part, bounds, true)),
  "rjust width fill?": (self, width, fill) => padded(self, width, fill, "left"),
  "rpartition separator": (self, separator) => partition(self, separator, true),
  "rsplit sep? maxsplit?": (self, separator, limit) => splitRight(self, separator, limit),
  "rstrip chars?": (self, chars) => strip(self, chars, "right"),
  "split sep? maxsplit?": (self, separator, limit) => split(self, separator, limit),
  "splitlines keepends?": (self, keepEnds) => splitLines(self, keepEnds),
  "startswith part start? end?": (self, part, ...bounds) => matches(self, part, bounds, true),
  "strip chars?": (self, chars) => strip(self, chars, "both"),
  swapcase: (self) => swapCase(self),
  title: (self) => title(self),
  "translate table": () => {
    throw new PythonError("SecurityError", "str.translate is not supported");
  },
  upper: (self) => self.toUpperCase(),
  "zfill width": (self, width) => {
    spendSize(asIndex(width));
    return zeroFilled(self, asIndex(width));
  },
});
