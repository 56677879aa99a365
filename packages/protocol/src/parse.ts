import type { Catalog, ConfiguredCatalog } from "./catalog.ts";
import { catalog, configuredCatalog, messageChecks } from "./checks.ts";
import type { JsonValue } from "./json.ts";
import { isObject, isTooDeep, MAX_DEPTH, parseJson, stringifyJson } from "./json.ts";
import type { Message, MessageType } from "./message.ts";
import type { Check } from "./validate.ts";

/**
 * Why bytes are not what they should be.
 * - `not-json`: no UTF-8 or no JSON; on a connector's stdout mostly a line of log.
 * - `not-a-message`: JSON, but not an object whose `type` names a message of the protocol.
 * - `invalid`: the kind is known, but a member is missing or has the wrong type, `path` says which; or it is nested too deep.
 */
export interface ParseProblem {
  readonly kind: "not-json" | "not-a-message" | "invalid";
  /** Where in the value: `record.meta.changes.0.field`; `""` for the whole. */
  readonly path: string;
  readonly message: string;
}

export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: ParseProblem };

/**
 * One line of the protocol, checked. Members not known here stay in the value; numbers are exact (json.ts). `plainNumbers`:
 * `mayRound` found none in this line that a double would change.
 */
export function parseMessage(line: string | Uint8Array, plainNumbers = false): Parsed<Message> {
  const json = parseText(line, plainNumbers);
  if (!json.ok) return json;
  if (isPlainRecord(json.value)) return { ok: true, value: json.value as unknown as Message };
  const type = isObject(json.value) ? json.value["type"] : undefined;
  if (typeof type !== "string" || !Object.hasOwn(messageChecks, type)) {
    const message =
      typeof type === "string"
        ? `unknown message type ${JSON.stringify(type.slice(0, 40))}`
        : "not an object with a message type";
    return { ok: false, problem: { kind: "not-a-message", path: type === undefined ? "" : "type", message } };
  }
  return checked<Message>(json.value, messageChecks[type as MessageType]);
}

/** Most messages are records without changes: what the checks would find good of these, said at once. */
function isPlainRecord(value: JsonValue): boolean {
  if (!isObject(value) || value["type"] !== "RECORD") return false;
  const record = value["record"];
  if (!isObject(record) || record["meta"] !== undefined || record["file_reference"] !== undefined)
    return false;
  const { stream, namespace, data, emitted_at } = record;
  return (
    typeof stream === "string" &&
    (namespace === undefined || typeof namespace === "string") &&
    isObject(data) &&
    typeof emitted_at === "number"
  );
}

/** A catalog as `discover` prints it, without its message. */
export function parseCatalog(text: string | Uint8Array): Parsed<Catalog> {
  const json = parseText(text);
  return json.ok ? checked<Catalog>(json.value, catalog) : json;
}

/** The file given to `read --catalog`. */
export function parseConfiguredCatalog(text: string | Uint8Array): Parsed<ConfiguredCatalog> {
  const json = parseText(text);
  return json.ok ? checked<ConfiguredCatalog>(json.value, configuredCatalog) : json;
}

/** One line without its end; `parseMessage` gives the message back. */
export function serializeMessage(message: Message): string {
  return stringifyJson(message as unknown as JsonValue);
}

function checked<T>(value: JsonValue, check: Check): Parsed<T> {
  const found = check(value);
  if (found === undefined) return { ok: true, value: value as unknown as T };
  return { ok: false, problem: { kind: "invalid", ...found } };
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

function parseText(given: string | Uint8Array, plainNumbers = false): Parsed<JsonValue> {
  try {
    const text = typeof given === "string" ? given : utf8.decode(given);
    // Else it is no message, however deep.
    if (text.trimStart().startsWith("{") && isTooDeep(text)) return tooDeep();
    return { ok: true, value: plainNumbers ? (JSON.parse(text) as JsonValue) : parseJson(text) };
  } catch (error) {
    // The parser's own message quotes the text, which may hold a secret.
    if (error instanceof SyntaxError) return notJson("not JSON");
    if (error instanceof TypeError) return notJson("not UTF-8");
    throw error;
  }
}

function tooDeep(): Parsed<never> {
  const message = `objects and arrays lie more than ${MAX_DEPTH} deep`;
  return { ok: false, problem: { kind: "invalid", path: "", message } };
}

function notJson(message: string): Parsed<never> {
  return { ok: false, problem: { kind: "not-json", path: "", message } };
}
