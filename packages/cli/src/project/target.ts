import { createHash } from "node:crypto";
import { stringifyJson } from "@weir/protocol";
import type { CommandContext } from "../command.ts";
import type { Surroundings } from "./surroundings.ts";
import { surroundingsOf } from "./surroundings.ts";
import type { DeclaredConnection } from "./declared.ts";
import type { Endpoint } from "./endpoint.ts";
import type { EndpointOptions } from "./flags.ts";
import type { ProjectConnection } from "./read.ts";
import { readProject } from "./read.ts";
import { suggestion } from "./suggest.ts";
import { usageError } from "./usage.ts";

/** Connections to work on, and what belongs to them: from a project file, or one made of options. */
export interface Target {
  readonly around: Surroundings;
  readonly connections: readonly ProjectConnection[];
}

/** The connections named, or all of the project's; `settings` then win over the file's. */
export async function projectTarget(
  context: CommandContext,
  names: readonly string[],
  settings: DeclaredConnection,
): Promise<Target> {
  const project = await readProject(context);
  const unknown = names.find((name) => !project.connections.includes(name));
  if (unknown !== undefined) {
    throw usageError(
      `There is no connection "${unknown}" in ${project.document.file}.`,
      suggestion(unknown, project.connections, "connections"),
      "usage.connection_unknown",
    );
  }
  if (project.connections.length === 0) {
    throw usageError(
      `${project.document.file} declares no connections.`,
      'Add one under "connections:" with a source and a destination.',
      "config.connections_missing",
    );
  }
  const chosen = names.length === 0 ? project.connections : [...new Set(names)];
  return {
    around: surroundingsOf(context, project),
    connections: chosen.map((name) => {
      const connection = project.connection(name);
      return { ...connection, settings: { ...connection.settings, ...settings } };
    }),
  };
}

/** The connection that options spell. */
export async function optionsTarget(
  context: CommandContext,
  options: EndpointOptions & { readonly name?: string },
  settings: DeclaredConnection,
): Promise<Target> {
  const { endpointOf } = await import("./flags.ts");
  const source = await endpointOf("source", options);
  const destination = await endpointOf("destination", options);
  if (source === undefined || destination === undefined) {
    const [given, other] = source === undefined ? ["destination", "source"] : ["source", "destination"];
    throw usageError(`--${given} was given without --${other}.`, `Add --${other} <connector>.`);
  }
  const name = options.name ?? nameOf(source, destination);
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/.test(name)) {
    throw usageError("--name is not a name.", "Use letters, digits, -, _ and . (at most 100).");
  }
  return {
    around: surroundingsOf(context, { env: context.io.env, folder: context.cwd }),
    connections: [{ name, source, destination, settings }],
  };
}

/**
 * A name for a connection without one: the same for the same options, so that an incremental sync goes on where the
 * last one ended, and another for any other source or destination, so that they never share checkpoints.
 */
function nameOf(source: Endpoint, destination: Endpoint): string {
  const text = stringifyJson([source.connector, source.config, destination.connector, destination.config]);
  const digest = createHash("sha256").update(text).digest("hex").slice(0, 12);
  return `${source.connector.replace(/^source-/, "")}-to-${destination.connector.replace(/^destination-/, "")}-${digest}`;
}
