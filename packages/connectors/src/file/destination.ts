import { defineDestination } from "@weir/kit";
import { checkFolder } from "./destination/check.ts";
import { fileConfig, settingsOf } from "./destination/config.ts";
import { parquetFormat } from "./destination/parquet/format.ts";
import { FileSession } from "./destination/session.ts";
import { textFormat } from "./destination/text/format.ts";

export const destination = defineDestination({
  id: "destination-file",
  title: "Files",
  config: fileConfig,
  modes: ["append", "overwrite"],
  check: async (config) => checkFolder(settingsOf(config).folder),
  open: async ({ config, connection, context }) => {
    const settings = settingsOf(config);
    const format = (scratch: string) =>
      settings.format === "parquet" ? parquetFormat(settings, scratch) : textFormat(settings);
    return new FileSession({ settings, connection, context, format });
  },
});
