import { join } from "node:path";
import type { Destination } from "../destinations/destination.ts";
import type { Width } from "../limits/tables.ts";
import { measure } from "../measure/command.ts";
import type { Scene } from "../scene.ts";
import { connectorConfig, SOURCE } from "../servers.ts";
import type { Project } from "../weir.ts";
import { weirSync, writeProject } from "../weir.ts";
import type { Contender, Route } from "./route.ts";

/** The whole table, read at once. */
export function fullRefresh(scene: Scene, destination: Destination): Route {
  const native = (width: Width): Contender => ({
    prepare: () => destination.empty(),
    commands: destination.limit(width),
    contents: () => destination.contents(),
  });
  const project = projectFor(scene, destination, { mode: "full_refresh_overwrite" });
  return {
    name: `postgres -> ${destination.name}`,
    rows: scene.rows,
    memoryBytes: destination.memoryBytes,
    weir: {
      prepare: async () => {
        await destination.empty();
        writeProject(project);
      },
      commands: [weirSync(scene.servers, project.folder)],
      contents: () => destination.contents(),
    },
    limit: {
      kind: "native",
      name: destination.limitName,
      contender: native("whole"),
      target: 0.9,
      dataColumns: native("data"),
    },
  };
}

/** An incremental sync that finds nothing to do, after one that moved everything. */
export function nothingNew(scene: Scene, destination: Destination): Route {
  const { servers } = scene;
  const stream = { name: "lineitem", namespace: "public", cursor: "l_orderkey" };
  const project = projectFor(scene, destination, { streams: [stream], mode: "incremental_append_deduped" });
  const command = weirSync(servers, project.folder);
  return {
    name: `nothing new, postgres -> ${destination.name}`,
    rows: scene.rows,
    memoryBytes: destination.memoryBytes,
    begin: async () => {
      await destination.empty();
      writeProject(project);
      await measure([command], servers.postmaster);
    },
    weir: {
      prepare: async () => undefined,
      commands: [command],
      contents: () => destination.contents(),
    },
    limit: { kind: "seconds", seconds: 1 },
  };
}

function projectFor(
  scene: Scene,
  { name, endpoint }: Destination,
  connection: Project["connection"],
): Project {
  return {
    folder: join(scene.folder, `project-${name}`),
    source: { connector: "source-postgres", config: connectorConfig(scene.servers, SOURCE) },
    destination: endpoint,
    connection,
  };
}
