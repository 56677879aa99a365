import type { JsonObject, JsonValue } from "@weir/protocol";

/** Thrown for text that is not well-formed, nests too deep, or declares entities. */
export class XmlError extends Error {}

/** Deeper elements are no data. */
const MAX_DEPTH = 500;

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ["lt", "<"],
  ["gt", ">"],
  ["amp", "&"],
  ["apos", "'"],
  ["quot", '"'],
]);

interface Element {
  readonly name: string;
  /** Attributes and children by name, in order; a name that comes again makes a list. */
  readonly members: Map<string, JsonValue | JsonValue[]>;
  text: string;
}

/**
 * A document as Python's xmltodict gives it: an element is its text, or an object of `@attributes`, children and
 * `#text`; what is empty is null. Entities beyond XML's own five are refused, so nothing grows while it is read.
 */
export function parseXml(text: string): JsonObject {
  return new Reader(text).document();
}

class Reader {
  readonly #text: string;
  #at = 0;
  readonly #open: Element[] = [];
  #root: JsonObject | null = null;

  constructor(text: string) {
    this.#text = text.replace(/^\ufeff/, "");
  }

  document(): JsonObject {
    while (this.#at < this.#text.length) {
      const next = this.#text.indexOf("<", this.#at);
      const end = next < 0 ? this.#text.length : next;
      this.#characters(this.#text.slice(this.#at, end));
      this.#at = end;
      if (next >= 0) this.#markup();
    }
    if (this.#root === null || this.#open.length > 0) throw new XmlError("the document does not end");
    return this.#root;
  }

  #characters(raw: string): void {
    const top = this.#open.at(-1);
    if (top !== undefined) top.text += decoded(raw);
    else if (raw.trim() !== "") throw new XmlError("text outside of the root element");
  }

  #markup(): void {
    if (this.#text.startsWith("<!--", this.#at)) this.#until("-->", 4);
    else if (this.#text.startsWith("<![CDATA[", this.#at)) {
      const top = this.#open.at(-1);
      if (top === undefined) throw new XmlError("CDATA outside of the root element");
      top.text += this.#until("]]>", 9);
    } else if (this.#text.startsWith("<?", this.#at)) this.#until("?>", 2);
    else if (this.#text.startsWith("<!DOCTYPE", this.#at)) this.#doctype();
    else if (this.#text.startsWith("</", this.#at)) this.#close(this.#until(">", 2).trimEnd());
    else this.#start(this.#tag());
  }

  /** What stands between here and `mark`; goes behind it. */
  #until(mark: string, skip: number): string {
    const from = this.#at + skip;
    const end = this.#text.indexOf(mark, from);
    if (end < 0) throw new XmlError(`"${mark}" is missing`);
    this.#at = end + mark.length;
    return this.#text.slice(from, end);
  }

  #doctype(): void {
    const declaration = this.#until(">", 9);
    if (declaration.includes("[") || this.#root !== null || this.#open.length > 0)
      throw new XmlError("declarations of a document's type are not read");
  }

  /** A start tag's inside; `>` may stand in a quoted value. */
  #tag(): string {
    let quote = "";
    for (let at = this.#at + 1; at < this.#text.length; at++) {
      const character = this.#text[at] ?? "";
      if (quote !== "") {
        if (character === quote) quote = "";
      } else if (character === '"' || character === "'") quote = character;
      else if (character === ">") {
        const inside = this.#text.slice(this.#at + 1, at);
        this.#at = at + 1;
        return inside;
      }
    }
    throw new XmlError("a tag does not end");
  }

  #start(inside: string): void {
    const isEmpty = inside.endsWith("/");
    const body = isEmpty ? inside.slice(0, -1) : inside;
    const name = /^[^\s/<>"'=&!?][^\s/<>"'=&]*/.exec(body)?.[0];
    if (name === undefined) throw new XmlError("a tag has no name");
    if (this.#open.length === 0 && this.#root !== null) throw new XmlError("a second root element");
    if (this.#open.length >= MAX_DEPTH) throw new XmlError("elements are nested too deep");
    this.#open.push({ name, members: attributes(body.slice(name.length)), text: "" });
    if (isEmpty) this.#close(name);
  }

  #close(name: string): void {
    const element = this.#open.pop();
    if (element?.name !== name) throw new XmlError(`</${name}> closes nothing`);
    const value = valueOf(element);
    const parent = this.#open.at(-1);
    if (parent === undefined) this.#root = Object.fromEntries([[name, value]]);
    else add(parent.members, name, value);
  }
}

function attributes(text: string): Map<string, JsonValue | JsonValue[]> {
  const found = new Map<string, JsonValue | JsonValue[]>();
  const each = /\s+([^\s/<>"'=&]+)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/y;
  let at = 0;
  for (let match = each.exec(text); match !== null; match = each.exec(text)) {
    const [whole, name = "", double, single] = match;
    if (found.has(`@${name}`)) throw new XmlError(`the attribute ${name} comes twice`);
    found.set(`@${name}`, decoded((double ?? single ?? "").replace(/[\t\n]|\r\n?/g, " ")));
    at += whole.length;
  }
  if (text.slice(at).trim() !== "") throw new XmlError("an attribute cannot be read");
  return found;
}

function add(members: Map<string, JsonValue | JsonValue[]>, name: string, value: JsonValue): void {
  const known = members.get(name);
  if (known === undefined) members.set(name, value);
  else if (Array.isArray(known)) known.push(value);
  else members.set(name, [known, value]);
}

function valueOf({ members, text }: Element): JsonValue {
  const trimmed = text.trim();
  if (members.size === 0) return trimmed === "" ? null : trimmed;
  if (trimmed !== "") members.set("#text", trimmed);
  return Object.fromEntries(members);
}

/** References to characters replaced. */
function decoded(raw: string): string {
  const text = raw.includes("\r") ? raw.replace(/\r\n?/g, "\n") : raw;
  if (!text.includes("&")) return text;
  return text.replace(/&([^;&]{0,12};?)/g, (_whole, body: string) => {
    const number = /^#(?:x([\da-fA-F]{1,6})|(\d{1,7}));$/.exec(body);
    const known = number === null ? ENTITIES.get(body.slice(0, -1)) : characterOf(number[1], number[2]);
    if (known === undefined || !body.endsWith(";")) throw new XmlError("an entity is not known");
    return known;
  });
}

function characterOf(hex: string | undefined, decimal: string | undefined): string | undefined {
  const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
  return code === 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)
    ? undefined
    : String.fromCodePoint(code);
}
