import { mkdir, rm, writeFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { startEmbeddedPostgres } from "@weir/kit/embedded-postgres";
import type { Command, CommandContext } from "../../command.ts";
import type { DeclaredConnection } from "../../project/declared.ts";
import type { Endpoint } from "../../project/endpoint.ts";
import { endpointOf } from "../../project/flags.ts";
import { PROJECT_FILE } from "../../project/read.ts";
import { prepareSync, runSync } from "../../sync/run.ts";
import { demoOutcome } from "./report.ts";
import type { DemoStep } from "./report.ts";
import { changeShop, furnishShop } from "./shop.ts";
import { surroundingsOf } from "../../project/surroundings.ts";

interface DemoOptions {
  readonly folder: string;
  readonly users: number;
}

const FILE = "shop.duckdb";
const STREAMS = ["users", "products", "purchases"];
const NOTHING_SPECIAL = { refresh: [], retain: false, clear: [], acceptSchema: false };

/** The main job on a database that is made for it and gone at the end. */
export const runDemo: Command<DemoOptions> = async (context, _args, options) => {
  const place = resolve(context.cwd, options.folder);
  const file = join(place, FILE);
  await prepare(place, file);
  const { signal } = context.io;
  context.note(heading(context, "Starting a private PostgreSQL"));
  const server = await startEmbeddedPostgres();
  const steps: DemoStep[] = [];
  const places = { file, project: place };
  try {
    signal.throwIfAborted();
    const url = await server.createDatabase("shop");
    const scene: Scene = { context, place, steps };
    const filled = await step(scene, "Sample data into PostgreSQL", {
      name: "samples-to-shop",
      source: await endpoint("source", "faker", [`count=${options.users}`]),
      destination: await endpoint("destination", url),
      settings: { streams: STREAMS },
      where: "PostgreSQL",
    });
    if (!filled) return demoOutcome(context, steps, places);
    await furnishShop(url);
    const copy: Route = {
      name: "shop-to-duckdb",
      source: await endpoint("source", url),
      destination: await endpoint("destination", "duckdb", [`path=${file}`]),
      settings: {
        streams: STREAMS,
        mode: "incremental_append_deduped",
        cursor: "updated_at",
      },
      where: relative(context.cwd, file),
    };
    if (!(await step(scene, "PostgreSQL into DuckDB", copy))) return demoOutcome(context, steps, places);
    const changed = await changeShop(url);
    context.note("");
    context.note(
      `In the shop, ${changed.users} users have moved and ${changed.purchases} purchases were made.`,
    );
    await step(scene, "What changed", copy);
    return demoOutcome(context, steps, places);
  } finally {
    await server.stop();
  }
};

interface Scene {
  readonly context: CommandContext;
  readonly place: string;
  readonly steps: DemoStep[];
}

interface Route {
  readonly name: string;
  readonly source: Endpoint;
  readonly destination: Endpoint;
  readonly settings: DeclaredConnection;
  /** For the last table. */
  readonly where: string;
}

/** Syncs once; false when there is no point in going on. */
async function step(scene: Scene, title: string, route: Route): Promise<boolean> {
  const { context, place, steps } = scene;
  context.note("");
  context.note(heading(context, title));
  // Nobody waits for a demonstration's fifth attempt.
  const limits = { completeFailures: 2, backoffMinSeconds: 1 };
  const connection = { ...route, settings: { ...route.settings, verify: "count" as const, limits } };
  const around = surroundingsOf(context, { env: {}, folder: place });
  const finished = await runSync(context, await prepareSync(around, connection), NOTHING_SPECIAL);
  steps.push({ title, where: route.where, finished });
  return finished.result.status === "succeeded";
}

async function endpoint(
  kind: "source" | "destination",
  what: string,
  settings: readonly string[] = [],
): Promise<Endpoint> {
  const found = await endpointOf(
    kind,
    kind === "source"
      ? { source: what, sourceConfig: settings }
      : { destination: what, destinationConfig: settings },
  );
  if (found === undefined) throw new TypeError(`no ${kind}`);
  return found;
}

/** What an earlier demo left goes; anything else in the folder stays. */
async function prepare(place: string, file: string): Promise<void> {
  for (const path of [file, `${file}.wal`, join(place, ".weir")])
    await rm(path, { recursive: true, force: true });
  await mkdir(place, { recursive: true });
  await writeFile(join(place, PROJECT_FILE), PROJECT);
}

function heading(context: CommandContext, text: string): string {
  return context.noteStyle("bold", text);
}

/** A project for trying on: the demo's server is gone by then, so the rows come from the generator. */
const PROJECT = `# A small project to play with: sample data into a DuckDB file.
sources:
  samples:
    connector: source-faker
    config:
      count: 10000
destinations:
  file:
    connector: destination-duckdb
    config:
      path: samples.duckdb
connections:
  samples:
    source: samples
    destination: file
`;
