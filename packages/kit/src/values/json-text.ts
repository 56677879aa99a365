/** Whether the text is one JSON value. JSON.parse decides: as fast as a scan in TypeScript, on long texts faster. */
export function checkJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Whether a text holds the character NUL, which PostgreSQL cannot store. */
export function hasNul(text: string): boolean {
  return text.includes("\0");
}

/** May also match after an escaped backslash; ESCAPES tells. */
const NUL_OR_SURROGATE = /\\u(?:0000|[dD][89a-fA-F])/;
const ESCAPES = /\\(?:u([0-9a-fA-F]{4})|.)/g;

/**
 * What in valid JSON text a database storing text as UTF-8 refuses: an escaped NUL or an escaped half of a surrogate
 * pair. One search where there is neither.
 */
export function jsonTrouble(text: string): "nul" | "surrogate" | undefined {
  if (!NUL_OR_SURROGATE.test(text)) return undefined;
  let high = -1;
  for (const match of text.matchAll(ESCAPES)) {
    const code = match[1] === undefined ? -1 : Number.parseInt(match[1], 16);
    if (code === 0) return "nul";
    const joined = high >= 0 && high + 6 === match.index;
    if (code >= 0xdc00 && code <= 0xdfff) {
      if (!joined) return "surrogate";
      high = -1;
      continue;
    }
    if (high >= 0) return "surrogate";
    if (code >= 0xd800 && code <= 0xdbff) high = match.index;
  }
  return high >= 0 ? "surrogate" : undefined;
}
