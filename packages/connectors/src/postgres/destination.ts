import { defineDestination, Type } from "@weir/kit";
import { connectionFields, connectionOptions } from "./connection-fields.ts";
import { checkDestination } from "./destination/check.ts";
import { openPostgres } from "./destination/session.ts";

export const destinationPostgres = defineDestination({
  id: "destination-postgres",
  title: "PostgreSQL",
  config: Type.Object(
    {
      ...connectionFields,
      schema: Type.String({
        title: "Default schema",
        description: "Where streams without a namespace of their own are written, spelled exactly.",
        default: "public",
        examples: ["public", "raw"],
        minLength: 1,
        order: 5,
      }),
      parallel: Type.Integer({
        title: "Parallel writes",
        description: "Connections that write at the same time.",
        minimum: 1,
        maximum: 32,
        default: 4,
        order: 7,
      }),
    },
    connectionOptions,
  ),
  modes: ["append", "overwrite", "append_dedup", "overwrite_dedup"],
  check: checkDestination,
  open: openPostgres,
});
