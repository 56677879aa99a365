import type { ConnectorRow } from "@weir/connectors";
import { connectors } from "@weir/connectors";
import type { JsonObject, JsonValue } from "@weir/protocol";
import { isObject, parseJson } from "@weir/protocol";
import { fromText, mapTexts } from "./config-walk.ts";
import type { Endpoint, Kind } from "./endpoint.ts";
import { suggestion } from "./suggest.ts";
import { configOfUrl, schemeOf } from "./url.ts";
import { usageError } from "./usage.ts";

/** Options that give a source or destination without a project file. */
export interface EndpointOptions {
  readonly source?: string;
  readonly sourceConfig?: readonly string[];
  readonly destination?: string;
  readonly destinationConfig?: readonly string[];
}

/** The endpoint of `--source` or `--destination`, or nothing when the option was not given. */
export async function endpointOf(kind: Kind, options: EndpointOptions): Promise<Endpoint | undefined> {
  const given = kind === "source" ? options.source : options.destination;
  const settings = (kind === "source" ? options.sourceConfig : options.destinationConfig) ?? [];
  if (given === undefined) {
    if (settings.length === 0) return undefined;
    throw usageError(`--${kind}-config was given without --${kind}.`, `Add --${kind} <connector>.`);
  }
  const row = await rowOf(kind, given);
  const { spec } = await row.load();
  const schema = spec.connectionSpecification;
  const fromUrl = schemeOf(given) === undefined ? {} : configOfUrl(given, schema, kind);
  const merged = settings.reduce((config, text) => merge(config, settingOf(text, kind)), fromUrl);
  // Texts that still hold references get their type when these are resolved.
  const config = mapTexts(schema, merged, (setting) =>
    setting.text.includes("${") ? setting.text : fromText(setting),
  );
  return { kind, name: row.id, connector: row.id, config: config as JsonObject };
}

/** A registry row by id (`source-faker`), by its short form (`faker`) or by the scheme of a URL. */
async function rowOf(kind: Kind, given: string): Promise<ConnectorRow> {
  const rows = connectors.filter((row) => row.kind === kind);
  const scheme = schemeOf(given);
  const row =
    scheme === undefined
      ? rows.find(({ id, folder }) => id === given || folder === given)
      : (rows.find(({ folder }) => folder === scheme) ?? (await rowWithScheme(rows, scheme)));
  if (row !== undefined) return row;
  const what = scheme === undefined ? `"${given}"` : `URLs that begin with ${scheme}:`;
  throw usageError(
    `There is no ${kind} for ${what}.`,
    suggestion(
      scheme === undefined ? given : `${kind}-${scheme}`,
      rows.map(({ id }) => id),
      `${kind}s`,
    ),
    "usage.connector_unknown",
  );
}

/** A connector may declare further schemes: `x-weir-schemes` of its configuration's schema. */
async function rowWithScheme(
  rows: readonly ConnectorRow[],
  scheme: string,
): Promise<ConnectorRow | undefined> {
  for (const row of rows) {
    const schemes = (await row.load()).spec.connectionSpecification["x-weir-schemes"];
    if (Array.isArray(schemes) && (schemes as readonly JsonValue[]).includes(scheme)) return row;
  }
  return undefined;
}

/** `key=value`, where the key may be a path with dots, or one JSON object. */
function settingOf(text: string, kind: Kind): JsonObject {
  if (text.trimStart().startsWith("{")) return jsonSetting(text, kind);
  const at = text.indexOf("=");
  if (at <= 0) {
    throw usageError(`--${kind}-config needs key=value.`, `For example --${kind}-config host=localhost.`);
  }
  const steps = text.slice(0, at).split(".");
  return steps.reduceRight<JsonValue>((value, step) => ({ [step]: value }), text.slice(at + 1)) as JsonObject;
}

function jsonSetting(text: string, kind: Kind): JsonObject {
  try {
    const value = parseJson(text);
    if (isObject(value)) return value;
  } catch {
    // The parser's message would repeat the text, which may hold a secret.
  }
  throw usageError(`--${kind}-config is not valid JSON.`, "Give key=value, or one JSON object in quotes.");
}

function merge(one: JsonObject, other: JsonObject): JsonObject {
  const merged: Record<string, JsonValue | undefined> = { ...one };
  for (const [key, value] of Object.entries(other)) {
    const before = merged[key];
    merged[key] = isObject(before) && isObject(value) ? merge(before, value) : value;
  }
  return merged;
}
