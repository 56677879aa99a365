import { isObject, type JsonValue, WeirError } from "@weir/protocol";
import { textOf } from "./text.ts";

const ENCODER = new TextEncoder();

/** Python's quote_plus: what may stand is letters, digits and `_.-~`, and a blank is `+`. */
function quotePlus(text: string): string {
  return encodeURIComponent(text.toWellFormed())
    .replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%20", "+");
}

/** Pairs as Python's requests sends parameters and forms: a list repeats its key, None is left out. */
export function encodePairs(pairs: Readonly<Record<string, JsonValue | undefined>>): string {
  const parts: string[] = [];
  for (const [key, value] of Object.entries(pairs))
    for (const text of textsOf(key, value)) parts.push(`${quotePlus(key)}=${quotePlus(text)}`);
  return parts.join("&");
}

function textsOf(key: string, value: JsonValue | undefined): readonly string[] {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value))
    return (value as readonly JsonValue[]).flatMap((item) =>
      Array.isArray(item) ? (item as readonly JsonValue[]).map(textOf) : item === null ? [] : [textOf(item)],
    );
  if (isObject(value))
    throw new WeirError({
      code: "manifest.parameter",
      message: `The request parameter ${key} is an object; it can be a text, a number or a list.`,
      next: "Change the manifest so that the parameter is a text.",
      recovery: "stop",
      origin: "source",
    });
  return [textOf(value)];
}

/** The first value of each key of an address's query, decoded; keys without a value are left out. */
export function queryOf(url: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  const start = url.indexOf("?");
  if (start < 0) return values;
  const query = url.slice(start + 1).split("#", 1)[0] ?? "";
  for (const pair of query.split("&")) {
    const [key = "", ...rest] = pair.split("=");
    const value = rest.join("=");
    const name = unquotePlus(key);
    if (value !== "" && !values.has(name)) values.set(name, unquotePlus(value));
  }
  return values;
}

function unquotePlus(text: string): string {
  return unquote(text.replaceAll("+", " "));
}

function unquote(text: string): string {
  return text.replace(/(?:%[0-9a-fA-F]{2})+/g, (run) =>
    Buffer.from(run.replaceAll("%", ""), "hex").toString("utf8"),
  );
}

/** An address with more parameters, each character that no address may hold encoded, as requests prepares it. */
export function withQuery(url: string, query: string): string {
  const { scheme, authority, path, search, fragment } = split(url.trimStart());
  const known = encodeInvalid(search, QUERY);
  const joined = known === "" ? query : query === "" ? known : `${known}&${query}`;
  const cleanPath = encodeInvalid(withoutDots(path), PATH) || "/";
  const parts = `${scheme.toLowerCase()}://${authority.toLowerCase()}${cleanPath}${joined === "" ? "" : `?${joined}`}`;
  return requote(fragment === "" ? parts : `${parts}#${encodeInvalid(fragment, QUERY)}`);
}

interface Parts {
  readonly scheme: string;
  readonly authority: string;
  readonly path: string;
  readonly search: string;
  readonly fragment: string;
}

function split(url: string): Parts {
  const match = /^([a-zA-Z][a-zA-Z\d+.-]*):\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#([^]*))?$/.exec(url);
  if (match === null)
    throw new WeirError({
      code: "http.address",
      message: `"${(url.split(/[?#]/, 1)[0] ?? "").slice(0, 200)}" is not an address that a request can go to.`,
      next: "Check the settings and the manifest's url_base and path: together they must begin with https://.",
      recovery: "ask",
      origin: "source",
    });
  const [, scheme = "", authority = "", path = "", search = "", fragment = ""] = match;
  return { scheme, authority, path, search, fragment };
}

const UNRESERVED = String.raw`\w.~\-`;
const PATH = new RegExp(`[${UNRESERVED}!$&'()*+,;=:@/]`);
const QUERY = new RegExp(`[${UNRESERVED}!$&'()*+,;=:@/?]`);

/** Bytes that `allowed` does not hold as %XX. Where each `%` begins an escape they stay, else all are escaped. */
function encodeInvalid(text: string, allowed: RegExp): string {
  const isEscaped = !/%(?![0-9a-fA-F]{2})/.test(text);
  const known = isEscaped ? text.replace(/%[0-9a-f]{2}/gi, (escape) => escape.toUpperCase()) : text;
  let out = "";
  for (const character of known) {
    if ((isEscaped && character === "%") || allowed.test(character)) out += character;
    else for (const byte of ENCODER.encode(character.toWellFormed())) out += escapeOf(byte);
  }
  return out;
}

function escapeOf(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
}

/** Escapes of characters that need none are undone, and what is left that no address may hold is escaped. */
function requote(url: string): string {
  const plain = url.replace(/%([0-9a-fA-F]{2})/g, (escape, hex: string) => {
    const character = String.fromCharCode(Number.parseInt(hex, 16));
    return /[A-Za-z0-9._~-]/.test(character) ? character : escape;
  });
  return plain.replace(/[^A-Za-z0-9._~!#$%&'()*+,/:;=?@[\]-]/gu, (character) =>
    [...ENCODER.encode(character.toWellFormed())].map(escapeOf).join(""),
  );
}

function withoutDots(path: string): string {
  if (!/(?:^|\/)\.\.?(?:\/|$)/.test(path)) return path;
  const out: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === ".") continue;
    if (segment !== "..") out.push(segment);
    else out.pop();
  }
  if (path.startsWith("/") && out[0] !== "") out.unshift("");
  if (/\/\.\.?$/.test(path)) out.push("");
  return out.join("/");
}
