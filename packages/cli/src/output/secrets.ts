/** A shorter secret would mark ordinary words; it is hidden in foreign text only, and only where it stands alone. */
const SHORT = 4;
const MASK = "******";

/**
 * The secrets a run has met, for hiding them in what it prints. Text from outside (failures, logs) hides every one.
 * Weir's own text spares a secret that is also a public word, such as the password `postgres`: there it tells nothing,
 * and names that programs read from the output must stay whole.
 */
export class Secrets {
  readonly #hidden = new Set<string>();
  readonly #public = new Set<string>();

  add(value: string): void {
    if (value !== "") this.#hidden.add(value);
  }

  /** Words anyone may see: connector ids, names, values of fields that are not secret. */
  addPublic(...words: readonly string[]): void {
    for (const word of words) this.#public.add(word);
  }

  /** For text made by connectors, drivers and servers. */
  maskForeign(text: string): string {
    return this.#mask(text, [...this.#hidden]);
  }

  /** For everything else on its way out. */
  maskOwn(text: string): string {
    const words = [...this.#public];
    const secret = [...this.#hidden].filter(
      (value) => value.length >= SHORT && !words.some((word) => word.includes(value)),
    );
    return this.#mask(text, secret);
  }

  #mask(text: string, secrets: readonly string[]): string {
    let masked = text;
    // The longest first, so that a secret inside another leaves no rest of it behind.
    for (const secret of secrets.toSorted((a, b) => b.length - a.length)) {
      for (const form of new Set([secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)])) {
        masked =
          form.length >= SHORT
            ? masked.replaceAll(form, MASK)
            : masked.replaceAll(
                new RegExp(`(?<![\\p{L}\\p{N}])${RegExp.escape(form)}(?![\\p{L}\\p{N}])`, "gu"),
                MASK,
              );
      }
    }
    return masked;
  }
}
