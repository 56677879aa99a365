import type { Readable, Writable } from "node:stream";
import * as clack from "@clack/prompts";
import type { ConnectorRow } from "@weir/connectors";
import { connectors } from "@weir/connectors";
import type { SyncMode } from "@weir/engine";
import { ConfigError, parseConfig } from "@weir/kit";
import type { JsonObject, JsonValue } from "@weir/protocol";
import { streamKey, WeirError } from "@weir/protocol";
import type { CommandContext } from "../../command.ts";
import { fromText, mapTexts } from "../../project/config-walk.ts";
import type { Kind } from "../../project/endpoint.ts";
import type { Setting } from "../../project/settings.ts";
import { settingsOf } from "../../project/settings.ts";
import type { Choose, Completed } from "./complete.ts";
import { candidates, complete } from "./complete.ts";
import type { Draft, DraftEndpoint } from "./draft.ts";

/** Asks for everything a first project file needs. Fails with `engine.cancelled` when the person leaves. */
export async function askForDraft(context: CommandContext, path: string): Promise<Completed> {
  const ask = new Questions(context);
  const source = await ask.endpoint("source");
  const destination = await ask.endpoint("destination");
  const mode = await ask.choice("How should the streams be moved?", [
    {
      value: "",
      label: "The best way each stream allows",
      hint: "incremental where cursor and key are known",
    },
    { value: "full_refresh_overwrite", label: "All rows every time, replacing the last copy" },
    { value: "full_refresh_append", label: "All rows every time, added to earlier copies" },
    { value: "incremental_append_deduped", label: "New rows, one row kept for each key" },
    { value: "incremental_append", label: "New rows, every version kept" },
  ]);
  const other = source.name === destination.name ? `${destination.name}-copy` : destination.name;
  const connection = await ask.text({
    name: "Name of the connection",
    fallback: `${source.name}-to-${other}`,
    pattern: /^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/,
  });
  const draft: Draft = {
    connection,
    source,
    destination: { ...destination, name: other },
    streams: "all",
    mode: mode === "" ? undefined : (mode as SyncMode),
  };
  return complete(context, draft, path, chooser(context));
}

const ALL_ROWS = "every row";
const SEVERAL = "several fields";

/** Asks for the cursor or key of one stream after the other. */
export function chooser(context: CommandContext): Choose {
  const ask = new Questions(context);
  return async (stream, lacking) => {
    const fields = candidates(stream, lacking).map(({ name, kind }) => ({
      value: `field ${name}`,
      label: name,
      hint: kind.replaceAll("_", " "),
    }));
    const key = streamKey(stream);
    const question =
      lacking === "cursor"
        ? `Which field of ${key} grows with every change?`
        : `Which field of ${key} is different in every row?`;
    const others = [
      ...(lacking === "primaryKey" ? [{ value: SEVERAL, label: "Several together" }] : []),
      { value: ALL_ROWS, label: "None: read all its rows every time" },
    ];
    const answer = await ask.choice(question, [...fields, ...others]);
    if (answer === ALL_ROWS) return { mode: "full_refresh_overwrite" };
    const chosen = answer === SEVERAL ? await ask.several(`Which fields of ${key}?`, fields) : [answer];
    const names = chosen.map((value) => value.slice("field ".length));
    return lacking === "cursor" ? { cursor: names[0] ?? "" } : { primaryKey: names };
  };
}

/** What a connector's schema says of one setting, the others left out. A reference is judged when it has a value. */
function wrongIn(schema: JsonObject, name: string, text: string): string | undefined {
  if (text.includes("${")) return undefined;
  try {
    parseConfig(schema, mapTexts(schema, { [name]: text }, fromText), "");
    return undefined;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const problem = error.problems.find(({ path, missing }) => path.startsWith(name) && missing !== true);
    return problem === undefined ? undefined : `It ${problem.text}.`;
  }
}

class Questions {
  readonly #terminal: { readonly input: Readable; readonly output: Writable };
  readonly #signal: AbortSignal;

  constructor({ io }: CommandContext) {
    this.#terminal = { input: io.stdin, output: io.stdout };
    this.#signal = io.signal;
  }

  async endpoint(kind: Kind): Promise<DraftEndpoint> {
    const rows = connectors.filter((row) => row.kind === kind);
    const question = kind === "source" ? "Where does the data come from?" : "Where does it go?";
    const id = await this.choice(
      question,
      rows.map((row) => ({ value: row.id, label: row.title, hint: row.id })),
    );
    const row = rows.find((each) => each.id === id) as ConnectorRow;
    const schema = (await row.load()).spec.connectionSpecification;
    const config = await this.#settings(schema);
    return { kind, name: row.folder, connector: id, config, schema };
  }

  /** What must be given, then, when wanted, what may be. Objects inside are left to the file. */
  async #settings(schema: JsonObject): Promise<JsonObject> {
    const settings = settingsOf(schema).filter(
      ({ name, type }) => !name.includes(".") && !type.includes("object"),
    );
    // A password may be optional in the schema, yet hardly anyone has none.
    const first = settings.filter(({ required, secret }) => required || secret);
    const rest = settings.filter((setting) => !first.includes(setting));
    const answers: Record<string, JsonValue> = {};
    for (const setting of first) await this.#setting(setting, schema, answers);
    if (
      rest.length > 0 &&
      (await this.#confirm(`Change other settings (${rest.map(({ name }) => name).join(", ")})?`))
    ) {
      for (const setting of rest) await this.#setting(setting, schema, answers);
    }
    return mapTexts(schema, answers, (each) =>
      each.text.includes("${") ? each.text : fromText(each),
    ) as JsonObject;
  }

  async #setting(setting: Setting, schema: JsonObject, answers: Record<string, JsonValue>): Promise<void> {
    const { name, title, about, secret, required, fallback, examples } = setting;
    const question =
      title === "" ? about || name : `${title}${about === "" || about === title ? "" : ` (${about})`}`;
    const answer = secret
      ? await this.#done(clack.password({ message: question, ...this.#terminal, signal: this.#signal }))
      : await this.text({
          name: question,
          fallback: fallback ?? "",
          required,
          example: examples[0],
          wrong: (text) => wrongIn(schema, name, text),
        });
    if (answer !== undefined && answer !== "" && answer !== fallback) answers[name] = answer;
  }

  async text(question: {
    readonly name: string;
    readonly fallback?: string;
    readonly required?: boolean;
    readonly example?: string | undefined;
    readonly pattern?: RegExp;
    /** What is wrong with an answer. */
    readonly wrong?: (text: string) => string | undefined;
  }): Promise<string> {
    const { name, fallback = "", required = false, example, pattern, wrong } = question;
    const answer = await this.#done(
      clack.text({
        message: name,
        ...(fallback === "" ? {} : { initialValue: fallback }),
        ...(example === undefined ? {} : { placeholder: example }),
        validate: (value = "") => {
          if (required && value === "") return "This must be given.";
          const told = value === "" ? undefined : wrong?.(value);
          if (told !== undefined) return told;
          return pattern !== undefined && !pattern.test(value)
            ? "Letters, digits, -, _ and . only."
            : undefined;
        },
        ...this.#terminal,
        signal: this.#signal,
      }),
    );
    return answer ?? "";
  }

  choice(
    message: string,
    options: readonly { readonly value: string; readonly label: string; readonly hint?: string }[],
  ): Promise<string> {
    return this.#done(
      clack.select({ message, options: [...options], ...this.#terminal, signal: this.#signal }),
    );
  }

  several(
    message: string,
    options: readonly { readonly value: string; readonly label: string; readonly hint?: string }[],
  ): Promise<readonly string[]> {
    return this.#done(
      clack.multiselect({ message, options: [...options], ...this.#terminal, signal: this.#signal }),
    );
  }

  #confirm(message: string): Promise<boolean> {
    return this.#done(
      clack.confirm({ message, initialValue: false, ...this.#terminal, signal: this.#signal }),
    );
  }

  async #done<Answer>(prompt: Promise<Answer | typeof clack.CANCEL_SYMBOL>): Promise<Answer> {
    const answer = await prompt;
    if (!clack.isCancel(answer)) return answer;
    throw new WeirError({
      code: "engine.cancelled",
      message: "Nothing was written.",
      next: 'Run "weir init" again.',
      recovery: "ask",
      origin: "engine",
    });
  }
}
