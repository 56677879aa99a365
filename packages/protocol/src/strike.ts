const MASK = "**********";

/** A shorter secret is in many ordinary words. */
export const SHORT_SECRET = 4;

/** Characters of base64 that could be the middle of a secret by chance too seldom to matter. */
const LEAST_BASE64 = 6;

export interface StrikeOptions {
  /**
   * Where secrets of fewer than four characters are struck: only where they stand alone (default), or inside words too,
   * which can make a text unreadable.
   */
  readonly short?: "alone" | "anywhere";
}

/**
 * Strikes secrets from texts that are to be shown, in the forms drivers and servers repeat them in: as they are, line by
 * line, escaped as in JSON, encoded as in URLs, in base64 of both alphabets, also amid other bytes (`user:password`).
 */
export class Strike {
  readonly #short: "alone" | "anywhere";
  readonly #forms = new Set<string>();
  #pattern: RegExp | undefined;

  constructor(secrets: Iterable<string> = [], { short = "alone" }: StrikeOptions = {}) {
    this.#short = short;
    for (const secret of secrets) this.add(secret);
  }

  add(secret: string): void {
    // A key of many lines is printed line by line.
    const lines = secret.split(/\r?\n/).filter((line) => line.length >= 2 * SHORT_SECRET);
    for (const text of lines.length > 1 ? [secret, ...lines] : [secret])
      for (const form of formsOf(text)) if (form !== "") this.#forms.add(form);
    this.#pattern = undefined;
  }

  /** Characters of the longest form: a text cut elsewhere than at a line's end may end in the beginning of a secret. */
  get longest(): number {
    return Math.max(0, ...[...this.#forms].map((form) => form.length));
  }

  text(text: string): string {
    if (this.#forms.size === 0) return text;
    this.#pattern ??= this.#patternOf();
    return text.replace(this.#pattern, MASK);
  }

  /** The longest first, so that a secret inside another leaves no rest of it behind. */
  #patternOf(): RegExp {
    const parts = [...this.#forms]
      .toSorted((a, b) => b.length - a.length)
      .map((form) =>
        this.#short === "anywhere" || form.length >= SHORT_SECRET
          ? RegExp.escape(form)
          : `(?<![\\p{L}\\p{N}])${RegExp.escape(form)}(?![\\p{L}\\p{N}])`,
      );
    return new RegExp(parts.join("|"), "gu");
  }
}

function* formsOf(text: string): Generator<string> {
  yield text;
  yield JSON.stringify(text).slice(1, -1);
  const encoded = encodeURIComponent(text.toWellFormed());
  yield encoded;
  yield encoded.replaceAll(/%[0-9A-F]{2}/g, (byte) => byte.toLowerCase());
  yield encoded.replaceAll("%20", "+");
  if (text.length < SHORT_SECRET) return;
  for (const base64 of base64Of(text)) {
    yield base64;
    yield base64.replaceAll("+", "-").replaceAll("/", "_");
  }
}

/** Of bytes that begin 0, 1 or 2 bytes into a group of three: what of the base64 does not depend on their neighbours. */
function* base64Of(text: string): Generator<string> {
  const bytes = Buffer.from(text);
  yield bytes.toString("base64").replace(/=+$/, "");
  for (const before of [0, 1, 2]) {
    const whole = Math.floor(((before + bytes.length) * 8) / 6);
    const from = Math.ceil((before * 8) / 6);
    if (whole - from < LEAST_BASE64) continue;
    yield Buffer.concat([Buffer.alloc(before), bytes])
      .toString("base64")
      .slice(from, whole);
  }
}
