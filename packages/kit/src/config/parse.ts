import { createRequire } from "node:module";
import { type Failure, type JsonObject, type JsonValue, WeirError } from "@weir/protocol";
import type * as AjvModule from "ajv";
import type * as FormatsModule from "ajv-formats";
import type { Static } from "typebox";
import { closest } from "./closest.ts";
import { type Problem, problemsOf } from "./problems.ts";
import type { TObject } from "./type.ts";
import { type UnknownKey, unknownKeys, withDefaults } from "./walk.ts";

/** A typebox schema gives its own type; any other JSON schema (a foreign connector's) a JSON object. */
export type ConfigOf<S> = S extends TObject ? Static<S> : JsonObject;

export interface ParsedConfig<Config> {
  readonly config: Config;
  /** One sentence for each key that no schema names; such keys are kept. */
  readonly warnings: readonly string[];
}

/** What `parseConfig` fails with; its failure names every problem, `problems` has them one by one. */
export class ConfigError extends WeirError {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[], failure: Failure) {
    super(failure);
    this.problems = problems;
  }
}

/**
 * A connector's configuration with defaults filled in. `path` is where it stands, for messages: `sources.shop.config`.
 * Fails with `config.invalid`, which names every problem and its path and repeats no value.
 */
export function parseConfig<S extends TObject | JsonObject>(
  schema: S,
  value: unknown,
  path: string,
): ParsedConfig<ConfigOf<S>> {
  const json = JSON.parse(JSON.stringify(schema)) as JsonObject;
  const filled = withDefaults(json, (value ?? {}) as JsonValue) ?? {};
  const unknown = unknownKeys(json, filled, (value ?? {}) as JsonValue, path);
  const problems = validate(json, filled, path).map((problem) => withMisspelling(problem, unknown));
  if (problems.length > 0) throw invalid(problems, path);
  const warnings = unknown.map((key) => {
    const meant = closest(key.name, key.possible);
    const hint = meant === undefined ? "" : ` Did you mean "${meant}"?`;
    return `${key.path} is not a known key and has no effect.${hint}`;
  });
  return { config: filled as ConfigOf<S>, warnings };
}

/** What is missing may stand there under a name with a mistake in it. */
function withMisspelling(problem: Problem, unknown: readonly UnknownKey[]): Problem {
  const given = problem.missing ? unknown.find((key) => meantBy(key) === problem.path) : undefined;
  return given === undefined
    ? problem
    : { ...problem, text: `${problem.text}; "${given.name}" is not a known key` };
}

/** The path of the known key that is closest to an unknown one. */
function meantBy({ path, name, possible }: UnknownKey): string | undefined {
  const meant = closest(name, possible);
  return meant === undefined ? undefined : path.slice(0, path.length - name.length) + meant;
}

const load = createRequire(import.meta.url);

/** ajv is loaded at the first use, which listing connectors need not pay for. */
function validate(schema: JsonObject, value: JsonValue, path: string): readonly Problem[] {
  const { Ajv } = load("ajv") as typeof AjvModule;
  // Checking the schema itself against its metaschema would take half of the time.
  const quick = { validateSchema: false, meta: false } as const;
  const ajv = new Ajv({ ...quick, allErrors: true, strict: false, validateFormats: usesFormats(schema) });
  if (usesFormats(schema)) {
    const { default: addFormats } = load("ajv-formats") as typeof FormatsModule;
    addFormats.default(ajv);
  }
  const check = ajv.compile(schema);
  return check(value) ? [] : problemsOf(check.errors ?? [], schema, value, path);
}

function usesFormats(schema: JsonObject): boolean {
  return JSON.stringify(schema).includes('"format":"');
}

function invalid(problems: readonly Problem[], path: string): ConfigError {
  const lines = problems.map((problem) =>
    problem.path === "" ? problem.text : `${problem.path} ${problem.text}`,
  );
  const [first] = problems;
  return new ConfigError(problems, {
    code: "config.invalid",
    message:
      problems.length === 1 ? `${lines.join("")}.` : `${problems.length} problems: ${lines.join("; ")}.`,
    next: "Correct the configuration and run again.",
    recovery: "ask",
    origin: "config",
    path: first === undefined || first.path === "" ? path : first.path,
  });
}
