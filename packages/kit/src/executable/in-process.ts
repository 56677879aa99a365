import type {
  Command,
  Context,
  DestinationConnector,
  Message,
  Runner,
  SourceConnector,
  StreamDescriptor,
} from "@weir/protocol";
import { failureOf, secretsOf, Strike, stringifyJson, WeirError } from "@weir/protocol";
import type { JsonObject } from "@weir/protocol";
import { parseConfig } from "../config/parse.ts";
import { redactedError } from "../config/redact.ts";
import { errorMessage, logMessage } from "./messages.ts";
import { Outbox } from "./outbox.ts";
import { read } from "./read.ts";
import type { Scene } from "./scene.ts";
import { shownSpec } from "./spec-message.ts";
import { write } from "./write.ts";

export interface InProcessOptions {
  /**
   * The name under which a destination keeps checkpoints and fence. Absent: made of the streams of the catalog, so that
   * the same streams into the same destination are one connection.
   */
  readonly connection?: string | undefined;
  readonly random?: (() => number) | undefined;
}

type Connector = SourceConnector | DestinationConnector;

/** A connector of this process. `run` makes the messages that the connector as an executable would print. */
export function inProcess(connector: Connector, options: InProcessOptions = {}): Runner {
  return {
    kind: "in process",
    id: connector.id,
    run: async function* (command, context) {
      for await (const batch of messageBatches(connector, command, context, options)) yield* batch;
    },
    source: async () => {
      if (connector.kind === "source") return connector;
      throw wrongKind(connector, "source");
    },
    destination: async () => {
      if (connector.kind === "destination") return connector;
      throw wrongKind(connector, "destination");
    },
  };
}

/** What `run` gives, in the groups in which it comes: one wait for each, not for each message. */
export async function* messageBatches(
  connector: Connector,
  command: Command,
  context: Context,
  options: InProcessOptions = {},
): AsyncGenerator<readonly Message[]> {
  const stop = new AbortController();
  const signal = AbortSignal.any([context.signal, stop.signal]);
  const outbox = new Outbox();
  const schema = connector.spec.connectionSpecification;
  const reported = new WeakSet<object>();
  const strike = new Strike([], { short: "anywhere" });
  const learn = (config: JsonObject): void => {
    for (const secret of secretsOf(schema, config)) strike.add(secret);
  };

  const report = (error: unknown, stream?: StreamDescriptor): void => {
    const masked = redactedError(error, connector.kind, strike);
    const stack = error instanceof WeirError ? undefined : strike.text(masked.stack ?? "");
    const emittedAt = context.clock.now();
    void outbox.push(errorMessage(masked.failure, { emittedAt, stream, stack }));
    if (typeof error === "object" && error !== null) reported.add(error);
  };
  const scene: Scene = {
    outbox,
    random: options.random ?? Math.random,
    connection: options.connection,
    context: {
      clock: context.clock,
      signal,
      log: (level, message, fields) => {
        const extra = fields === undefined ? "" : ` ${stringifyJson(fields as JsonObject)}`;
        void outbox.push(logMessage(level, strike.text(message + extra)));
      },
      rotate: (config) => {
        learn(config);
        const control = { type: "CONNECTOR_CONFIG", connectorConfig: { config } } as const;
        return outbox.hand({ type: "CONTROL", control: { ...control, emitted_at: context.clock.now() } });
      },
    },
    configured: (given) => {
      learn(given);
      const { config, warnings } = parseConfig(schema, given, "config");
      for (const warning of warnings) scene.context.log("warn", warning);
      return config;
    },
    strike,
    report,
  };
  const work = perform(connector, command, scene).catch((error: unknown) => {
    signal.throwIfAborted();
    if (typeof error !== "object" || error === null || !reported.has(error)) report(error);
    throw redactedError(error, connector.kind, strike);
  });
  yield* outbox.batches(work, signal, () => stop.abort(new Error("nobody listens any more")));
}

async function perform(connector: Connector, command: Command, scene: Scene): Promise<void> {
  const { context, outbox } = scene;
  context.signal.throwIfAborted();
  switch (command.name) {
    case "spec": {
      const refreshes = connector.kind === "destination" ? { supportsRefreshes: true } : {};
      await outbox.push({ type: "SPEC", spec: { ...shownSpec(connector.spec), ...refreshes } });
      return;
    }
    case "check":
      await check(connector, command.config, scene);
      return;
    case "discover": {
      if (connector.kind !== "source") throw wrongCommand(connector, command.name);
      const catalog = await connector.discover(scene.configured(command.config), context);
      await outbox.push({ type: "CATALOG", catalog });
      return;
    }
    case "read":
      if (connector.kind !== "source") throw wrongCommand(connector, command.name);
      return read(connector, command, scene);
    case "write":
      if (connector.kind !== "destination") throw wrongCommand(connector, command.name);
      return write(connector, command, scene);
  }
}

/** A configuration that does not fit its schema is an answer too: the platform shows the message to its user. */
async function check(connector: Connector, given: JsonObject, scene: Scene): Promise<void> {
  const { context, outbox } = scene;
  const answer = async () => {
    try {
      return await connector.check(scene.configured(given), context);
    } catch (error) {
      context.signal.throwIfAborted();
      const failure = failureOf(error, connector.kind);
      if (failure.origin !== "config") throw error;
      return { status: "FAILED", message: failure.message, failures: [failure] } as const;
    }
  };
  const { status, message, failures } = await answer();
  const said =
    failures.length > 0
      ? failures.map((failure) => `${failure.message} ${failure.next}`).join("\n")
      : message;
  const text = said === undefined ? {} : { message: scene.strike.text(said) };
  await outbox.push({ type: "CONNECTION_STATUS", connectionStatus: { status, ...text } });
}

function wrongKind({ id }: Connector, wanted: "source" | "destination"): WeirError {
  return new WeirError({
    code: "connector.kind",
    message: `${id} is no ${wanted}.`,
    next: `Name a ${wanted}.`,
    recovery: "ask",
    origin: "config",
  });
}

function wrongCommand({ id, kind }: Connector, command: string): WeirError {
  return new WeirError({
    code: "connector.command",
    message: `${id} is a ${kind} and does not know the command ${command}.`,
    next: `It knows spec, check and ${kind === "source" ? "discover and read" : "write"}.`,
    recovery: "ask",
    origin: "config",
  });
}
