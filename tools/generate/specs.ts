import { inProcess } from "@weir/kit/executable";
import { stringifyJson, systemClock } from "@weir/protocol";
import type { FoundConnector } from "./connectors.ts";
import { formatted } from "./format.ts";

/** What each connector's `spec` says, beside its code: a change of it is seen in review, and the acceptance suite asks. */
export async function renderSpecs(
  connectors: readonly FoundConnector[],
): Promise<readonly { readonly path: string; readonly text: string }[]> {
  return Promise.all(
    connectors.map(async ({ folder, kind, connector }) => {
      const path = `packages/connectors/src/${folder}/${kind}.spec.json`;
      return { path, text: await formatted(path, await specText(connector)) };
    }),
  );
}

async function specText(connector: FoundConnector["connector"]): Promise<string> {
  const { signal } = new AbortController();
  const context = { clock: systemClock, log: () => undefined, signal };
  for await (const message of inProcess(connector).run({ name: "spec" }, context))
    if (message.type === "SPEC") return stringifyJson(message.spec as Parameters<typeof stringifyJson>[0]);
  throw new Error(`${connector.id} gives no SPEC.`);
}
