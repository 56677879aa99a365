import { createHmac, randomBytes } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { JsonObject, JsonValue } from "@weir/protocol";
import { isObject, parseJson, stringifyJson, WeirError } from "@weir/protocol";
import type { Endpoint } from "../project/endpoint.ts";
import { writeAtomic } from "./atomic.ts";
import { withLock } from "./lock.ts";

/** A value a connector put in the place of one it was given. */
interface KeptValue {
  readonly path: readonly string[];
  readonly value: JsonValue;
  /** Keyed digest of what the project's configuration gives at the path; of all of it where it gives nothing there. */
  readonly instead: string;
}

interface KeptFile {
  /** Key of the digests: those of short secrets could be guessed without. */
  readonly key: string;
  readonly values: readonly KeptValue[];
}

export interface LatestConfig {
  readonly config: JsonObject;
  /** Dotted names of settings whose kept value is passed over, because what it replaced has changed. */
  readonly dropped: readonly string[];
}

export interface KeptConfig {
  /** The project's configuration with the kept values in it, as long as what they replaced is unchanged there. */
  latest(declared: JsonObject): Promise<LatestConfig>;
  /** Keeps what `next` has otherwise than the project's configuration; returns once it is durable. */
  keep(declared: JsonObject, next: JsonObject): Promise<void>;
}

/** Replaced credentials of one source or destination: `.weir/secrets/<kind>-<name>.json`, mode 0600. */
export function keptConfig({ kind, name, declared, config }: Endpoint, folder: string): KeptConfig {
  // What options spell has no name of its own: other options are another endpoint.
  const suffix = declared === undefined ? `-${digestOf("", config).slice(0, 12)}` : "";
  const path = join(folder, ".weir", "secrets", `${kind}-${name}${suffix}.json`);
  return {
    latest: async (given) => {
      const file = await read(path);
      const dropped = file?.values.filter((each) => !isValid(file, given, each)) ?? [];
      return { config: merged(given, file), dropped: dropped.map((each) => each.path.join(".")) };
    },
    keep: (given, next) => keep(path, given, next),
  };
}

async function keep(path: string, declared: JsonObject, next: JsonObject): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await withLock(`${path}.lock`, async () => {
      const before = (await read(path)) ?? { key: randomBytes(16).toString("hex"), values: [] };
      const changed = differences(merged(declared, before), next, []);
      const paths = new Set(changed.map((each) => nameOf(each.path)));
      const values = [
        ...before.values.filter((each) => !paths.has(nameOf(each.path))),
        ...changed.map((each) => ({ ...each, instead: insteadOf(before.key, declared, each.path) })),
      ];
      await writeAtomic(path, stringifyJson({ ...before, values } as unknown as JsonObject));
    });
  } catch (error) {
    if (error instanceof WeirError) throw error;
    throw new WeirError(
      {
        code: "config.secrets_unwritable",
        message: `A replaced credential could not be kept in ${path}: ${(error as Error).message}.`,
        next: "Make the folder writable. If the old credential was good for one use only, it must be issued anew.",
        recovery: "ask",
        origin: "config",
      },
      { cause: error },
    );
  }
}

async function read(path: string): Promise<KeptFile | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw unreadable(path, (error as Error).message);
  }
  try {
    const file = parseJson(text) as unknown as KeptFile;
    if (typeof file.key === "string" && Array.isArray(file.values)) return file;
  } catch {
    // Said below: the parser's message would quote the text.
  }
  throw unreadable(path, "it is not as Weir wrote it");
}

function unreadable(path: string, why: string): WeirError {
  return new WeirError({
    code: "config.secrets_unreadable",
    message: `The credentials that were replaced are kept in ${path}, which cannot be read: ${why}.`,
    next: "Mend it, or remove the file and set the credentials in the environment anew.",
    recovery: "ask",
    origin: "config",
  });
}

function merged(declared: JsonObject, file: KeptFile | undefined): JsonObject {
  if (file === undefined) return declared;
  return file.values
    .filter((each) => isValid(file, declared, each))
    .reduce((config, { path, value }) => withValue(config, path, value), declared);
}

function isValid({ key }: KeptFile, declared: JsonObject, { path, instead }: KeptValue): boolean {
  return instead === insteadOf(key, declared, path);
}

function withValue(
  config: JsonObject,
  [name = "", ...rest]: readonly string[],
  value: JsonValue,
): JsonObject {
  const inner = config[name];
  return {
    ...config,
    [name]: rest.length === 0 ? value : withValue(isObject(inner) ? inner : {}, rest, value),
  };
}

/** Members of objects one by one, everything else as a whole. What `next` leaves out stays as it is. */
function differences(
  now: JsonObject,
  next: JsonObject,
  path: readonly string[],
): readonly Omit<KeptValue, "instead">[] {
  return Object.entries(next).flatMap(([name, value]) => {
    const old = Object.hasOwn(now, name) ? now[name] : undefined;
    const here = [...path, name];
    if (value === undefined) return [];
    if (isObject(value) && isObject(old)) return differences(old, value, here);
    return old !== undefined && textOf(old) === textOf(value) ? [] : [{ path: here, value }];
  });
}

function insteadOf(key: string, declared: JsonObject, path: readonly string[]): string {
  const given = path.reduce<JsonValue | undefined>(
    (value, name) => (isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined),
    declared,
  );
  return given === undefined ? `nothing of ${digestOf(key, declared)}` : digestOf(key, given);
}

function digestOf(key: string, value: JsonValue): string {
  return createHmac("sha256", key).update(textOf(value)).digest("hex");
}

/** The order of members tells nothing. */
function textOf(value: JsonValue): string {
  if (Array.isArray(value)) return `[${(value as readonly JsonValue[]).map(textOf).join(",")}]`;
  if (!isObject(value)) return stringifyJson(value);
  const members = Object.entries(value).flatMap(([name, member]) =>
    member === undefined ? [] : [`${JSON.stringify(name)}:${textOf(member)}`],
  );
  return `{${members.toSorted().join(",")}}`;
}

function nameOf(path: readonly string[]): string {
  return JSON.stringify(path);
}
