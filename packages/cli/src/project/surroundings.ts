import type { Context } from "@weir/protocol";
import type { CommandContext } from "../command.ts";
import type { Secrets } from "../output/secrets.ts";
import type { Environment } from "./references.ts";

/** What configuring an endpoint needs beside the endpoint. */
export interface Surroundings {
  readonly env: Environment;
  readonly secrets: Secrets;
  /** Where relative paths in settings begin, and where the folder `.weir` is. */
  readonly folder: string;
  /** An executable is asked what settings it has. */
  readonly context: Context;
}

export function surroundingsOf(
  { io, log, secrets }: CommandContext,
  { env, folder }: Pick<Surroundings, "env" | "folder">,
): Surroundings {
  return { env, secrets, folder, context: { clock: io.clock, log, signal: io.signal } };
}
