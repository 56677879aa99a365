import { defineSource } from "@weir/kit";
import type { Catalog, ConfiguredStream } from "@weir/protocol";
import { streamKey, WeirError } from "@weir/protocol";
import { HeldFiles } from "./source/as-it-is/held.ts";
import { type FileSourceConfig, type FileStream, sourceConfig } from "./source/config.ts";
import { checkConfig } from "./source/check.ts";
import { streamOf } from "./source/discover.ts";
import { readerOf } from "./source/reader.ts";
import { sceneOf } from "./source/scene.ts";

export const source = defineSource({
  id: "source-file",
  title: "Files",
  config: sourceConfig,
  check: async (config, { signal }) => {
    const catalog = await discover(config, signal);
    return {
      status: "SUCCEEDED",
      message: catalog.streams.map(({ name }) => name).join(", "),
      failures: [],
    };
  },
  discover: (config, { signal }) => discover(config, signal),
  open: async ({ config, context }) => {
    checkConfig(config);
    const held = new HeldFiles();
    return {
      kind: "parts",
      reader: async (configured, state) => {
        const scene = await sceneOf(config, streamNamed(config, configured), context.signal);
        return readerOf(scene, configured, state, { held, signal: context.signal });
      },
      close: async () => held.close(),
    };
  },
});

async function discover(config: FileSourceConfig, signal: AbortSignal): Promise<Catalog> {
  checkConfig(config);
  const streams = [];
  for (const stream of config.streams) {
    streams.push(await streamOf(await sceneOf(config, stream, signal), signal));
  }
  return { streams };
}

function streamNamed({ streams }: FileSourceConfig, { stream }: ConfiguredStream): FileStream {
  const found = streams.find(({ name }) => name === stream.name && !stream.namespace);
  if (found !== undefined) return found;
  throw new WeirError({
    code: "source.stream_missing",
    message: `There is no stream "${streamKey(stream)}" in the configuration.`,
    next: `Choose from ${streams.map(({ name }) => name).join(", ")}, or add it to \`streams\` of the source.`,
    recovery: "ask",
    origin: "source",
    stream: streamKey(stream),
  });
}
