import { defineDestination, Type } from "@weir/kit";
import type { Tallies } from "./session.ts";
import { nullSession } from "./session.ts";

const config = Type.Object({
  checksum: Type.Union(
    [Type.Literal("none"), Type.Literal("keys"), Type.Literal("values"), Type.Literal("verify")],
    {
      title: "Checksum",
      description:
        "What is summed up beside rows and bytes. none: nothing; bytes then pass unread. keys: the primary key. " +
        "values: every field. verify: the primary key by md5, comparable with a source's or a database's checksum, slow.",
      default: "keys",
      order: 0,
    },
  ),
});

/** Tallies of every connection this process has written; nothing is kept beyond it. */
const connections = new Map<string, Tallies>();

/** Takes everything, keeps nothing: for measuring sources and for trying them out. */
export const destination = defineDestination({
  id: "destination-dev-null",
  title: "Dev Null",
  config,
  modes: ["append", "overwrite", "append_dedup", "overwrite_dedup"],
  check: async () => undefined,
  open: async ({ config: { checksum }, connection, context }) => {
    const key = `${connection}\n${checksum}`;
    const tallies: Tallies = connections.get(key) ?? new Map();
    connections.set(key, tallies);
    return nullSession({ checksum, tallies, context });
  },
});
