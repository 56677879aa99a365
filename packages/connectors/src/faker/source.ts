import { defineSource, type Static, Type } from "@weir/kit";
import type { Catalog, ConfiguredStream } from "@weir/protocol";
import { schemaOf, WeirError } from "@weir/protocol";
import type { Generator } from "./generator.ts";
import { products } from "./products.ts";
import { purchases } from "./purchases.ts";
import { readerOf } from "./reader.ts";
import { users } from "./users.ts";

const config = Type.Object({
  count: Type.Integer({
    title: "Count",
    description: "How many users there are. Purchases follow from it; products are always 100.",
    minimum: 0,
    maximum: 4_000_000_000,
    default: 1000,
    examples: [1000, 10_000_000],
    order: 0,
  }),
  seed: Type.Integer({
    title: "Seed",
    description: "The same seed gives the same rows. Another one starts every stream again.",
    default: 0,
    examples: [42],
    order: 1,
  }),
  records_per_slice: Type.Integer({
    title: "Rows of a part",
    description: "How many rows are read and committed at a time.",
    minimum: 1,
    default: 1_000_000,
    order: 2,
  }),
  parallelism: Type.Integer({
    title: "Parallelism",
    description:
      "How many parts of a stream may be under way at a time. All are made on one core; more than one helps a destination that waits.",
    minimum: 1,
    maximum: 16,
    default: 1,
    order: 3,
  }),
});

/** Users, products and purchases that nobody made, for trying things out and for measuring. */
export const source = defineSource({
  id: "source-faker",
  title: "Faker",
  config,
  check: async () => undefined,
  discover: async (given) => catalogOf(given),
  open: async (request) => ({
    kind: "parts",
    reader: async (stream, state) =>
      readerOf({
        generator: generatorOf(request.config, stream),
        seed: request.config.seed,
        rowsPerPart: request.config.records_per_slice,
        parallel: request.config.parallelism,
        state,
      }),
    close: async () => undefined,
  }),
});

type Config = Static<typeof config>;

function generatorsOf({ count, seed }: Config): readonly Generator[] {
  return [users(count, seed), products(seed), purchases(count, seed)];
}

function catalogOf(given: Config): Catalog {
  return {
    streams: generatorsOf(given).map(({ name, made }) => ({
      name,
      json_schema: schemaOf(made.map(({ field }) => field)),
      supported_sync_modes: ["full_refresh", "incremental"],
      source_defined_cursor: true,
      default_cursor_field: ["updated_at"],
      source_defined_primary_key: [["id"]],
      is_resumable: true,
    })),
  };
}

function generatorOf(given: Config, { stream }: ConfiguredStream): Generator {
  const found = generatorsOf(given).find(({ name }) => name === stream.name && !stream.namespace);
  if (found !== undefined) return found;
  throw new WeirError({
    code: "source.stream_missing",
    message: `There is no stream "${stream.name}"${stream.namespace ? ` in namespace "${stream.namespace}"` : ""}.`,
    next: "Choose users, products or purchases, without a namespace.",
    recovery: "ask",
    origin: "source",
    stream: stream.name,
  });
}
