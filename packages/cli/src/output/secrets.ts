import { Strike, SHORT_SECRET } from "@weir/protocol";

/**
 * The secrets a run has met, for hiding them in what it prints. Text from outside (failures, logs) hides every one.
 * Weir's own text spares a secret that is also a public word, such as the password `postgres`: there it tells nothing,
 * and names that programs read from the output must stay whole.
 */
export class Secrets {
  readonly #hidden = new Set<string>();
  readonly #public = new Set<string>();
  readonly #foreign = new Strike();
  /** Made anew when a secret or a public word came. */
  #own: Strike | undefined;

  add(value: string): void {
    if (value === "" || this.#hidden.has(value)) return;
    this.#hidden.add(value);
    this.#foreign.add(value);
    this.#own = undefined;
  }

  /** Words anyone may see: connector ids, names, values of fields that are not secret. */
  addPublic(...words: readonly string[]): void {
    for (const word of words) this.#public.add(word);
    this.#own = undefined;
  }

  /** For text made by connectors, drivers and servers. */
  maskForeign(text: string): string {
    return this.#foreign.text(text);
  }

  /** For everything else on its way out. */
  maskOwn(text: string): string {
    this.#own ??= new Strike(this.#unmistakable());
    return this.#own.text(text);
  }

  #unmistakable(): readonly string[] {
    const words = [...this.#public];
    return [...this.#hidden].filter(
      (value) => value.length >= SHORT_SECRET && !words.some((word) => word.includes(value)),
    );
  }
}
