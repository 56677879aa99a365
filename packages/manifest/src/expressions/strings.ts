const ESCAPE = /\\(?:(\n)|([0-7]{1,3})|x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([\s\S]))/g;

const SIMPLE: ReadonlyMap<string, string> = new Map([
  ["n", "\n"],
  ["t", "\t"],
  ["r", "\r"],
  ["a", "\u0007"],
  ["b", "\b"],
  ["f", "\f"],
  ["v", "\v"],
  ["\\", "\\"],
  ["'", "'"],
  ['"', '"'],
]);

/** The text that a Python literal's inside stands for; undefined where an escape is not complete. */
export function unescaped(text: string): string | undefined {
  if (!text.includes("\\")) return text;
  let isBad = false;
  const result = text.replace(ESCAPE, (whole: string, ...groups: (string | undefined)[]) => {
    const [newline, octal, hex, short, long, other] = groups;
    if (newline !== undefined) return "";
    if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
    const code = hex ?? short ?? long;
    if (code !== undefined) {
      const point = Number.parseInt(code, 16);
      if (point <= 0x10ffff) return String.fromCodePoint(point);
      isBad = true;
      return "";
    }
    if (other === "x" || other === "u" || other === "U" || other === "N") isBad = true;
    return SIMPLE.get(other ?? "") ?? whole;
  });
  return isBad ? undefined : result;
}
