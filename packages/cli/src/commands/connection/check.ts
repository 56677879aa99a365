import type { CheckResult, Context, JsonValue } from "@weir/protocol";
import { failureOf, WeirError } from "@weir/protocol";
import type { Command, CommandContext } from "../../command.ts";
import type { ExitCode } from "../../exit-code.ts";
import { exitCodeOf, exitCodes } from "../../exit-code.ts";
import { failureLines, maskFailure } from "../../output/failure.ts";
import { configureDestination, configureSource } from "../../project/configure.ts";
import type { Surroundings } from "../../project/surroundings.ts";
import { surroundingsOf } from "../../project/surroundings.ts";
import type { Endpoint } from "../../project/endpoint.ts";
import type { EndpointOptions } from "../../project/flags.ts";
import { endpointOf } from "../../project/flags.ts";
import type { PlacedFailure } from "../../project/place.ts";
import { placed } from "../../project/place.ts";
import type { ProjectConnection } from "../../project/read.ts";
import { readProject } from "../../project/read.ts";
import { suggestion } from "../../project/suggest.ts";
import { optionsTarget } from "../../project/target.ts";
import { usageError } from "../../project/usage.ts";
import { rehearse, type Rehearsed } from "../../sync/rehearse.ts";
import { prepareSync } from "../../sync/run.ts";
import { SharedTables } from "../../sync/shared-tables.ts";

interface Checked {
  readonly kind: Endpoint["kind"] | "connection";
  readonly name: string;
  /** The connector's id; a connection has none. */
  readonly connector?: string;
  readonly failures: readonly PlacedFailure[];
  readonly warnings: readonly string[];
}

/**
 * Checks every endpoint to its end, so that one run shows all that is wrong; then whether the connections between those
 * that work could be synced, by the rules of a sync.
 */
export const check: Command<EndpointOptions> = async (context, names, options) => {
  const { endpoints, connections, around } = await chosen(context, names, options);
  const checked: Checked[] = [];
  const works = new Set<Endpoint>();
  for (const endpoint of endpoints) {
    context.io.signal.throwIfAborted();
    const found = await checkOne(context, endpoint, around);
    if (found.failures.length === 0) works.add(endpoint);
    checked.push(found);
  }
  const shared = new SharedTables();
  for (const connection of connections) {
    context.io.signal.throwIfAborted();
    // Why the others cannot be synced is said already.
    if (!works.has(connection.source) || !works.has(connection.destination)) continue;
    checked.push(await checkConnection(context, connection, around, shared));
  }
  const [failed] = checked.filter(({ failures }) => failures.length > 0);
  const [failure] = failed?.failures ?? [];
  return {
    code: codeOf(failed),
    result: checked.map(({ kind, name, connector, failures, warnings }) => ({
      kind,
      name,
      ...(connector === undefined ? {} : { connector }),
      ok: failures.length === 0,
      failures: failures.map((each) => ({ ...maskFailure(each, context.secrets) })),
      warnings,
    })) as unknown as JsonValue,
    lines: checked.flatMap((each) => linesOf(context, each)),
    failure,
  };
};

/** An endpoint that does not answer is a failure; a connection refused ends as the sync of it would. */
function codeOf(failed: Checked | undefined): ExitCode {
  const [failure] = failed?.failures ?? [];
  if (failure === undefined) return exitCodes.done;
  return failed?.kind === "connection" ? exitCodeOf(failure) : exitCodes.failed;
}

interface Chosen {
  readonly connections: readonly ProjectConnection[];
  readonly endpoints: readonly Endpoint[];
  readonly around: Surroundings;
}

async function chosen(
  context: CommandContext,
  names: readonly string[],
  options: EndpointOptions,
): Promise<Chosen> {
  const given = [await endpointOf("source", options), await endpointOf("destination", options)];
  const endpoints = given.filter((endpoint) => endpoint !== undefined);
  if (endpoints.length === 2) {
    const { connections, around } = await optionsTarget(context, options, {});
    return { endpoints: connections.flatMap(endsOf), connections, around };
  }
  if (endpoints.length > 0)
    return {
      endpoints,
      connections: [],
      around: surroundingsOf(context, { env: context.io.env, folder: context.cwd }),
    };
  const project = await readProject(context);
  const around = surroundingsOf(context, project);
  const all = [...project.sources, ...project.destinations];
  if (names.length === 0) {
    return {
      endpoints: all,
      connections: project.connections.map((name) => project.connection(name)),
      around,
    };
  }
  const connections: ProjectConnection[] = [];
  const found = names.flatMap((name) => {
    const named = all.filter((endpoint) => endpoint.name === name);
    if (named.length > 0) return named;
    if (!project.connections.includes(name)) {
      throw usageError(
        `${project.document.file} declares nothing called "${name}".`,
        suggestion(name, [...all.map((endpoint) => endpoint.name), ...project.connections], "names"),
        "usage.name_unknown",
      );
    }
    const connection = project.connection(name);
    connections.push(connection);
    return endsOf(connection);
  });
  return { endpoints: [...new Set(found)], connections, around };
}

function endsOf({ source, destination }: ProjectConnection): readonly Endpoint[] {
  return [source, destination];
}

async function checkConnection(
  context: CommandContext,
  connection: ProjectConnection,
  around: Surroundings,
  shared: SharedTables,
): Promise<Checked> {
  const { name } = connection;
  context.note(`checking ${name} (what a sync of it would be refused for) ...`);
  const prepared = await prepareSync(around, connection);
  const { failures, tables } = await rehearse(context, prepared).catch((error: unknown): Rehearsed => {
    context.io.signal.throwIfAborted();
    if (!(error instanceof WeirError)) throw error;
    return { failures: [error.failure], tables: [] };
  });
  return { kind: "connection", name, failures, warnings: shared.add(prepared, tables) };
}

async function checkOne(context: CommandContext, endpoint: Endpoint, around: Surroundings): Promise<Checked> {
  const { io, log } = context;
  const surroundings: Context = { clock: io.clock, log, signal: io.signal };
  const { connector, config, warnings } =
    endpoint.kind === "source"
      ? await configureSource(endpoint, around)
      : await configureDestination(endpoint, around);
  context.note(`checking ${endpoint.name} (${connector.id}) ...`);
  const result = await connector.check(config, surroundings).catch((error: unknown): CheckResult => {
    io.signal.throwIfAborted();
    return { status: "FAILED", failures: [failureOf(error, endpoint.kind)] };
  });
  return {
    kind: endpoint.kind,
    name: endpoint.name,
    connector: endpoint.connector,
    warnings,
    failures: result.status === "FAILED" ? failuresOf(endpoint, result) : [],
  };
}

function failuresOf(endpoint: Endpoint, result: CheckResult): readonly PlacedFailure[] {
  if (result.failures.length > 0) return result.failures.map((failure) => placed(failure, endpoint.declared));
  return [
    {
      code: `${endpoint.kind}.check_failed`,
      message: result.message ?? "The check failed without a message.",
      next: `Check the settings of ${endpoint.name}.`,
      recovery: "ask",
      origin: endpoint.kind,
      place: endpoint.declared?.document.place(endpoint.declared.path),
    },
  ];
}

function linesOf(context: CommandContext, { kind, name, failures, warnings }: Checked): readonly string[] {
  const { style, secrets } = context;
  const verdict = failures.length === 0 ? style("green", "ok") : style("red", "failed");
  return [
    `${kind} ${name}: ${verdict}`,
    ...failures
      .flatMap((failure) => failureLines(maskFailure(failure, secrets), style))
      .map((line) => `  ${line}`),
    ...warnings.map((warning) => `  ${style("yellow", "warning:")} ${warning}`),
  ];
}
