import { keyOf } from "./key.ts";

/** A dict as templates make them: keys of any type, in the order in which they came. */
export class Dict {
  readonly #members = new Map<string | number, [key: unknown, value: unknown]>();

  static of(members: Iterable<readonly [unknown, unknown]>): Dict {
    const dict = new Dict();
    for (const [key, value] of members) dict.set(key, value);
    return dict;
  }

  get size(): number {
    return this.#members.size;
  }

  /** Fails with a TypeError for a key that has no hash. */
  get(key: unknown): unknown {
    return this.#members.get(keyOf(key))?.[1];
  }

  has(key: unknown): boolean {
    return this.#members.has(keyOf(key));
  }

  set(key: unknown, value: unknown): void {
    const known = this.#members.get(keyOf(key));
    if (known === undefined) this.#members.set(keyOf(key), [key, value]);
    else known[1] = value;
  }

  delete(key: unknown): void {
    this.#members.delete(keyOf(key));
  }

  clear(): void {
    this.#members.clear();
  }

  entries(): IterableIterator<[unknown, unknown]> {
    return this.#members.values();
  }
}
