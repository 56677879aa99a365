import type { Context, DestinationConnector, JsonObject, SourceConnector } from "@weir/protocol";
import { secretsOf } from "@weir/protocol";
import type { Secrets } from "../output/secrets.ts";
import type { KeptConfig } from "./kept-config.ts";

/*
 * A connector whose replaced credentials are kept. The configuration is resolved anew for each call: a token that
 * `discover` replaced is the one that `read` gets, also in a later attempt.
 */

export function rotatingSource(
  connector: SourceConnector,
  kept: KeptConfig,
  secrets: Secrets,
): SourceConnector {
  const now = resolver(connector, kept, secrets);
  return {
    ...connector,
    check: async (config, context) => connector.check(...(await now(config, context))),
    discover: async (config, context) => connector.discover(...(await now(config, context))),
    open: async (request) => {
      const [config, context] = await now(request.config, request.context);
      return connector.open({ ...request, config, context });
    },
  };
}

export function rotatingDestination(
  connector: DestinationConnector,
  kept: KeptConfig,
  secrets: Secrets,
): DestinationConnector {
  const now = resolver(connector, kept, secrets);
  return {
    ...connector,
    check: async (config, context) => connector.check(...(await now(config, context))),
    open: async (request) => {
      const [config, context] = await now(request.config, request.context);
      return connector.open({ ...request, config, context });
    },
  };
}

type Rotated = Pick<SourceConnector, "id" | "spec">;

type Resolve = (declared: JsonObject, context: Context) => Promise<readonly [JsonObject, Context]>;

function resolver({ id, spec }: Rotated, kept: KeptConfig, secrets: Secrets): Resolve {
  const schema = spec.connectionSpecification;
  const learn = (config: JsonObject): void => {
    for (const secret of secretsOf(schema, config)) secrets.add(secret);
  };
  const told = new Set<string>();
  return async (declared, context) => {
    const { config, dropped } = await kept.latest(declared);
    for (const name of dropped.filter((each) => !told.has(each))) {
      told.add(name);
      context.log(
        "warn",
        `The value of ${name} that ${id} had replaced by itself is not used any more: the one it replaced has changed in the environment or the project file, and holds.`,
      );
    }
    learn(config);
    const rotate = async (next: JsonObject): Promise<void> => {
      learn(next);
      await kept.keep(declared, next);
    };
    return [config, { ...context, rotate }];
  };
}
