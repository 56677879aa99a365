import { Type, type Static } from "@weir/kit";
import { connectionFields, connectionOptions } from "../connection-fields.ts";

export const sourceConfig = Type.Object(
  {
    ...connectionFields,
    schemas: Type.Array(Type.String({ minLength: 1 }), {
      title: "Schemas",
      description: "Schemas to read, spelled exactly. Empty: all but the system's own.",
      default: [],
      examples: [["public"]],
      order: 5,
    }),
    replication_method: Type.Union([Type.Literal("cursor"), Type.Literal("xmin")], {
      title: "Replication method",
      description:
        "How an incremental sync finds what is new. cursor: rows whose cursor column is above the last value seen; " +
        "fast with an index, but blind to rows that change without it. xmin: rows written by transactions since the " +
        "last sync; sees every insert and update, but scans the whole table. Neither sees deleted rows.",
      default: "cursor",
      order: 7,
    }),
    parallel: Type.Integer({
      title: "Parallel reads of one table",
      description: "Connections that read one large table at the same time.",
      minimum: 1,
      maximum: 4,
      default: 2,
      order: 8,
    }),
    part_megabytes: Type.Integer({
      title: "Size of a part",
      description:
        "Megabytes of a table that are read and committed at a time. A sync that fails goes on after the last part.",
      minimum: 1,
      maximum: 10_000,
      default: 64,
      order: 9,
    }),
  },
  connectionOptions,
);

export type SourceConfig = Static<typeof sourceConfig>;
export type ReplicationMethod = SourceConfig["replication_method"];
