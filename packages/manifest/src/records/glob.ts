/** Unix file name patterns (`*`, `?`, `[a-z]`, `[!a]`) on the names of fields, without regular expressions. */

type Token = "many" | "one" | { readonly text: string } | CharacterSet;

interface CharacterSet {
  readonly isNegated: boolean;
  readonly ranges: readonly (readonly [from: string, to: string])[];
}

export function isGlob(text: string): boolean {
  return /[*?[]/.test(text);
}

/** Whether a whole text fits the pattern. At most length of text times length of pattern steps. */
export function globMatcher(pattern: string): (text: string) => boolean {
  if (pattern === "*") return () => true;
  const tokens = tokensOf(Array.from(pattern));
  return (text) => fits(tokens, Array.from(text));
}

function fits(tokens: readonly Token[], text: readonly string[]): boolean {
  let at = 0;
  let token = 0;
  let retryToken = -1;
  let retryAt = 0;
  while (at < text.length) {
    const current = tokens[token];
    if (current === "many") {
      retryToken = ++token;
      retryAt = at;
    } else if (current !== undefined && fitsOne(current, text[at] ?? "")) {
      token += 1;
      at += 1;
    } else if (retryToken >= 0) {
      // Only the last `*` needs to give way: whatever an earlier one could take, this one can take too.
      token = retryToken;
      at = ++retryAt;
    } else return false;
  }
  while (tokens[token] === "many") token += 1;
  return token === tokens.length;
}

function fitsOne(token: Exclude<Token, "many">, character: string): boolean {
  if (token === "one") return true;
  if ("text" in token) return token.text === character;
  return token.ranges.some(([from, to]) => from <= character && character <= to) !== token.isNegated;
}

function tokensOf(pattern: readonly string[]): readonly Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at] ?? "";
    if (character === "*") tokens.push("many");
    else if (character === "?") tokens.push("one");
    else if (character === "[") {
      const end = setEnd(pattern, at + 1);
      if (end < 0) tokens.push({ text: "[" });
      else {
        tokens.push(setOf(pattern.slice(at + 1, end)));
        at = end;
      }
    } else tokens.push({ text: character });
  }
  return tokens;
}

/** Where a set ends; a bracket at its first place belongs to it. -1: it is no set. */
function setEnd(pattern: readonly string[], start: number): number {
  const first = pattern[start] === "!" ? start + 1 : start;
  return pattern.indexOf("]", pattern[first] === "]" ? first + 1 : first);
}

function setOf(characters: readonly string[]): CharacterSet {
  const isNegated = characters[0] === "!";
  const members = isNegated ? characters.slice(1) : characters;
  const ranges: (readonly [string, string])[] = [];
  for (let at = 0; at < members.length; at++) {
    const from = members[at] ?? "";
    const to = members[at + 2];
    if (members[at + 1] === "-" && to !== undefined) {
      ranges.push([from, to]);
      at += 2;
    } else ranges.push([from, from]);
  }
  return { isNegated, ranges };
}
