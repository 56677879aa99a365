import { readCassette, readManifest } from "./cassette.ts";
import { runConnector } from "./connector.ts";

export interface Job {
  readonly folder: string;
  readonly file: string;
}

/** Runs connectors one after the other as the parent names them; a parent that is gone ends it. */
process.on("message", (message) => {
  void answer(message as Job);
});

async function answer({ folder, file }: Job): Promise<void> {
  const cassette = readCassette(file);
  const verdicts = await runConnector(cassette, readManifest(folder, cassette.connector));
  process.send?.(verdicts);
}
