import type {
  CheckResult,
  ConnectorSpecification,
  Context,
  JsonObject,
  LogLevel,
  Message,
  SourceConnector,
  StreamDescriptor,
} from "@weir/protocol";
import { failureOf, isObject, secretsOf, Strike, WeirError } from "@weir/protocol";
import type { Component, Node, Scope } from "./component.ts";
import { normalised } from "./document/config-rules.ts";
import { loadManifest } from "./document/load.ts";
import { propagate } from "./document/propagation.ts";
import type { Transport } from "./http/transport.ts";
import { apiBudget } from "./http/budget.ts";
import { undiciTransport } from "./http/undici-transport.ts";
import { scopeOf } from "./scope.ts";
import type { StreamList } from "./stream/list.ts";
import { listStreams } from "./stream/list.ts";
import { statusMessage } from "./stream/messages.ts";
import { Outbox } from "./stream/outbox.ts";
import { openSession } from "./stream/session.ts";

export interface ManifestSourceOptions {
  /** `source-<system>`. */
  readonly id?: string | undefined;
  /** Absent: the network. */
  readonly transport?: Transport | undefined;
  /** At least 0, less than 1. */
  readonly random?: (() => number) | undefined;
  /** Components that stand for Python classes, by the class's name as the manifest writes it. */
  readonly components?: ReadonlyMap<string, Component> | undefined;
}

const NONE: ReadonlyMap<string, Component> = new Map();

/** A manifest's text as a source. Fails with `manifest.*` where the text is no manifest. */
export function manifestSource(text: string, options: ManifestSourceOptions = {}): SourceConnector {
  const manifest = loadManifest(text);
  const spec = specOf(manifest);
  const source: Source = { manifest, spec, options };
  return {
    kind: "source",
    id: options.id ?? "source-manifest",
    title: titleOf(options.id ?? "source-manifest"),
    spec,
    check: (config, context) => check(source, config, context),
    discover: (config, context) =>
      cleaned(source, config, async () => {
        const { list } = await opened(source, config, context);
        const streams = [];
        for (const stream of list.streams) streams.push(await stream.describe(context.signal));
        return { streams };
      }),
    open: ({ config, catalog, state, context }) =>
      cleaned(source, config, async () => {
        const run = await opened(source, config, context);
        return openSession({
          ...run,
          catalog,
          state,
          context,
          first: [],
          clean: (error) => cleanError(source, config, error),
        });
      }),
  };
}

interface Source {
  readonly manifest: JsonObject;
  readonly spec: ConnectorSpecification;
  readonly options: ManifestSourceOptions;
}

interface Run {
  readonly scope: Scope;
  readonly list: StreamList;
  readonly outbox: Outbox;
  readonly onStream: (stream: StreamDescriptor) => void;
}

async function check(source: Source, config: JsonObject, context: Context): Promise<CheckResult> {
  try {
    const node = source.manifest["check"];
    if (!isObject(node)) throw withoutCheck();
    const overrides = node["config_overrides"];
    const checked = isObject(overrides) ? { ...config, ...overrides } : config;
    const { scope, list } = await opened(source, checked, context);
    const result = await scope.build("check", node as unknown as Node).run(list, context.signal);
    const failures = result.failures.map(
      (failure) => cleanError(source, checked, new WeirError(failure)).failure,
    );
    const message = failures[0]?.message;
    return { status: result.status, failures, ...(message === undefined ? {} : { message }) };
  } catch (error) {
    context.signal.throwIfAborted();
    const { failure } = cleanError(source, config, error);
    return { status: "FAILED", message: failure.message, failures: [failure] };
  }
}

async function opened(source: Source, config: JsonObject, context: Context): Promise<Run> {
  const { manifest, options } = source;
  const outbox = new Outbox();
  let reading: StreamDescriptor | null = null;
  const custom = options.components ?? NONE;
  const services = {
    transport: options.transport ?? undiciTransport(),
    context: {
      ...context,
      log: (level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>): void => {
        if (fields?.["rateLimited"] === true && reading !== null)
          outbox.push(limitedMessage(reading, context.clock.now()));
        context.log(level, message, fields);
      },
    },
    random: options.random ?? Math.random,
  };
  const plain = scopeOf({ config, services, custom });
  const own = normalised(manifest, config, {
    compile: (text) => plain.template(text),
    leaveOut: (rule) =>
      context.log(
        "warn",
        `The rule ${rule} for the configuration is Python code and was left out: give the settings in today's form.`,
      ),
  });
  const scope = own === config ? plain : scopeOf({ config: own, services, custom });
  const budget = manifest["api_budget"];
  if (isObject(budget)) scope.once("api-budget", () => apiBudget(budget as unknown as Node, scope));
  const list = await listStreams({
    manifest,
    scope,
    complete: (node, useParentParameters) =>
      propagate(isObject(node) ? node : {}, useParentParameters) as unknown as Node,
    known: (className) => custom.has(className),
    signal: context.signal,
  });
  return { scope, list, outbox, onStream: (stream) => (reading = stream) };
}

function limitedMessage(stream: StreamDescriptor, now: number): Message {
  return statusMessage(stream, "RUNNING", now, [{ type: "RATE_LIMITED" }]);
}

/** The spec as the protocol has it. */
function specOf(manifest: JsonObject): ConnectorSpecification {
  const node = manifest["spec"];
  const spec = isObject(node) ? node : {};
  const { connection_specification: schema, documentation_url: url, advanced_auth: auth } = spec;
  return {
    connectionSpecification: isObject(schema) ? schema : { type: "object", properties: {} },
    ...(typeof url === "string" && url !== "" ? { documentationUrl: url } : {}),
    ...(isObject(auth) ? { advanced_auth: auth } : {}),
  };
}

function titleOf(id: string): string {
  const name = id.replace(/^source-/, "").replaceAll("-", " ");
  return name.charAt(0).toUpperCase() + name.slice(1);
}

async function cleaned<T>(source: Source, config: JsonObject, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw cleanError(source, config, error);
  }
}

/** What servers say may repeat a secret. */
function cleanError({ spec }: Source, config: JsonObject, error: unknown): WeirError {
  const secrets = secretsOf(spec.connectionSpecification, config);
  const strike = new Strike(secrets, { short: "anywhere" });
  const failure = failureOf(error, "source");
  const { message, next, detail } = failure;
  return new WeirError({
    ...failure,
    message: strike.text(message),
    next: strike.text(next),
    ...(detail === undefined ? {} : { detail: strike.text(detail) }),
  });
}

function withoutCheck(): WeirError {
  return new WeirError({
    code: "manifest.check_missing",
    message: "The manifest has no check.",
    next: "Add a check that names a stream.",
    recovery: "ask",
    origin: "source",
    path: "check",
  });
}
