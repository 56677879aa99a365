import type { JsonValue } from "@weir/protocol";
import { ExactNumber, parseJson } from "@weir/protocol";
import type { RecordedBody } from "./cassette.ts";

/** One text for equal values: keys sorted, 1 and 1.0 the same, integers of any size exact. */
export function canonical(value: unknown): string {
  if (value === null || value === undefined) return "null";
  if (typeof value === "boolean") return String(value);
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number") return numberText(value);
  if (typeof value === "bigint") return value.toString();
  if (value instanceof ExactNumber) {
    return /^-?\d+$/.test(value.text) ? BigInt(value.text).toString() : numberText(Number(value.text));
  }
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .map(([key, member]): [string, string] => [JSON.stringify(key), canonical(member)])
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, text]) => `${key}:${text}`).join(",")}}`;
}

function numberText(value: number): string {
  if (Number.isInteger(value)) return BigInt(value).toString();
  return String(value);
}

export interface AnyRequest {
  readonly method: string;
  readonly url: string;
  readonly body: RecordedBody | Uint8Array;
}

/** Equal for requests that ask the same: method, address, query and body, whatever their order. */
export function requestKey({ method, url, body }: AnyRequest): string {
  const [address = "", query = ""] = splitOnce(splitOnce(url, "#")[0] ?? "", "?");
  const [, scheme = "", host = "", path = ""] = /^([^:]*):\/\/([^/]*)(.*)$/s.exec(address) ?? [];
  const pairs = pairsOf(query).toSorted().join("&");
  const where = `${scheme.toLowerCase()}://${host.toLowerCase()}${decoded(path) || "/"}`;
  return `${method.toUpperCase()} ${where}?${pairs} ${bodyKey(body)}`;
}

function bodyKey(body: AnyRequest["body"]): string {
  if (body === null) return "";
  if (body instanceof Uint8Array) return bodyKey(Buffer.from(body).toString());
  if (typeof body !== "string") return bodyKey(Buffer.from(body.base64, "base64").toString());
  const json = jsonOf(body);
  if (json !== undefined) return canonical(json);
  return /^[^\s=&{}[\]"]+=/.test(body) ? pairsOf(body).toSorted().join("&") : body;
}

function jsonOf(text: string): JsonValue | undefined {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

function pairsOf(query: string): string[] {
  return query
    .split("&")
    .filter((pair) => pair !== "")
    .map((pair) => {
      const [name = "", value = ""] = splitOnce(pair, "=");
      return JSON.stringify([decoded(name.replaceAll("+", " ")), decoded(value.replaceAll("+", " "))]);
    });
}

function splitOnce(text: string, separator: string): readonly string[] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + separator.length)];
}

/** Percent escapes undone where they are any; the rest as it stands. */
function decoded(text: string): string {
  if (!text.includes("%")) return text;
  return text.replaceAll(/(?:%[0-9a-fA-F]{2})+/g, (run) =>
    Buffer.from(run.replaceAll("%", ""), "hex").toString(),
  );
}

const UNSCORED = new Set(["accept", "accept-encoding", "connection", "content-length", "host", "user-agent"]);

/** The headers that are compared, as one text. */
export function headersKey(headers: Readonly<Record<string, string>>): string {
  return Object.entries(headers)
    .map(([name, value]): [string, string] => [name.toLowerCase(), value])
    .filter(([name]) => !UNSCORED.has(name))
    .map(([name, value]) => [name, name === "content-type" ? mediaType(value) : value])
    .map((pair) => JSON.stringify(pair))
    .toSorted()
    .join(",");
}

function mediaType(value: string): string {
  return (value.split(";")[0] ?? "").trim().toLowerCase();
}
