import { resolve } from "node:path";
import { ConfigError, parseConfig } from "@weir/kit";
import type { DestinationConnector, JsonObject, SourceConnector, WeirError } from "@weir/protocol";
import { secretsOf } from "@weir/protocol";
import { fromText, isPath, isSecret, mapTexts } from "./config-walk.ts";
import type { Endpoint } from "./endpoint.ts";
import { loadDestination, loadSource } from "./load.ts";
import { atPlace } from "./place.ts";
import type { Problem } from "./problem.ts";
import { ProjectError } from "./problem.ts";
import { isReference, resolveText } from "./references.ts";
import type { Surroundings } from "./surroundings.ts";
import { usageError } from "./usage.ts";
import type { Finding } from "./validate.ts";
import { dotted } from "./validate.ts";

interface Configured<Connector> {
  readonly endpoint: Endpoint;
  readonly connector: Connector;
  /** Checked, complete, with the environment's values in it. */
  readonly config: JsonObject;
  readonly warnings: readonly string[];
}

export type ConfiguredSource = Configured<SourceConnector>;
export type ConfiguredDestination = Configured<DestinationConnector>;

export async function configureSource(endpoint: Endpoint, around: Surroundings): Promise<ConfiguredSource> {
  return configure(endpoint, await atPlace(endpoint, () => loadSource(endpoint, around)), around);
}

export async function configureDestination(
  endpoint: Endpoint,
  around: Surroundings,
): Promise<ConfiguredDestination> {
  return configure(endpoint, await atPlace(endpoint, () => loadDestination(endpoint, around)), around);
}

/** Loads nothing but the connector named; `secrets` learns every secret before anything can fail with it. */
function configure<Connector extends SourceConnector | DestinationConnector>(
  endpoint: Endpoint,
  connector: Connector,
  { env, secrets, folder }: Surroundings,
): Configured<Connector> {
  const schema = connector.spec.connectionSpecification;
  const path =
    endpoint.declared === undefined ? [`--${endpoint.kind}-config`] : [...endpoint.declared.path, "config"];
  const findings = endpoint.declared === undefined ? [] : secretsInTheClear(schema, endpoint.config, path);
  const plain: string[] = [];
  const value = mapTexts(schema, endpoint.config, (setting) => {
    const resolved = resolveText(setting.text, env, [...path, ...setting.path]);
    findings.push(...resolved.findings);
    const text = resolved.value;
    if (isSecret(setting)) secrets.add(text);
    else plain.push(setting.text);
    if (isPath(setting)) return resolve(folder, text);
    return isReference(setting.text) ? fromText({ ...setting, text }) : text;
  });
  // A value that became a list or a number is secret in its parts, and the schema may say so behind a reference.
  const hidden = new Set(secretsOf(schema, value));
  for (const secret of hidden) secrets.add(secret);
  secrets.addPublic(connector.id, endpoint.name, ...plain.filter((text) => !hidden.has(text)));
  if (findings.length > 0) throw located(endpoint, findings);
  try {
    const { config, warnings } = parseConfig(schema, value, dotted(path));
    return { endpoint, connector, config, warnings };
  } catch (error) {
    throw error instanceof ConfigError ? withPlaces(endpoint, error) : error;
  }
}

function secretsInTheClear(schema: JsonObject, config: JsonObject, path: readonly string[]): Finding[] {
  const findings: Finding[] = [];
  mapTexts(schema, config, (setting) => {
    if (isSecret(setting) && setting.text !== "" && !isReference(setting.text)) {
      const here = [...path, ...setting.path];
      const name = here
        .slice(1)
        .filter((step) => step !== "config")
        .join("_");
      const variable = name.toUpperCase().replaceAll(/[^A-Z0-9]+/g, "_");
      findings.push({
        path: here,
        at: "value",
        code: "config.secret_in_file",
        message: `${dotted(here)} is a secret and stands in the file itself.`,
        next: `Write \${${variable}} here and set that environment variable, or put it into the file .env.`,
      });
    }
    return setting.text;
  });
  return findings;
}

function located(endpoint: Endpoint, findings: readonly Finding[]): WeirError {
  const { declared } = endpoint;
  if (declared === undefined) {
    const [first] = findings;
    return usageError(
      findings.map(({ message }) => message).join(" "),
      first?.next ?? "",
      first?.code ?? "usage.arguments",
    );
  }
  const [first, ...others] = findings.map((finding) => declared.document.problem(finding));
  return new ProjectError([first as Problem, ...others]);
}

/** Adds the places in the file to what the connector's schema says. */
function withPlaces(endpoint: Endpoint, error: ConfigError): WeirError {
  const { declared } = endpoint;
  const lists =
    endpoint.command === undefined
      ? `"weir connector show ${endpoint.connector}" lists the settings.`
      : "the command's own spec lists the settings.";
  if (declared === undefined) {
    return usageError(
      error.failure.message,
      `Correct --${endpoint.kind}-config; ${lists}`,
      error.failure.code,
    );
  }
  const [first, ...others] = error.problems.map(({ path, text }) =>
    declared.document.problem({
      path: path.split("."),
      at: "value",
      code: error.failure.code,
      message: `${path} ${text}.`,
      next: `Correct it; ${lists}`,
    }),
  );
  return first === undefined ? error : new ProjectError([first, ...others]);
}
