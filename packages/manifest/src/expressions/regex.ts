import { createRequire } from "node:module";
import type { RE2JS } from "re2js";
import { spend, spendSize } from "./meter.ts";
import { PythonError } from "./python-error.ts";
import { unescaped } from "./strings.ts";

/**
 * Patterns of strangers on texts of strangers: RE2 takes time linear in the text. It knows no look-around and no
 * back-references; a pattern with one fails. Loading it and the first pattern cost about 17 ms, so it waits for the first pattern.
 */
const load = createRequire(import.meta.url);
let engine: typeof RE2JS | undefined;

const compiled = new Map<string, RE2JS>();
const CACHE_SIZE = 200;
const MAX_PATTERN = 2000;

function compile(pattern: string): RE2JS {
  const known = compiled.get(pattern);
  if (known !== undefined) return known;
  if (pattern.length > MAX_PATTERN) throw new PythonError("LimitError", "a pattern is too long");
  engine ??= (load("re2js") as { RE2JS: typeof RE2JS }).RE2JS;
  let made: RE2JS;
  try {
    made = engine.compile(translated(pattern));
  } catch {
    throw new PythonError(
      "error",
      "the pattern is wrong, or has look-around or back-references, which are not supported",
    );
  }
  if (compiled.size >= CACHE_SIZE) compiled.clear();
  compiled.set(pattern, made);
  return made;
}

/** Python's classes know all of Unicode, RE2's only ASCII; Python's `\Z` is the very end, and it writes more escapes. */
const CLASSES: ReadonlyMap<string, readonly [outside: string, inside: string]> = new Map([
  ["d", [String.raw`\p{Nd}`, String.raw`\p{Nd}`]],
  ["D", [String.raw`\P{Nd}`, String.raw`\P{Nd}`]],
  ["w", [String.raw`[\p{L}\p{N}_]`, String.raw`\p{L}\p{N}_`]],
  ["W", [String.raw`[^\p{L}\p{N}_]`, String.raw`\W`]],
  ["s", [String.raw`[\s\x0b\x1c-\x1f\x{85}\p{Z}]`, String.raw`\s\x0b\x1c-\x1f\x{85}\p{Z}`]],
  ["S", [String.raw`[^\s\x0b\x1c-\x1f\x{85}\p{Z}]`, String.raw`\S`]],
  ["Z", [String.raw`\z`, "Z"]],
]);

function translated(pattern: string): string {
  let isInside = false;
  return pattern.replace(/\\u([\da-fA-F]{4})|\\(.)|[[\]$]/gs, (whole, unicode?: string, escape?: string) => {
    if (unicode !== undefined) return `\\x{${unicode}}`;
    if (whole === "[") {
      if (isInside) return String.raw`\[`;
      isInside = true;
    } else if (whole === "]") isInside = false;
    // Python's `$` also stands before a last line end.
    else if (whole === "$" && !isInside) return String.raw`(?:\n?\z)`;
    const known = escape === undefined ? undefined : CLASSES.get(escape);
    return known === undefined ? whole : known[isInside ? 1 : 0];
  });
}

/** The first group of the first match, or nothing. */
export function searchPattern(text: string, pattern: string): string | null {
  const regex = compile(pattern);
  spend(1 + text.length);
  const matcher = regex.matcher(text);
  return regex.groupCount() > 0 && matcher.find() ? (matcher.group(1) ?? null) : "";
}

/** `re.sub`: every match replaced; `\1` and `\g<name>` stand for groups. */
export function replacePattern(text: string, pattern: string, by: string): string {
  const regex = compile(pattern);
  spend(1 + text.length);
  const matcher = regex.matcher(text);
  let result = "";
  let at = 0;
  while (matcher.find()) {
    const piece = text.slice(at, matcher.start()) + expanded(by, (group) => matcher.group(group) ?? "");
    spendSize(result.length + piece.length);
    result += piece;
    at = matcher.end();
  }
  return result + text.slice(at);
}

function expanded(template: string, group: (name: number | string) => string): string {
  if (!template.includes("\\")) return template;
  return template.replace(/\\(?:g<(\w+)>|([1-9]\d?)|(.))/gs, (whole, name?: string, digits?: string) => {
    const wanted = name ?? digits;
    if (wanted === undefined) return unescaped(whole) ?? whole;
    try {
      return group(/^\d+$/.test(wanted) ? Number(wanted) : wanted);
    } catch {
      throw new PythonError("error", "the replacement names a group that is not there");
    }
  });
}
