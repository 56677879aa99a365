import { defineDestination } from "@weir/kit";
import { check } from "./destination/check.ts";
import { duckdbConfig } from "./destination/config.ts";
import { DuckdbSession } from "./destination/session.ts";
import { settingsOf } from "./destination/settings.ts";
import { openFile } from "./destination/shared-file.ts";

export const destination = defineDestination({
  id: "destination-duckdb",
  title: "DuckDB",
  config: duckdbConfig,
  modes: ["append", "overwrite", "append_dedup", "overwrite_dedup"],
  check: (config) => check(config),
  open: async ({ config, connection }) => {
    const settings = settingsOf(config);
    const file = await openFile(settings);
    return new DuckdbSession({ file, connection, schema: config.schema, threads: settings.threads });
  },
});
