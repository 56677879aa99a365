import { createHash, createHmac, getHashes } from "node:crypto";
import { spendSize } from "../meter.ts";
import { asIndex, asText } from "../methods/checked.ts";
import { capitalize, joinTexts, replaceText, strip, TEXT_METHODS } from "../methods/text.ts";
import { PythonError, valueError } from "../python-error.ts";
import { replacePattern, searchPattern } from "../regex.ts";
import { truth } from "../values/compare.ts";
import { dumps } from "../values/json.ts";
import { entriesOf, isIterable, itemsOf } from "../values/members.ts";
import { formatPercent } from "../values/percent.ts";
import { textOf } from "../values/text.ts";
import { isDict, Tuple, typeName, Undefined } from "../values/types.ts";
import { attributeReader } from "./reader.ts";
import { applied } from "./table.ts";

/** Python's `quote`: letters, digits, `_.-~` and `safe` stay. */
function quote(text: string, safe: string): string {
  const escaped = encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  spendSize(escaped.length);
  return safe === "/" ? escaped.replaceAll("%2F", "/") : escaped;
}

export function quotePlus(text: string): string {
  return quote(text, "").replaceAll("%20", "+");
}

function pairOf(item: unknown): readonly [unknown, unknown] {
  const [key, member, ...more] = itemsOf(item);
  if (member === undefined || more.length > 0) throw valueError("expected pairs of key and value");
  return [key, member];
}

function urlencode(value: unknown): string {
  if (typeof value === "string" || !isIterable(value)) return quote(textOf(value), "/");
  const pairs = isDict(value) ? [...entriesOf(value)] : itemsOf(value).map(pairOf);
  return pairs.map(([key, member]) => `${quotePlus(textOf(key))}=${quotePlus(textOf(member))}`).join("&");
}

function encoded(value: unknown, what: "encode"): string {
  if (typeof value === "string") return value;
  if (value instanceof Undefined) return value.fail();
  throw new PythonError("AttributeError", `'${typeName(value)}' object has no attribute '${what}'`);
}

const HASHES: ReadonlyMap<string, string> = new Map([
  ["blake2b", "blake2b512"],
  ["blake2s", "blake2s256"],
  ["sha3_224", "sha3-224"],
  ["sha3_256", "sha3-256"],
  ["sha3_384", "sha3-384"],
  ["sha3_512", "sha3-512"],
]);

function hash(value: unknown, type: unknown, salt: unknown): string {
  const name = asText(type);
  const algorithm = HASHES.get(name) ?? name;
  if (!/^(?:md5|sha\d+|sha3-\d+|blake2\w+)$/.test(algorithm) || !getHashes().includes(algorithm))
    throw new PythonError("AttributeError", "there is no such hashing function");
  const made = createHash(algorithm).update(textOf(value), "utf8");
  if (truth(salt)) made.update(textOf(salt), "utf8");
  return made.digest("hex");
}

function hmac(value: unknown, key: unknown, type: unknown): string {
  if (type !== "sha256") throw valueError("only sha256 is allowed");
  return createHmac("sha256", textOf(key)).update(textOf(value), "utf8").digest("hex");
}

function decoded(value: unknown): string {
  const text = encoded(value, "encode").replace(/[^A-Za-z0-9+/=]/g, "");
  if (text.replace(/=+$/, "").length % 4 === 1 || text.length % 4 !== 0)
    throw new PythonError("Error", "Incorrect padding");
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.from(text, "base64"));
  } catch {
    throw new PythonError("UnicodeDecodeError", "the bytes are no UTF-8");
  }
}

/** What Jinja puts for characters that end a script element. */
function htmlSafe(json: string): string {
  return json
    .replaceAll("<", String.raw`\u003c`)
    .replaceAll(">", String.raw`\u003e`)
    .replaceAll("&", String.raw`\u0026`)
    .replaceAll("'", String.raw`\u0027`);
}

function escapeHtml(value: unknown): string {
  return textOf(value)
    .replaceAll("&", "&amp;")
    .replaceAll(">", "&gt;")
    .replaceAll("<", "&lt;")
    .replaceAll("'", "&#39;")
    .replaceAll('"', "&#34;");
}

function truncate(value: unknown, ...args: readonly unknown[]): string {
  const [length = 255, killWords = false, end = "...", leeway = 5] = args;
  const text = textOf(value);
  const limit = asIndex(length);
  const ending = asText(end);
  if (text.length <= limit + asIndex(leeway ?? 5)) return text;
  const cut = text.slice(0, Math.max(0, limit - ending.length));
  const space = cut.lastIndexOf(" ");
  return (truth(killWords) || space === -1 ? cut : cut.slice(0, space)) + ending;
}

function indent(value: unknown, width: unknown = 4, first: unknown = false, blank: unknown = false): string {
  const filling = typeof width === "string" ? width : " ".repeat(Math.min(1000, asIndex(width)));
  const [head = "", ...rest] = textOf(value).split("\n");
  spendSize((rest.length + 1) * filling.length);
  const shift = (line: string): string => (line !== "" || truth(blank) ? filling + line : line);
  return [truth(first) ? filling + head : head, ...rest.map(shift)].join("\n");
}

/** Looks for each end once, so that a text of openings alone costs no more than its length. */
function without(text: string, open: string, close: string): string {
  let result = "";
  let at = 0;
  for (;;) {
    const start = text.indexOf(open, at);
    const end = start === -1 ? -1 : text.indexOf(close, start + open.length);
    if (end === -1) return result + text.slice(at);
    result += text.slice(at, start);
    at = end + close.length;
  }
}

function stripTags(text: string): string {
  const words = without(without(text, "<!--", "-->"), "<", ">").split(/\s+/);
  return words.filter((word) => word !== "").join(" ");
}

/** What the reference adds, so that its result reads back as a text. */
function string(value: unknown): string {
  return typeof value === "string" ? value : `"""${dumps(value)}"""`;
}

function title(value: unknown): string {
  return textOf(value).replace(/[^-\s([{<]+/g, (word) => capitalize(word));
}

function center(value: unknown, width: unknown = 80): unknown {
  return TEXT_METHODS.get("center")?.run(textOf(value), width);
}

export const TEXT_FILTERS = applied({
  base64binascii_decode: (value) => Buffer.from(encoded(value, "encode"), "ascii").toString("base64"),
  base64decode: (value) => decoded(value),
  base64encode: (value) => Buffer.from(encoded(value, "encode"), "utf8").toString("base64"),
  capitalize: (value) => capitalize(textOf(value)),
  "center width?": (value, width) => center(value, width),
  e: escapeHtml,
  escape: escapeHtml,
  forceescape: escapeHtml,
  "format *": (value, ...args) => formatPercent(textOf(value), Tuple.holding(args)),
  "hash hash_type? salt?": (value, type = "md5", salt = null) => hash(value, type, salt),
  "hmac key hash_type?": (value, key, type = "sha256") => hmac(value, key, type),
  "indent width? first? blank?": indent,
  "join d? attribute?": (value, separator = "", attribute = null) => {
    const read = attribute === null ? null : attributeReader(attribute);
    const items = itemsOf(value).map((item) => textOf(read === null ? item : read(item)));
    return joinTexts(textOf(separator), items);
  },
  lower: (value) => textOf(value).toLowerCase(),
  "regex_replace regex replacement": (value, regex, by) =>
    replacePattern(asText(value), asText(regex), asText(by)),
  "regex_search regex": (value, regex) => searchPattern(asText(value), asText(regex)),
  "replace old new count?": (value, old, by, count = null) =>
    replaceText(textOf(value), textOf(old), textOf(by), count === null ? -1 : asIndex(count)),
  safe: (value) => textOf(value),
  string,
  striptags: (value) => stripTags(textOf(value)),
  title,
  "tojson indent?": (value, indentation) =>
    htmlSafe(
      dumps(value, {
        sortKeys: true,
        indent: indentation === undefined || indentation === null ? undefined : asIndex(indentation),
      }),
    ),
  "trim chars?": (value, chars) => strip(textOf(value), chars, "both"),
  "truncate length? killwords? end? leeway?": truncate,
  upper: (value) => textOf(value).toUpperCase(),
  urlencode,
  wordcount: (value) => (textOf(value).match(/[\p{L}\p{N}_]+/gu) ?? []).length,
});
