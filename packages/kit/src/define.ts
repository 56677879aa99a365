import type {
  Catalog,
  CheckResult,
  Context,
  DestinationConnector,
  DestinationSession,
  FailureOrigin,
  JsonObject,
  OpenDestination,
  OpenSource,
  SourceConnector,
  SourceSession,
  WriteMode,
} from "@weir/protocol";
import type { Static } from "typebox";
import { redactedError, strikeFor } from "./config/redact.ts";
import { specOf } from "./config/spec.ts";
import type { TObject } from "./config/type.ts";

interface Definition<Config extends TObject> {
  /** `source-<system>` or `destination-<system>`: small letters, digits and dashes. */
  readonly id: string;
  readonly title: string;
  /** A `Type.Object`: every property with title, description, default and examples; secrets with `airbyte_secret: true`. */
  readonly config: Config;
  readonly documentationUrl?: string | undefined;
  /** Returning, or returning SUCCEEDED, is good; a thrown error becomes a FAILED with its failure. */
  check(config: Static<Config>, context: Context): Promise<CheckResult | void>;
}

export interface SourceDefinition<Config extends TObject> extends Definition<Config> {
  discover(config: Static<Config>, context: Context): Promise<Catalog>;
  open(request: Omit<OpenSource, "config"> & { readonly config: Static<Config> }): Promise<SourceSession>;
}

export interface DestinationDefinition<Config extends TObject> extends Definition<Config> {
  /** The write modes some table can be loaded in; sessions say the same in their capabilities. */
  readonly modes: readonly WriteMode[];
  open(
    request: Omit<OpenDestination, "config"> & { readonly config: Static<Config> },
  ): Promise<DestinationSession>;
}

/** A source of the protocol. Errors of `check`, `discover` and `open` leave with their secrets masked. */
export function defineSource<Config extends TObject>(definition: SourceDefinition<Config>): SourceConnector {
  const { guarded, check } = wrap(definition, "source");
  return {
    kind: "source",
    id: definition.id,
    title: definition.title,
    spec: specOf(definition.config, { documentationUrl: definition.documentationUrl }),
    check,
    discover: (config, context) =>
      guarded(config, () => definition.discover(config as Static<Config>, context)),
    open: (request) =>
      guarded(request.config, () =>
        definition.open({ ...request, config: request.config as Static<Config> }),
      ),
  };
}

/** A destination of the protocol. Errors of `check` and `open` leave with their secrets masked. */
export function defineDestination<Config extends TObject>(
  definition: DestinationDefinition<Config>,
): DestinationConnector {
  const { guarded, check } = wrap(definition, "destination");
  return {
    kind: "destination",
    id: definition.id,
    title: definition.title,
    spec: specOf(definition.config, {
      documentationUrl: definition.documentationUrl,
      supportsIncremental: definition.modes.some((mode) => mode.startsWith("append")),
      modes: definition.modes,
    }),
    check,
    open: (request) =>
      guarded(request.config, () =>
        definition.open({ ...request, config: request.config as Static<Config> }),
      ),
  };
}

function wrap<Config extends TObject>(
  definition: Definition<Config>,
  origin: FailureOrigin & ("source" | "destination"),
) {
  const { id } = definition;
  if (!new RegExp(`^${origin}-[a-z0-9]+(-[a-z0-9]+)*$`).test(id)) {
    throw new TypeError(
      `The id of a ${origin} is "${origin}-<system>" in small letters, digits and dashes, not "${id}".`,
    );
  }
  const schema = JSON.parse(JSON.stringify(definition.config)) as JsonObject;
  const guarded = async <T>(config: JsonObject, act: () => Promise<T>): Promise<T> => {
    try {
      return await act();
    } catch (error) {
      throw redactedError(error, origin, strikeFor(schema, config));
    }
  };
  const check = async (config: JsonObject, context: Context): Promise<CheckResult> => {
    try {
      const result = await definition.check(config as Static<Config>, context);
      return result ?? { status: "SUCCEEDED", failures: [] };
    } catch (error) {
      if (context.signal.aborted) throw error;
      const { failure } = redactedError(error, origin, strikeFor(schema, config));
      return { status: "FAILED", message: failure.message, failures: [failure] };
    }
  };
  return { guarded, check };
}
