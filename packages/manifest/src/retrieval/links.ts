import type { JsonObject } from "@weir/protocol";

/** A Link header's targets by their rel, each with its attributes: `{ next: { url, rel: "next" } }`. */
export function linksOf(header: string | undefined): JsonObject {
  const links = new Map<string, JsonObject>();
  for (const part of (header ?? "").split(/,\s*(?=<)/)) {
    const match = /^\s*<([^>]*)>(.*)$/s.exec(part);
    if (match === null) continue;
    const [, url = "", rest = ""] = match;
    const attributes = new Map([["url", url]]);
    for (const item of rest.split(";")) {
      const at = item.indexOf("=");
      if (at < 0) continue;
      attributes.set(stripped(item.slice(0, at)), stripped(item.slice(at + 1)));
    }
    links.set(attributes.get("rel") ?? url, Object.fromEntries(attributes));
  }
  return Object.fromEntries(links);
}

function stripped(text: string): string {
  return text.replace(/^[\s"']+/, "").replace(/[\s"']+$/, "");
}
