import type { DestinationConnector, JsonObject, JsonValue, SourceConnector } from "@weir/protocol";
import { isObject } from "@weir/protocol";

/** Names that become file names and keys of checkpoints. */
const NAME = {
  pattern: "^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$",
  patternText: "letters, digits, -, _ and . (at most 100)",
};

const mode: JsonObject = {
  type: "string",
  enum: [
    "full_refresh_append",
    "full_refresh_overwrite",
    "full_refresh_overwrite_deduped",
    "incremental_append",
    "incremental_append_deduped",
  ],
  description:
    "How the stream is moved. Without it: incremental_append_deduped where cursor and key are known, else full_refresh_overwrite.",
};

const cursor: JsonObject = {
  type: "string",
  description: "Field that tells new rows, for incremental modes.",
};

const primaryKey: JsonObject = {
  description: "Field, or list of fields, that tells rows apart, for deduped modes.",
  anyOf: [
    { type: "string", description: "one field" },
    { type: "array", items: { type: "string" }, minItems: 1, description: "a list of fields" },
  ],
};

const stream: JsonObject = {
  type: "object",
  description: "a stream with its settings",
  required: ["name"],
  additionalProperties: false,
  properties: {
    name: { type: "string", description: "Name of the stream, as the source calls it." },
    namespace: { type: "string", description: "Its namespace (schema), where the name alone is not unique." },
    mode,
    cursor,
    primaryKey,
    fields: {
      type: "array",
      items: { type: "string" },
      minItems: 1,
      description: "Top-level fields to move; all by default. Cursor and key always move.",
    },
  },
};

function wholeNumber(description: string, minimum: number): JsonObject {
  return { type: "integer", minimum, description };
}

const limits: JsonObject = {
  type: "object",
  description: "Limits of a sync, where the defaults do not fit.",
  additionalProperties: false,
  properties: {
    parallelStreams: wholeNumber("Streams moved at the same time.", 1),
    bytesInFlight: wholeNumber("Bytes buffered over all streams.", 1024),
    sourceHeartbeatSeconds: wholeNumber("A source silent for so long is taken for dead.", 1),
    destinationTimeoutSeconds: wholeNumber(
      "A destination that takes so long for one call is taken for dead.",
      1,
    ),
    completeFailures: wholeNumber("The sync ends with so many attempts that moved nothing.", 1),
    completeFailuresInSuccession: wholeNumber("The same, in a row.", 1),
    partialFailures: wholeNumber(
      "The sync ends with so many attempts that failed after moving something.",
      1,
    ),
    partialFailuresInSuccession: wholeNumber("The same, in a row.", 1),
    backoffMinSeconds: wholeNumber("Wait after the first failure.", 0),
    backoffMaxSeconds: wholeNumber("Longest wait between attempts.", 0),
  },
};

const connection: JsonObject = {
  type: "object",
  description: "What moves from a source to a destination, and how.",
  required: ["source", "destination"],
  additionalProperties: false,
  properties: {
    source: { type: "string", description: "Name of one of the sources above." },
    destination: { type: "string", description: "Name of one of the destinations above." },
    streams: {
      description: 'The streams to move: "all", or a list of names and streams with settings.',
      anyOf: [
        { type: "string", enum: ["all"], description: '"all"' },
        {
          type: "array",
          description:
            "a list of streams, such as [orders, { name: users, mode: incremental_append, cursor: changed_at }]",
          minItems: 1,
          items: {
            anyOf: [{ type: "string", description: "a stream's name, or namespace.name" }, stream],
          },
        },
      ],
    },
    mode,
    cursor,
    primaryKey,
    namespace: {
      description:
        "Where tables go: in the destination's own namespace, in one named as at the source, or elsewhere.",
      anyOf: [
        { type: "string", enum: ["destination", "source"], description: '"destination" or "source"' },
        {
          type: "object",
          description: "a format",
          required: ["format"],
          additionalProperties: false,
          properties: {
            format: {
              type: "string",
              description: "Text in which ${SOURCE_NAMESPACE} stands for the stream's own namespace.",
            },
          },
        },
      ],
    },
    prefix: { type: "string", description: "Put before every table's name." },
    schemaChanges: {
      type: "string",
      enum: ["propagate_columns", "propagate_fully", "ignore", "disable"],
      description:
        "What happens when the source's streams change: new columns are added (propagate_columns), new streams as well (propagate_fully), nothing (ignore), or a stream that changed is not moved until the change is accepted with --accept-schema (disable).",
    },
    nativeTypes: {
      type: "boolean",
      description: "Keep the source's own column types where the destination has them.",
    },
    rejects: {
      type: "object",
      description: "What is allowed of rows that the destination refuses.",
      additionalProperties: false,
      properties: { max: wholeNumber("A sync with more refused rows than this fails.", 0) },
    },
    verify: {
      type: "string",
      enum: ["none", "count", "checksum"],
      description: "Compare the destination with the source at the end of each sync.",
    },
    limits,
  },
};

const manifestKeys: JsonObject = {
  manifest: {
    type: "string",
    minLength: 1,
    description:
      "In place of a connector: the path of an Airbyte manifest (manifest.yaml), from the project's folder. It runs in a process of its own.",
  },
  trusted: {
    type: "boolean",
    description:
      "The manifest runs in Weir's own process: faster to start, not isolated. Only for manifests you know.",
  },
};

function endpoints(kind: "source" | "destination"): JsonObject {
  return {
    type: "object",
    description: kind === "source" ? "Where data comes from, by name." : "Where data goes, by name.",
    propertyNames: NAME,
    additionalProperties: {
      type: "object",
      description: `A ${kind}.`,
      additionalProperties: false,
      properties: {
        connector: { type: "string", description: `Which connector: "weir connector list" names them.` },
        command: {
          type: "array",
          items: { type: "string" },
          minItems: 1,
          description:
            "In place of a connector: an executable that speaks the Airbyte protocol, with its first arguments. It runs in the project's folder.",
        },
        ...(kind === "source" ? manifestKeys : {}),
        env: {
          type: "array",
          items: { type: "string" },
          description:
            "Variables of the environment that the command gets beside PATH, HOME, locale and proxies.",
        },
        config: {
          type: "object",
          description:
            'Its settings: "weir connector show <connector>" lists them. Secrets are ${ENV} references.',
        },
      },
    },
  };
}

/** What a weir.yaml may hold: the one declaration that the reader checks and the editors' schema is made from. */
export const declaration: JsonObject = {
  type: "object",
  description: "A Weir project.",
  additionalProperties: false,
  properties: {
    sources: endpoints("source"),
    destinations: endpoints("destination"),
    connections: {
      type: "object",
      description: "What moves where, by name.",
      propertyNames: NAME,
      additionalProperties: connection,
    },
  },
};

/** What an entry names that runs: exactly one of these. */
export function waysOf(kind: "source" | "destination"): readonly string[] {
  return kind === "source" ? ["connector", "command", "manifest"] : ["connector", "command"];
}

/** The declaration as a JSON schema for editors, with the settings of every connector. */
export function projectSchema(connectors: readonly (SourceConnector | DestinationConnector)[]): JsonObject {
  const withConfig = (kind: "source" | "destination"): JsonObject => {
    const base = endpoints(kind);
    const own = connectors.filter((connector) => connector.kind === kind);
    const entry = base["additionalProperties"] as JsonObject;
    const properties = entry["properties"] as JsonObject;
    const connector = { ...(properties["connector"] as JsonObject), enum: own.map(({ id }) => id) };
    return {
      ...base,
      propertyNames: { pattern: NAME.pattern },
      additionalProperties: {
        ...entry,
        properties: { ...properties, connector },
        oneOf: waysOf(kind).map((way) => ({ required: [way] })),
        allOf: own.map(({ id, spec }) => ({
          if: { properties: { connector: { const: id } }, required: ["connector"] },
          then: {
            properties: { config: withReferences(spec.connectionSpecification) },
            ...(requiredNames(spec.connectionSpecification).length > 0 ? { required: ["config"] } : {}),
          },
        })),
      },
    };
  };
  const properties = declaration["properties"] as JsonObject;
  const connections = properties["connections"] as JsonObject;
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "weir.yaml",
    ...declaration,
    properties: {
      sources: withConfig("source"),
      destinations: withConfig("destination"),
      connections: { ...connections, propertyNames: { pattern: NAME.pattern } },
    },
  };
}

const reference: JsonObject = { type: "string", pattern: "^\\$\\{[A-Za-z_][A-Za-z0-9_]*\\}$" };

/** Every setting may be a reference to the environment, and a secret must be one. */
function withReferences(schema: JsonObject): JsonObject {
  const { $schema: _, default: fallback, ...rest } = schema;
  const standard = fallback === undefined ? {} : { default: fallback };
  if (schema["airbyte_secret"] === true) {
    const { description, title } = schema;
    return {
      ...reference,
      ...(title === undefined ? {} : { title }),
      ...(description === undefined ? {} : { description }),
    };
  }
  const type = schema["type"];
  if (type === "integer" || type === "number" || type === "boolean") {
    const { title, description, ...own } = rest;
    return {
      ...(title === undefined ? {} : { title }),
      ...(description === undefined ? {} : { description }),
      ...standard,
      anyOf: [own, reference],
    };
  }
  const changed: Record<string, JsonValue | undefined> = { ...rest, ...standard };
  if (isObject(schema["properties"])) {
    const { properties } = schema;
    changed["properties"] = Object.fromEntries(
      Object.entries(properties).map(([name, each]) => [name, isObject(each) ? withReferences(each) : each]),
    );
    changed["required"] = requiredNames(schema);
  }
  for (const key of ["oneOf", "anyOf"]) {
    const choices = schema[key];
    if (Array.isArray(choices)) {
      changed[key] = (choices as readonly JsonValue[]).map((each) =>
        isObject(each) ? withReferences(each) : each,
      );
    }
  }
  return changed;
}

/** What a person must write: a setting with a default may be left out, though its schema calls it required. */
function requiredNames(schema: JsonObject): readonly string[] {
  const required = Array.isArray(schema["required"]) ? (schema["required"] as readonly string[]) : [];
  const properties = isObject(schema["properties"]) ? schema["properties"] : {};
  return required.filter((name) => {
    const property = properties[name];
    return !isObject(property) || property["default"] === undefined;
  });
}
