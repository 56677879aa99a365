import type { CheckResult, Context, JsonValue } from "@weir/protocol";
import { failureOf } from "@weir/protocol";
import type { Command, CommandContext } from "../../command.ts";
import { exitCodes } from "../../exit-code.ts";
import { failureLines, maskFailure } from "../../output/failure.ts";
import { configureDestination, configureSource } from "../../project/configure.ts";
import type { Surroundings } from "../../project/configure.ts";
import type { Endpoint } from "../../project/endpoint.ts";
import type { EndpointOptions } from "../../project/flags.ts";
import { endpointOf } from "../../project/flags.ts";
import type { PlacedFailure } from "../../project/place.ts";
import { placed } from "../../project/place.ts";
import { readProject } from "../../project/read.ts";
import { suggestion } from "../../project/suggest.ts";
import { usageError } from "../../project/usage.ts";

interface Checked {
  readonly endpoint: Endpoint;
  readonly failures: readonly PlacedFailure[];
  readonly warnings: readonly string[];
}

/** Checks every endpoint to its end, so that one run shows all that is wrong. */
export const check: Command<EndpointOptions> = async (context, names, options) => {
  const { endpoints, around } = await chosen(context, names, options);
  const checked: Checked[] = [];
  for (const endpoint of endpoints) {
    context.io.signal.throwIfAborted();
    checked.push(await checkOne(context, endpoint, around));
  }
  const failed = checked.filter(({ failures }) => failures.length > 0);
  const failures = failed.flatMap((each) => each.failures);
  const [failure] = failures;
  return {
    code: failure === undefined ? exitCodes.done : exitCodes.failed,
    result: checked.map(({ endpoint, failures: found, warnings }) => ({
      kind: endpoint.kind,
      name: endpoint.name,
      connector: endpoint.connector,
      ok: found.length === 0,
      failures: found.map((each) => ({ ...maskFailure(each, context.secrets) })),
      warnings,
    })) as unknown as JsonValue,
    lines: checked.flatMap((each) => linesOf(context, each)),
    failure,
  };
};

interface Chosen {
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
  const { secrets } = context;
  if (endpoints.length > 0)
    return { endpoints, around: { env: context.io.env, secrets, folder: context.cwd } };
  const project = await readProject(context);
  const around = { env: project.env, secrets, folder: project.folder };
  const all = [...project.sources, ...project.destinations];
  if (names.length === 0) return { endpoints: all, around };
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
    const { source, destination } = project.connection(name);
    return [source, destination];
  });
  return { endpoints: [...new Set(found)], around };
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
  return { endpoint, warnings, failures: result.status === "FAILED" ? failuresOf(endpoint, result) : [] };
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

function linesOf(context: CommandContext, { endpoint, failures, warnings }: Checked): readonly string[] {
  const { style, secrets } = context;
  const verdict = failures.length === 0 ? style("green", "ok") : style("red", "failed");
  return [
    `${endpoint.kind} ${endpoint.name}: ${verdict}`,
    ...failures
      .flatMap((failure) => failureLines(maskFailure(failure, secrets), style))
      .map((line) => `  ${line}`),
    ...warnings.map((warning) => `  ${style("yellow", "warning:")} ${warning}`),
  ];
}
