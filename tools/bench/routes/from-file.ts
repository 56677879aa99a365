import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Destination } from "../destinations/destination.ts";
import { copyFile, readFileInto } from "../limits/files.ts";
import { LINEITEM } from "../lineitem.ts";
import type { Command } from "../measure/command.ts";
import { measure } from "../measure/command.ts";
import type { Scene } from "../scene.ts";
import { psqlEnvironment, SOURCE } from "../servers.ts";
import { weirSync, writeProject } from "../weir.ts";
import type { Contender, Route } from "./route.ts";

type Format = "csv" | "jsonl";

interface FileRoute {
  readonly format: Format;
  readonly destination: Destination;
  /** The least that Weir's speed may be of the limit's. */
  readonly target: number;
}

/** A whole file on the local disk. */
export function fromFile(scene: Scene, { format, destination, target }: FileRoute): Route {
  const file = join(scene.folder, `lineitem.${format}`);
  const folder = join(scene.folder, `project-${format}-${destination.name}`);
  const config = { root: scene.folder, streams: [{ name: "lineitem", files: [`lineitem.${format}`] }] };
  const isDuckdb = destination.name === "duckdb";
  const limit: Contender = {
    prepare: () => destination.empty(),
    commands: isDuckdb
      ? readFileInto(file, format, join(scene.folder, "target.duckdb"))
      : copyFile(scene.servers, file),
    contents: () => destination.contents(),
  };
  return {
    name: `${format} -> ${destination.name}`,
    rows: scene.rows,
    memoryBytes: destination.memoryBytes,
    begin: () => writeFile(scene, format, file),
    weir: {
      prepare: async () => {
        await destination.empty();
        writeProject({
          folder,
          source: { connector: "source-file", config },
          destination: destination.endpoint,
          connection: { mode: "full_refresh_overwrite" },
        });
      },
      commands: [weirSync(scene.servers, folder)],
      contents: () => destination.contents(),
    },
    limit: {
      kind: "native",
      name: isDuckdb ? (format === "csv" ? "read_csv" : "read_json") : "COPY FROM of the file",
      contender: limit,
      target,
    },
  };
}

/** The table as a file, written once. */
async function writeFile(scene: Scene, format: Format, file: string): Promise<void> {
  if (existsSync(file)) return;
  const names = LINEITEM.map(({ name }) => name).join(", ");
  const copy =
    format === "csv"
      ? `\\copy (select ${names} from lineitem) to '${file}' (format csv, header)`
      : `\\copy (select row_to_json(row) from (select ${names} from lineitem) as row) to '${file}' (format csv, quote e'\\x01', delimiter e'\\x02')`;
  const command: Command = {
    argv: ["psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "-c", copy],
    env: psqlEnvironment(scene.servers, SOURCE),
  };
  await measure([command], scene.servers.postmaster);
}
