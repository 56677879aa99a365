import { seededRandom } from "../../src/testing/random.ts";

/** Integers of 32 bits that the seed decides. */
export function seeded(seed: number): () => number {
  const random = seededRandom(seed);
  return () => Math.floor(random() * 0x1_0000_0000);
}

export function digits(next: () => number, length: number): string {
  return Array.from({ length }, () => String(next() % 10)).join("");
}
