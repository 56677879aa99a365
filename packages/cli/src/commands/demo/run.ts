import { mkdir, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { startEmbeddedPostgres } from "@weir/kit/embedded-postgres";
import type { Command, CommandContext } from "../../command.ts";
import type { Endpoint } from "../../project/endpoint.ts";
import { endpointOf } from "../../project/flags.ts";
import { PROJECT_FILE } from "../../project/read.ts";
import type { Target } from "../../project/target.ts";
import { runSync } from "../../sync/run.ts";
import type { FinishedSync } from "../../sync/run.ts";
import { changeShop } from "./change.ts";
import { demoOutcome } from "./report.ts";
import type { DemoStep } from "./report.ts";

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
  try {
    signal.throwIfAborted();
    const url = await server.createDatabase("shop");
    const scene: Scene = { context, place, steps };
    const faker = await endpoint("source", "faker", [`count=${options.users}`]);
    const warehouse = await endpoint("destination", "duckdb", [`path=${file}`]);
    const filled = await step(scene, "Filling a shop in PostgreSQL, through Weir", {
      name: "faker-to-shop",
      source: faker,
      destination: await endpoint("destination", url),
    });
    if (!filled) return demoOutcome(context, steps, { file, project: place });
    const copy = { name: "shop-to-duckdb", source: await endpoint("source", url), destination: warehouse };
    if (!(await step(scene, "Copying the shop into a DuckDB file", copy))) {
      return demoOutcome(context, steps, { file, project: place });
    }
    const changed = await changeShop(url, signal);
    context.note(
      `Changed in the shop: ${changed.updated} users updated, ${changed.inserted} purchases added.`,
    );
    await step(scene, "Copying again: only what changed moves", copy);
    return demoOutcome(context, steps, { file, project: place });
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
}

/** Syncs once; false when there is no point in going on. */
async function step(scene: Scene, title: string, route: Route): Promise<boolean> {
  const { context, place, steps } = scene;
  context.note("");
  context.note(heading(context, title));
  const target: Target = {
    folder: place,
    around: { env: {}, secrets: context.secrets },
    connections: [],
  };
  const settings = { streams: STREAMS, verify: "count" } as const;
  const finished: FinishedSync = await runSync(context, target, { ...route, settings }, NOTHING_SPECIAL);
  steps.push({ title, finished });
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
