import { seededRandom } from "./random.ts";

export interface FuzzOptions {
  /** Good inputs, which the others are made from. */
  readonly corpus: readonly (string | Uint8Array)[];
  /** Pieces that matter to the reader under test: its punctuation, its extremes. */
  readonly tokens: readonly string[];
  readonly seed: number;
  readonly inputs: number;
}

/** How many inputs a fuzz test makes: 1,000, or as many as `WEIR_FUZZ` says. */
export function fuzzInputs(): number {
  return Number(process.env["WEIR_FUZZ"] ?? 1000);
}

/**
 * Inputs made from the corpus by up to eight changes each: bytes replaced, cut out, doubled, tokens put in, two inputs
 * joined. The same seed gives the same inputs.
 */
export function* fuzzed({ corpus, tokens, seed, inputs }: FuzzOptions): Generator<Uint8Array> {
  const random = seededRandom(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  const good = corpus.map((input) => Buffer.from(input));
  const pieces = tokens.map((token) => Buffer.from(token));
  const pick = (from: readonly Buffer[]): Buffer => from[below(from.length)] ?? Buffer.alloc(0);

  const change = (input: Buffer): Buffer => {
    const at = below(input.length + 1);
    const to = Math.min(input.length, at + 1 + below(random() < 0.8 ? 8 : 200));
    const [head, piece, tail] = [input.subarray(0, at), input.subarray(at, to), input.subarray(to)];
    switch (below(6)) {
      case 0:
        return Buffer.concat([
          head,
          Buffer.from([below(256)]),
          input.subarray(Math.min(at + 1, input.length)),
        ]);
      case 1:
        return Buffer.concat([head, tail]);
      case 2:
        return Buffer.concat([head, piece, piece, tail]);
      case 3:
        return Buffer.concat([head, pick(good).subarray(at)]);
      default:
        return Buffer.concat([head, pick(pieces), random() < 0.5 ? tail : input.subarray(at)]);
    }
  };

  for (let made = 0; made < inputs; made += 1) {
    let input = pick(good);
    for (let changes = 1 + below(8); changes > 0; changes -= 1) input = change(input);
    yield input;
  }
}
