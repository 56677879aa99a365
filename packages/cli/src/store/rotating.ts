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
  const now = resolver(connector.spec.connectionSpecification, kept, secrets);
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
  const now = resolver(connector.spec.connectionSpecification, kept, secrets);
  return {
    ...connector,
    check: async (config, context) => connector.check(...(await now(config, context))),
    open: async (request) => {
      const [config, context] = await now(request.config, request.context);
      return connector.open({ ...request, config, context });
    },
  };
}

type Resolve = (declared: JsonObject, context: Context) => Promise<readonly [JsonObject, Context]>;

function resolver(schema: JsonObject, kept: KeptConfig, secrets: Secrets): Resolve {
  const learn = (config: JsonObject): void => {
    for (const secret of secretsOf(schema, config)) secrets.add(secret);
  };
  return async (declared, context) => {
    const config = await kept.latest(declared);
    learn(config);
    const rotate = async (next: JsonObject): Promise<void> => {
      learn(next);
      await kept.keep(declared, next);
    };
    return [config, { ...context, rotate }];
  };
}
