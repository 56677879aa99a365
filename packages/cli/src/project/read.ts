import { readFile, stat } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path";
import { parseEnv } from "node:util";
import { connectors } from "@weir/connectors";
import type { JsonObject } from "@weir/protocol";
import type { CommandContext } from "../command.ts";
import type { DeclaredConnection, DeclaredProject } from "./declared.ts";
import { YamlDocument } from "./document.ts";
import type { Declared, Endpoint, Kind } from "./endpoint.ts";
import type { Problem } from "./problem.ts";
import { ProjectError, problemsOf } from "./problem.ts";
import type { Environment } from "./references.ts";
import { resolveReferences } from "./references.ts";
import { oneWay, runsOf } from "./runs.ts";
import { declaration } from "./schema.ts";
import { suggestion } from "./suggest.ts";
import { unknownConnector } from "./unknown.ts";
import { usageError } from "./usage.ts";
import type { Finding } from "./validate.ts";
import { validate } from "./validate.ts";

export const PROJECT_FILE = "weir.yaml";

export interface ProjectConnection {
  readonly name: string;
  readonly source: Endpoint;
  readonly destination: Endpoint;
  /** With the environment's values in it. */
  readonly settings: DeclaredConnection;
  /** Where it stands; nothing when it was given by options. */
  readonly declared?: Declared | undefined;
}

/** A weir.yaml whose form is right and whose names exist. Settings of connectors are checked when they are used. */
export interface Project {
  /** Folder of the file; relative paths in it begin here. */
  readonly folder: string;
  readonly document: YamlDocument;
  readonly env: Environment;
  readonly sources: readonly Endpoint[];
  readonly destinations: readonly Endpoint[];
  readonly connections: readonly string[];
  connection(name: string): ProjectConnection;
}

/** Where the project file is or would be. `--file` may name its folder. */
export async function projectPath(context: CommandContext): Promise<string> {
  const path = resolve(context.cwd, context.file ?? PROJECT_FILE);
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory() === true ? join(path, PROJECT_FILE) : path;
}

/** Throws ProjectError with everything wrong in the file. */
export async function readProject(context: CommandContext): Promise<Project> {
  const path = await projectPath(context);
  const document = new YamlDocument(shown(context.cwd, path), await readText(context.cwd, path));
  const env = await readEnvironment(context, dirname(path));
  const findings = validate(declaration, document.value ?? {});
  refuse(document, [...findings, ...oneWay(document.value)]);
  const declared = (document.value ?? {}) as unknown as DeclaredProject;
  const sources = endpointsOf("source", declared, document);
  const destinations = endpointsOf("destination", declared, document);
  const unknown = [...sources, ...destinations].flatMap((endpoint) =>
    endpoint.command !== undefined ||
    endpoint.trustedManifest !== undefined ||
    connectors.some(({ id, kind }) => id === endpoint.connector && kind === endpoint.kind)
      ? []
      : problemsOf(unknownConnector(endpoint)),
  );
  refuse(document, [...unknownEndpoints(declared), ...foldedNames(declared)], unknown);
  const connections = declared.connections ?? {};
  return {
    folder: dirname(path),
    document,
    env,
    sources,
    destinations,
    connections: Object.keys(connections),
    connection: (name) => {
      const { source, destination, ...settings } = connections[name] ?? { source: "", destination: "" };
      return {
        name,
        source: named(sources, source),
        destination: named(destinations, destination),
        settings: resolveSettings(settings, env, ["connections", name], document),
        declared: { document, path: ["connections", name] },
      };
    },
  };
}

async function readText(cwd: string, path: string): Promise<string> {
  const file = shown(cwd, path);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await readFile(path));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") {
      throw usageError(
        `There is no ${file}.`,
        'Run "weir init" to write one, name another with --file, or give --source and --destination.',
        "config.file_missing",
      );
    }
    if (code === "ERR_ENCODING_INVALID_ENCODED_DATA") {
      throw usageError(`${file} is not UTF-8 text.`, "Save it as UTF-8.", "config.encoding_invalid");
    }
    throw usageError(
      `${file} cannot be read: ${(error as Error).message}`,
      "Check its permissions.",
      "config.file_unreadable",
    );
  }
}

/** Variables of the file `.env` beside the project file; the environment's own win over them. */
export async function readEnvironment({ io }: CommandContext, folder: string): Promise<Environment> {
  return { ...(await readEnvFile(folder)), ...definedIn(io.env) };
}

async function readEnvFile(folder: string): Promise<Environment> {
  try {
    return parseEnv(await readFile(join(folder, ".env"), "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw usageError(
      `${join(folder, ".env")} cannot be read: ${(error as Error).message}`,
      "Check its permissions.",
      "config.file_unreadable",
    );
  }
}

function definedIn(env: Environment): Environment {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined));
}

function shown(cwd: string, path: string): string {
  const short = relative(cwd, path);
  return short.startsWith("..") || isAbsolute(short) ? path : short || basename(path);
}

function refuse(document: YamlDocument, findings: readonly Finding[], others: readonly Problem[] = []): void {
  const problems = [...findings.map((finding) => document.problem(finding)), ...others];
  const [first, ...rest] = problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
  if (first !== undefined) throw new ProjectError([first, ...rest]);
}

function endpointsOf(kind: Kind, declared: DeclaredProject, document: YamlDocument): readonly Endpoint[] {
  const section = `${kind}s` as const;
  return Object.entries(declared[section] ?? {}).map(([name, entry]) => ({
    kind,
    name,
    connector: entry.connector ?? name,
    ...runsOf(entry),
    config: entry.config ?? {},
    declared: { document, path: [section, name] },
  }));
}

function unknownEndpoints(declared: DeclaredProject): readonly Finding[] {
  return Object.entries(declared.connections ?? {}).flatMap(([name, connection]) =>
    (["source", "destination"] as const).flatMap((kind): readonly Finding[] => {
      const known = Object.keys(declared[`${kind}s`] ?? {});
      const wanted = connection[kind];
      if (known.includes(wanted)) return [];
      return [
        {
          path: ["connections", name, kind],
          at: "value",
          code: `config.${kind}_unknown`,
          message: `The connection ${name} uses the ${kind} "${wanted}", which is not declared.`,
          next: suggestion(wanted, known, `${kind}s`),
        },
      ];
    }),
  );
}

/** Names become file names, and some file systems take `Shop` and `shop` for one. */
function foldedNames(declared: DeclaredProject): readonly Finding[] {
  const seen = new Map<string, string>();
  return Object.keys(declared.connections ?? {}).flatMap((name): readonly Finding[] => {
    const earlier = seen.get(name.toLowerCase());
    seen.set(name.toLowerCase(), name);
    if (earlier === undefined) return [];
    return [
      {
        path: ["connections", name],
        at: "key",
        code: "config.names_collide",
        message: `The connections ${earlier} and ${name} differ in capitals only.`,
        next: "Give one of them another name.",
      },
    ];
  });
}

function named(endpoints: readonly Endpoint[], name: string): Endpoint {
  const found = endpoints.find((endpoint) => endpoint.name === name);
  if (found === undefined) throw new TypeError(`no endpoint ${name}`);
  return found;
}

function resolveSettings(
  settings: DeclaredConnection,
  env: Environment,
  path: readonly string[],
  document: YamlDocument,
): DeclaredConnection {
  // In a namespace's format the engine puts the stream's own namespace later.
  const later = { ...env, SOURCE_NAMESPACE: "${SOURCE_NAMESPACE}" };
  const { value, findings } = resolveReferences(settings as unknown as JsonObject, later, path);
  refuse(document, findings);
  return value as unknown as DeclaredConnection;
}
