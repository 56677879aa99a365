import { mkdtempSync, rmSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { PassThrough, Writable } from "node:stream";
import { main } from "@weir/cli";
import type { Clock, JsonObject } from "@weir/protocol";
import { isObject, parseJson, systemClock } from "@weir/protocol";
import { onTestFinished } from "vitest";

/** A stream that keeps what is written to it, and may look like a terminal. */
class Screen extends Writable {
  readonly isTTY: boolean;
  readonly columns: number;
  text = "";
  onText: () => void = () => undefined;

  constructor(isTTY: boolean, columns: number) {
    super();
    this.columns = columns;
    this.isTTY = isTTY;
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    this.onText();
    done();
  }
}

export interface RunOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly tty?: boolean;
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
  /** Of the terminal; 120 by default. */
  readonly columns?: number;
  /** Answers to questions: each is typed when its words have appeared on stdout. */
  readonly answers?: readonly (readonly [words: string, keys: string])[];
}

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** One command line through the front door. */
export async function weir(argv: readonly string[], options: RunOptions): Promise<Ran> {
  const { tty = false, columns = 120 } = options;
  const stdout = new Screen(tty, columns);
  const stderr = new Screen(tty, columns);
  const stdin = Object.assign(new PassThrough(), { isTTY: tty, setRawMode: () => stdin });
  typeAnswers(stdin, stdout, options.answers ?? []);
  const code = await main(argv, {
    clock: options.clock ?? systemClock,
    env: options.env ?? {},
    stdin,
    stdout,
    stderr,
    signal: options.signal ?? new AbortController().signal,
    cwd: options.cwd,
  });
  return { code, stdout: stdout.text, stderr: stderr.text };
}

function typeAnswers(stdin: PassThrough, stdout: Screen, answers: NonNullable<RunOptions["answers"]>): void {
  const left = [...answers];
  let seen = 0;
  stdout.onText = () => {
    const [words, keys] = left[0] ?? [];
    const at = words === undefined ? -1 : stdout.text.indexOf(words, seen);
    if (at < 0 || keys === undefined) return;
    left.shift();
    seen = at + 1;
    // The question is drawn before it listens.
    setTimeout(() => stdin.write(keys), 20);
  };
}

export interface Envelope {
  readonly code: number;
  readonly ok: boolean;
  readonly command: string;
  readonly result: JsonObject;
  readonly error: JsonObject;
}

/** The same with `--json`; fails unless stdout is one line with an envelope. */
export async function weirJson(argv: readonly string[], options: RunOptions): Promise<Envelope> {
  const { code, stdout } = await weir([...argv, "--json"], options);
  const envelope = parseJson(stdout);
  if (!isObject(envelope) || !stdout.endsWith("\n") || stdout.trimEnd().includes("\n")) {
    throw new Error(`not one line with an envelope: ${stdout}`);
  }
  return { code, ...envelope } as unknown as Envelope;
}

/** A folder of the test's own with these files in it. */
export async function folderWith(files: Readonly<Record<string, string>> = {}): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "weir-cli-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return folder;
}

export function readText(folder: string, name: string): Promise<string> {
  return readFile(join(folder, name), "utf8");
}
