import { setTimeout as sleep } from "node:timers/promises";
import { readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import type { Context, JsonObject, Message, Runner } from "@weir/protocol";
import { systemClock } from "@weir/protocol";
import { rowsOf } from "@weir/kit/testing";
import type { RunnerLimits } from "../../src/runners/index.ts";
import { childProcess, environmentFor } from "../../src/runners/index.ts";

function fixture(name: string): string {
  return new URL(`fixtures/${name}`, import.meta.url).pathname;
}

export interface HostileOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly limits?: Partial<RunnerLimits>;
  readonly secrets?: readonly string[];
}

/** A script of `fixtures` as an executable. */
export function hostile(script: string, { env = {}, limits, secrets }: HostileOptions = {}): Runner {
  return childProcess({
    id: `hostile ${script}`,
    argv: [process.execPath, fixture(script)],
    env: { ...environmentFor([], process.env), ...env },
    folder: import.meta.dirname,
    rowsOf,
    ...(limits === undefined ? {} : { limits }),
    secrets,
  });
}

export interface Overheard {
  readonly context: Context;
  readonly logged: string[];
  readonly rotated: JsonObject[];
}

export function overhear(signal: AbortSignal = new AbortController().signal): Overheard {
  const logged: string[] = [];
  const rotated: JsonObject[] = [];
  return {
    logged,
    rotated,
    context: {
      clock: systemClock,
      signal,
      log: (_level, message) => void logged.push(message),
      rotate: async (config) => void rotated.push(config),
    },
  };
}

export const CATALOG = {
  streams: [
    {
      stream: {
        name: "users",
        json_schema: { type: "object", properties: { id: { type: "integer" } } },
        supported_sync_modes: ["full_refresh", "incremental"],
      },
      sync_mode: "incremental",
      destination_sync_mode: "append",
    },
  ],
} as const;

export async function readAll(runner: Runner, config: JsonObject, context: Context): Promise<Message[]> {
  const messages: Message[] = [];
  for await (const message of runner.run({ name: "read", config, catalog: CATALOG, state: [] }, context))
    messages.push(message);
  return messages;
}

export function idsOf(messages: readonly Message[]): readonly unknown[] {
  return messages.flatMap((message) => (message.type === "RECORD" ? [message.record.data["id"]] : []));
}

/** Processes whose command line holds all marks. Tests that run beside this one share its process id. */
export function processesWith(...marks: readonly string[]): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const commandLine = readFileSync(`/proc/${pid}/cmdline`, "utf8");
        return marks.every((mark) => commandLine.includes(mark));
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** Folders of commands that stay; tests that run beside this one have theirs, and those go. */
export async function foldersLeft(): Promise<readonly string[]> {
  const made = (): string[] =>
    readdirSync(tmpdir()).filter((name) => name.startsWith(`weir-command-${process.pid}-`));
  let left = made();
  for (let tries = 0; left.length > 0 && tries < 200; tries += 1) {
    await sleep(50);
    const now = new Set(made());
    left = left.filter((name) => now.has(name));
  }
  return left;
}
