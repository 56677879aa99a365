import { resolve } from "node:path";
import { connectors } from "@weir/connectors";
import { childProcess, environmentFor } from "@weir/engine";
import { rowsOf } from "@weir/kit";
import type { DestinationConnector, Runner, SourceConnector } from "@weir/protocol";
import { keptConfig } from "../store/kept-config.ts";
import { rotatingDestination, rotatingSource } from "../store/rotating.ts";
import type { Endpoint } from "./endpoint.ts";
import { loadManifestFile } from "./manifest.ts";
import type { Surroundings } from "./surroundings.ts";
import { unknownConnector } from "./unknown.ts";

/*
 * The one place where runners are made: connectors of Weir's own and trusted manifests run in this process, commands and other
 * manifests as child processes. What
 * either replaces in its configuration is kept.
 */

export async function loadSource(endpoint: Endpoint, around: Surroundings): Promise<SourceConnector> {
  const kept = keptConfig(endpoint, around.folder);
  return rotatingSource(await plainSource(endpoint, around), kept, around.secrets);
}

export async function loadDestination(
  endpoint: Endpoint,
  around: Surroundings,
): Promise<DestinationConnector> {
  const kept = keptConfig(endpoint, around.folder);
  return rotatingDestination(await plainDestination(endpoint, around), kept, around.secrets);
}

async function plainSource(endpoint: Endpoint, around: Surroundings): Promise<SourceConnector> {
  if (endpoint.command !== undefined) return runnerOf(endpoint, around).source(around.context);
  if (endpoint.trustedManifest !== undefined)
    return loadManifestFile(resolve(around.folder, endpoint.trustedManifest));
  const row = connectors.find(({ id }) => id === endpoint.connector);
  if (row?.kind !== "source") throw unknownConnector(endpoint);
  return row.load();
}

async function plainDestination(endpoint: Endpoint, around: Surroundings): Promise<DestinationConnector> {
  if (endpoint.command !== undefined) return runnerOf(endpoint, around).destination(around.context);
  const row = connectors.find(({ id }) => id === endpoint.connector);
  if (row?.kind !== "destination") throw unknownConnector(endpoint);
  return row.load();
}

const SECRET_LENGTH = 8;

/** One for each endpoint of a process: it knows what its executable said of itself. */
const runners = new WeakMap<Endpoint, Runner>();

function runnerOf(endpoint: Endpoint, { env, folder }: Surroundings): Runner {
  const known = runners.get(endpoint);
  if (known !== undefined) return known;
  const { argv = [], env: names = [] } = endpoint.command ?? {};
  // Named variables mostly hold credentials; a short one would strike ordinary words.
  const secrets = names.map((name) => env[name] ?? "").filter((value) => value.length >= SECRET_LENGTH);
  const runner = childProcess({
    id: endpoint.name,
    argv,
    env: environmentFor(names, env),
    secrets,
    folder,
    rowsOf,
  });
  runners.set(endpoint, runner);
  return runner;
}
